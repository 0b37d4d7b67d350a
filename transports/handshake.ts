/** What both doors do with the messages of the handshake revisions, once it is known whose they are. */
import { type ClientFacts, UNKNOWN_CLIENT } from '../protocol/call.js';
import { has } from '../protocol/features.js';
import { isObject, type Notification, type Request, type Response } from '../protocol/json-rpc.js';
import type { Opening } from '../protocol/lifecycle.js';
import { metaOf } from '../protocol/modern.js';
import type { HandshakeRevision } from '../protocol/versions.js';
import { NO_ASKER, SessionAsker } from './asker.js';
import { Exchange } from './exchange.js';
import type { Host } from './host.js';
import { sessionNotFound, unavailable } from './http.js';
import type { Reply } from './reply.js';
import type { Session } from './session.js';
import type { Visit } from './visit.js';

export interface HandshakeCall {
  readonly session: Session | undefined;
  readonly revision: HandshakeRevision;
  readonly reply: Reply;
}

/** Makes the exchange of one request. */
export function createExchange(request: Request, visit: Visit, host: Host, call: HandshakeCall): Exchange {
  const { session, revision, reply } = call;
  const client: ClientFacts = session?.client ?? UNKNOWN_CLIENT;
  const asker =
    session === undefined
      ? NO_ASKER
      : new SessionAsker(session, {
          timeoutMs: host.settings.askTimeoutMs,
          maxQuestions: host.settings.maxCallsPerSession,
        });
  return new Exchange(
    request,
    {
      revision,
      principal: visit.principal,
      client,
      session,
      exchangeId: visit.exchangeId,
      notes: visit.notes,
      meta: metaOf(request.params),
      logLevel: undefined,
    },
    { reply, asker, host, tasks: wantsTask(request, call) ? host.tasks : undefined },
  );
}

// A task is its session's, so without one there is nobody to come back for it.
function wantsTask({ method, params }: Request, { session, revision }: HandshakeCall): boolean {
  return method === 'tools/call' && session !== undefined && has(revision, 'toolExecution') && isObject(params?.task);
}

/** Begins a session that was there before its `initialize`. @throws HttpError 503 when the store is away */
export async function begin(session: Session, opening: Opening): Promise<void> {
  session.begin(opening);
  const saved = session.save();
  if (saved !== undefined) await saved;
}

/**
 * To be asked when everything else was, right before the calls begin.
 * @throws HttpError 404 when the session has ended meanwhile, 503 when it has as many calls in flight as it may, or the
 *   server is going away
 */
export function checkRoom(host: Host, session: Session | undefined, requests: readonly Request[]): void {
  const [first] = requests;
  if (first === undefined) return;
  if (session?.isClosed === true) throw sessionNotFound(first.id);
  if (host.isDraining()) throw unavailable('draining', 'The server is shutting down', { id: first.id });
  if (host.calls.size + requests.length > host.settings.maxCalls) {
    throw unavailable('limit', 'Too many calls in flight', { id: first.id, retrySeconds: 1 });
  }
  if (session !== undefined && session.calls.size + requests.length > host.settings.maxCallsPerSession) {
    throw unavailable('limit', 'Too many calls in flight in this session', { id: first.id, retrySeconds: 1 });
  }
}

/** Takes what needs no response. Rejects with a 503 when another instance needs it and the store is away. */
export function take(message: Notification | Response, session: Session | undefined, host: Host): void | Promise<void> {
  if (!('method' in message)) return session?.takeAnswer(message);
  host.onNotification(message, session);
  if (message.method !== 'notifications/cancelled' || !isObject(message.params)) return undefined;
  const { requestId } = message.params;
  return typeof requestId === 'string' || typeof requestId === 'number' ? session?.cancel(requestId) : undefined;
}

/** 2026-07-28 on /mcp: no session, no handshake; every request stands alone. */
import { ErrorCode, RpcError } from '../protocol/errors.js';
import { isRequest, type Message, type Request } from '../protocol/json-rpc.js';
import { TASKS_EXTENSION } from '../protocol/mcp.js';
import { type Envelope, parseEnvelope } from '../protocol/modern.js';
import { MODERN_REVISION } from '../protocol/versions.js';
import type { Accepts } from './accept.js';
import { Exchange } from './exchange.js';
import { checkRoom } from './handshake.js';
import { passGate } from './gate.js';
import type { Host } from './host.js';
import { badRequest, HttpError, sendAccepted } from './http.js';
import { type PostMode, PostReply } from './post-reply.js';
import { postMode } from './post-mode.js';
import { RoundTripAsker } from './round-trip.js';
import { header, type Visit } from './visit.js';

/** Answers one message that claims this revision. @throws HttpError for what is wrong with its envelope */
export async function serveStateless(message: Message, visit: Visit, accepts: Accepts, host: Host): Promise<void> {
  // This revision has no notifications or responses from clients over HTTP; what comes is taken and ignored.
  if (!isRequest(message)) return sendAccepted(visit.res);
  visit.notes.revision = MODERN_REVISION;
  const envelope = checkEnvelope(message, visit, host);
  const passing = passGate(host.gate, visit, [message]);
  if (passing !== undefined) await passing;
  checkRoom(host, undefined, [message]);
  const reply = new PostReply(visit, host, {
    mode: modeOf(message, accepts, host),
    revision: MODERN_REVISION,
    session: undefined,
    ids: [message.id],
  });
  const exchange = createExchange(message, visit, envelope, reply, host);
  const running = exchange.run();
  if (running === undefined) return;
  visit.res.once('close', () => {
    if (!exchange.isTask) exchange.abort('disconnected');
  });
  await running;
}

// A subscription is a stream, in whatever form the rest is answered.
function modeOf({ id, method }: Request, accepts: Accepts, { settings }: Host): PostMode {
  const mode = postMode(accepts, settings);
  if (method !== 'subscriptions/listen' || mode !== 'json') return mode;
  if (accepts.stream) return 'auto';
  throw new HttpError(406, ErrorCode.transport, 'Accept must allow text/event-stream', { id });
}

function checkEnvelope(request: Request, visit: Visit, host: Host): Envelope {
  try {
    return parseEnvelope(request, (name) => header(visit, name), host.mirrors);
  } catch (error) {
    if (error instanceof RpcError) throw badRequest(error, request.id);
    throw error;
  }
}

function createExchange(request: Request, visit: Visit, envelope: Envelope, reply: PostReply, host: Host): Exchange {
  const { client, logLevel, meta } = envelope;
  const { principal, exchangeId, notes } = visit;
  const asker = createAsker(request, visit, host, (result) => exchange.conclude(result));
  const exchange: Exchange = new Exchange(
    request,
    { revision: MODERN_REVISION, principal, client, session: undefined, exchangeId, notes, meta, logLevel },
    {
      reply,
      host,
      asker,
      tasks: client.capabilities.extensions?.[TASKS_EXTENSION] === undefined ? undefined : host.tasks,
    },
  );
  return exchange;
}

function createAsker(
  request: Request,
  { principal }: Visit,
  { seal, settings }: Host,
  conclude: (result: object) => Promise<void>,
): RoundTripAsker {
  try {
    return new RoundTripAsker(request, principal, { seal, ttlMs: settings.stateTtlMs, conclude });
  } catch (error) {
    if (error instanceof RpcError) throw badRequest(error, request.id);
    throw error;
  }
}

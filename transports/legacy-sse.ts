/** The legacy door: a stream that is opened with GET, and a second URL to post to (2024-11-05 "HTTP with SSE"). */
import { setTimeout as delay } from 'node:timers/promises';
import { ErrorCode, RpcError } from '../protocol/errors.js';
import { idOf, isRequest, type Message, parseMessage, type Request } from '../protocol/json-rpc.js';
import { parseOpening } from '../protocol/lifecycle.js';
import { formatEvent } from '../protocol/sse.js';
import { isHandshakeRevision } from '../protocol/versions.js';
import { parseBatch } from './batch.js';
import { readJson } from './body.js';
import { formatEventId, MAIN_STREAM, parseEventId } from './event-id.js';
import { START } from './event-log.js';
import { begin, checkRoom, createExchange, take } from './handshake.js';
import { passGate, passSessionGate } from './gate.js';
import type { Host } from './host.js';
import type { HttpError } from './http.js';
import { badRequest, sendAccepted, sessionNotFound } from './http.js';
import { publicBaseUrl } from './public-url.js';
import { pump } from './pump.js';
import type { Session } from './session.js';
import { parseSessionId } from './session-id.js';
import { SseWriter } from './sse-writer.js';
import { StreamReply } from './stream-reply.js';
import { header, type Visit } from './visit.js';

/** Under the prefix of the routes. */
export const MESSAGES_PATH = '/messages/';

// As the endpoint event says it, and so as nearly every client posts to it; anything else is taken apart.
const PLAIN_QUERY = /^[^?]*\?session_id=([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

/** How long a refusal waits for the store to forget what it had noted. */
const RELEASE_MS = 1000;

export class LegacySse {
  readonly #host: Host;

  constructor(host: Host) {
    this.#host = host;
  }

  /**
   * Opens a session and its stream, or gives a living session its stream back (`Last-Event-ID`).
   * @throws HttpError 503 when there are too many sessions, 400 when what was missed is no longer kept
   */
  async stream(visit: Visit): Promise<void> {
    const { settings, sessions, streams, observer, log } = this.#host;
    visit.notes.door = 'legacy';
    sessions.checkStay();
    const lastEventId = header(visit, 'last-event-id');
    const cut = await this.sessionOf(lastEventId, visit);
    const after = cut === undefined ? START : await this.#placeOf(lastEventId, cut);
    if (cut !== undefined) await sessions.carry(cut, { wantsCursor: false });
    if (cut === undefined) await passSessionGate(this.#host.gate, visit);
    const session = cut ?? (await sessions.open('legacy', visit.principal));
    const { res, exchangeId, notes } = visit;
    // It may have ended while the log was asked.
    if (session.isClosed) throw sessionNotFound();
    notes.session = session;
    const writer = new SseWriter(
      res,
      { kind: 'legacy', id: MAIN_STREAM, session, exchangeId, notes },
      { limits: settings, streams, observer, expiresAt: visit.principal.expiresAt },
    );
    session.attach(MAIN_STREAM, writer);
    session.hasMainStream = true;
    const id = formatEventId(session.id, MAIN_STREAM, after);
    writer.open(formatEvent(this.#endpoint(visit, session), id, 'endpoint'));
    if (session.isOvertaken) writer.end('taken over');
    const onSent = (cursor: string): void => void (session.mainCursor = cursor);
    pump(writer, { log, session: session.id, stream: MAIN_STREAM, after, onSent });
  }

  /** Takes a message; its answer comes on the stream. @throws HttpError 400, 404 or 503 */
  async message(visit: Visit): Promise<void> {
    const { notes } = visit;
    notes.door = 'legacy';
    const body = await readJson(visit.req, visit.res, this.#host.settings.maxBodyBytes);
    notes.body = body;
    const id = idOf(body);
    const sessionId = sessionIdOf(visit, id);
    const found = this.#host.sessions.find(sessionId, 'legacy', visit.principal);
    const session = found instanceof Promise ? await found : found;
    if (session === undefined) notes.lostSession = sessionId;
    if (session === undefined) throw sessionNotFound(id);
    notes.session = session;
    const messages = this.#parse(body, session, id);
    notes.read(messages);
    const requests = messages.filter(isRequest);
    const passing = passGate(this.#host.gate, visit, requests);
    if (passing !== undefined) await passing;
    checkRoom(this.#host, session, requests);
    checkIds(requests, session);
    await this.#prepare(requests, session);
    // What only another instance can use is handed over before the client hears that it was heard.
    if (requests.length === 0) await Promise.all(messages.map((message) => this.#take(message, session)));
    // The client hears that it was heard before any work begins.
    sendAccepted(visit.res, 'Accepted');
    if (requests.length === 0) return;
    // In the order they came: what cancels a request of the same batch stands behind it.
    const running = messages.map((message) =>
      isRequest(message) ? this.#answer(message, session, visit) : this.#take(message, session),
    );
    await Promise.all(running.filter((one) => one instanceof Promise));
  }

  /** The living legacy session an event id speaks of, if the caller may have it. */
  async sessionOf(lastEventId: string | undefined, visit: Visit): Promise<Session | undefined> {
    const place = parseEventId(lastEventId);
    return place === undefined ? undefined : this.#host.sessions.find(place.session, 'legacy', visit.principal);
  }

  #answer(request: Request, session: Session, visit: Visit): void | Promise<void> {
    const version = header(visit, 'mcp-protocol-version');
    // A client that came back and did not begin anew says in this header what it once agreed on.
    const isKnown = !session.isInitialized && isHandshakeRevision(version);
    const revision = isKnown ? version : session.revision;
    const reply = new StreamReply(session, this.#host.log, visit.notes);
    return createExchange(request, visit, this.#host, { session, revision, reply }).run();
  }

  async #take(message: Message, session: Session): Promise<void> {
    if (!isRequest(message)) await take(message, session, this.#host);
  }

  // All that may still refuse the requests. Another instance may be at work on the same id.
  async #prepare(requests: readonly Request[], session: Session): Promise<void> {
    const { log } = this.#host;
    const expected: Request['id'][] = [];
    try {
      for (const { id, method, params } of requests) {
        const isFirst = log.expect(session.id, MAIN_STREAM, id);
        if (!(isFirst instanceof Promise ? await isFirst : isFirst)) throw idInUse(id);
        expected.push(id);
        // The store may know only now that it is over.
        if (session.isClosed) throw sessionNotFound(id);
        if (method === 'initialize') await begin(session, parseOpening(params));
      }
      // While the store was asked another may have come in, and the server may have begun to go.
      if (expected.length > 0) checkIds(requests, session);
      checkRoom(this.#host, session, requests);
    } catch (error) {
      // Waited for, since the client may come back with the same id as soon as it is refused; but not for ever.
      const released = expected.map(async (id) => log.release(session.id, MAIN_STREAM, id));
      await Promise.race([Promise.all(released), delay(RELEASE_MS, undefined, { ref: false })]);
      throw error;
    }
  }

  async #placeOf(lastEventId: string | undefined, session: Session): Promise<string> {
    const place = parseEventId(lastEventId);
    if (place?.stream === MAIN_STREAM && (await this.#host.log.holds(session.id, MAIN_STREAM, place.cursor))) {
      return place.cursor;
    }
    throw badRequest(new RpcError(ErrorCode.invalidRequest, 'What came after Last-Event-ID is no longer kept'));
  }

  #endpoint({ prefix }: Visit, session: Session): string {
    const { legacyEndpoint, publicUrl } = this.#host.settings;
    const isAbsolute = legacyEndpoint === 'absolute' && publicUrl !== undefined;
    return `${isAbsolute ? publicBaseUrl(publicUrl, prefix) : prefix}${MESSAGES_PATH}?session_id=${session.id}`;
  }

  #parse(body: unknown, session: Session, id: ReturnType<typeof idOf>): Message[] {
    if (Array.isArray(body)) return parseBatch(body, session.revision);
    try {
      return [parseMessage(body)];
    } catch (error) {
      if (error instanceof RpcError) throw badRequest(error, id);
      throw error;
    }
  }
}

// With one stream for all answers an id is all that tells them apart.
function checkIds(requests: readonly Request[], session: Session): void {
  for (const [index, { id }] of requests.entries()) {
    // There are not many in a batch, and mostly only one.
    if (session.hasCall(id) || requests.findIndex((one) => one.id === id) < index) throw idInUse(id);
  }
}

function idInUse(id: Request['id']): HttpError {
  return badRequest(new RpcError(ErrorCode.invalidRequest, 'Invalid request: the id is in use'), id);
}

function sessionIdOf({ req }: Visit, id: ReturnType<typeof idOf>): string {
  const plain = PLAIN_QUERY.exec(req.url ?? '')?.[1];
  if (plain !== undefined) return plain;
  const query = new URLSearchParams(req.url?.split('?', 2)[1] ?? '');
  const [first, ...more] = [...query.getAll('session_id'), ...query.getAll('sessionId')];
  if (first === undefined || first === '') throw refuse('session_id is required', id);
  const parsed = more.length > 0 ? undefined : parseSessionId(first);
  if (parsed === undefined) throw refuse('session_id is malformed', id);
  return parsed;
}

function refuse(message: string, id: ReturnType<typeof idOf>): HttpError {
  return badRequest(new RpcError(ErrorCode.invalidRequest, message), id);
}

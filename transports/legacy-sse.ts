/** The legacy door: a stream that is opened with GET, and a second URL to post to (2024-11-05 "HTTP with SSE"). */
import { ErrorCode, RpcError } from '../protocol/errors.js';
import { has } from '../protocol/features.js';
import { idOf, isRequest, type Message, parseMessage, type Request } from '../protocol/json-rpc.js';
import { parseOpening } from '../protocol/lifecycle.js';
import { formatEvent } from '../protocol/sse.js';
import { isHandshakeRevision } from '../protocol/versions.js';
import { readJson } from './body.js';
import { formatEventId, MAIN_STREAM, parseEventId } from './event-id.js';
import { START } from './event-log.js';
import { begin, checkRoom, createExchange, take } from './handshake.js';
import { passGate, passSessionGate } from './gate.js';
import type { Host } from './host.js';
import type { HttpError } from './http.js';
import { badRequest, sendAccepted, sessionNotFound } from './http.js';
import { pump } from './pump.js';
import type { Session } from './session.js';
import { parseSessionId } from './session-id.js';
import { SseWriter } from './sse-writer.js';
import { StreamReply } from './stream-reply.js';
import { header, type Visit } from './visit.js';

/** Under the prefix of the routes. */
export const MESSAGES_PATH = '/messages/';

const MAX_BATCH = 50;

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
    const lastEventId = header(visit, 'last-event-id');
    if (cut !== undefined) await sessions.carry(cut, { wantsCursor: false });
    if (cut === undefined) await passSessionGate(this.#host.gate, visit);
    const cut = await this.sessionOf(lastEventId, visit);
    const after = cut === undefined ? START : await this.#placeOf(lastEventId, cut);
    const session = cut ?? (await sessions.open('legacy', visit.principal));
    const { res, exchangeId, notes } = visit;
    notes.session = session;
    const writer = new SseWriter(
      res,
      { kind: 'legacy', session, exchangeId, notes },
      { limits: settings, streams, observer, expiresAt: visit.principal.expiresAt },
    );
    session.attach(MAIN_STREAM, writer);
    session.hasMainStream = true;
    const id = formatEventId(session.id, MAIN_STREAM, after);
    writer.open(formatEvent(this.#endpoint(visit, session), id, 'endpoint'));
    const onSent = (cursor: string): void => void (session.mainCursor = cursor);
    await pump(writer, { log, session: session.id, stream: MAIN_STREAM, after, onSent });
  }

  /** Takes a message; its answer comes on the stream. @throws HttpError 400, 404 or 503 */
  async message(visit: Visit): Promise<void> {
    const { notes } = visit;
    notes.door = 'legacy';
    const body = await readJson(visit.req, visit.res, this.#host.settings.maxBodyBytes);
    notes.body = body;
    const id = idOf(body);
    const sessionId = sessionIdOf(visit, id);
    const session = await this.#host.sessions.find(sessionId, 'legacy', visit.principal);
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
    for (const request of requests) await this.#expect(request, session);
    // The client hears that it was heard before any work begins.
    sendAccepted(visit.res, 'Accepted');
    for (const message of messages) if (!isRequest(message)) take(message, session, this.#host);
    await Promise.all(requests.map((request) => this.#answer(request, session, visit)));
  }

  /** The living legacy session an event id speaks of, if the caller may have it. */
  async sessionOf(lastEventId: string | undefined, visit: Visit): Promise<Session | undefined> {
    const place = parseEventId(lastEventId);
    return place === undefined ? undefined : this.#host.sessions.find(place.session, 'legacy', visit.principal);
  }

  async #answer(request: Request, session: Session, visit: Visit): Promise<void> {
    if (request.method === 'initialize') await begin(session, parseOpening(request.params));
    const version = header(visit, 'mcp-protocol-version');
    // A client that came back and did not begin anew says in this header what it once agreed on.
    const isKnown = !session.isInitialized && isHandshakeRevision(version);
    const revision = isKnown ? version : session.revision;
    const reply = new StreamReply(session, this.#host.log, visit.notes);
    await createExchange(request, visit, this.#host, { session, revision, reply }).run();
  }

  // Another instance may be at work on the same id.
  async #expect({ id }: Request, session: Session): Promise<void> {
    const expected = this.#host.log.expect(session.id, MAIN_STREAM, id);
    if (expected instanceof Promise ? await expected : expected) return;
    throw idInUse(id);
  }

  async #placeOf(lastEventId: string | undefined, session: Session): Promise<string> {
    const place = parseEventId(lastEventId);
    if (place?.stream === MAIN_STREAM) {
      if (place.cursor === START && session.mainCursor === START) return START;
      if (await this.#host.log.holds(session.id, MAIN_STREAM, place.cursor)) return place.cursor;
    }
    throw badRequest(new RpcError(ErrorCode.invalidRequest, 'What came after Last-Event-ID is no longer kept'));
  }

  #endpoint({ prefix }: Visit, session: Session): string {
    const { legacyEndpoint, publicUrl } = this.#host.settings;
    const path = `${prefix}${MESSAGES_PATH}?session_id=${session.id}`;
    return legacyEndpoint === 'absolute' && publicUrl !== undefined ? new URL(path, publicUrl).href : path;
  }

  #parse(body: unknown, session: Session, id: ReturnType<typeof idOf>): Message[] {
    try {
      if (!Array.isArray(body)) return [parseMessage(body)];
      if (!has(session.revision, 'batch') || body.length === 0 || body.length > MAX_BATCH) {
        throw new RpcError(
          ErrorCode.invalidRequest,
          `Invalid request: only 2025-03-26 has batches, of 1 to ${MAX_BATCH}`,
        );
      }
      return body.map(parseMessage);
    } catch (error) {
      if (error instanceof RpcError) throw badRequest(error, id);
      throw error;
    }
  }
}

// With one stream for all answers an id is all that tells them apart.
function checkIds(requests: readonly Request[], session: Session): void {
  const seen = new Set<Request['id']>();
  for (const { id } of requests) {
    if (session.hasCall(id) || seen.has(id)) throw idInUse(id);
    seen.add(id);
  }
}

function idInUse(id: Request['id']): HttpError {
  return badRequest(new RpcError(ErrorCode.invalidRequest, 'Invalid request: the id is in use'), id);
}

function sessionIdOf({ req }: Visit, id: ReturnType<typeof idOf>): string {
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

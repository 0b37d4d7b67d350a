/** The modern door: POST, GET and DELETE on /mcp, for the handshake revisions and, by their `_meta`, for 2026-07-28. */
import { ErrorCode, RpcError } from '../protocol/errors.js';
import { has } from '../protocol/features.js';
import { idOf, isRequest, type Message, parseMessage, type Request, type RequestId } from '../protocol/json-rpc.js';
import { type Opening, parseOpening } from '../protocol/lifecycle.js';
import { claimsModern, unsupportedVersion } from '../protocol/modern.js';
import { formatPriming } from '../protocol/sse.js';
import {
  ASSUMED_REVISION,
  type HandshakeRevision,
  isHandshakeRevision,
  MODERN_REVISION,
} from '../protocol/versions.js';
import { type Accepts, parseAccept } from './accept.js';
import { parseBatch } from './batch.js';
import { readJson } from './body.js';
import { formatEventId, MAIN_STREAM, parseEventId } from './event-id.js';
import { begin, checkRoom, createExchange, take } from './handshake.js';
import { passGate, passSessionGate } from './gate.js';
import type { Host } from './host.js';
import { badRequest, type Headers, HttpError, sendAccepted, sendNothing, sessionNotFound } from './http.js';
import type { LegacySse } from './legacy-sse.js';
import { postMode } from './post-mode.js';
import { PostReply } from './post-reply.js';
import { pump } from './pump.js';
import type { Reply } from './reply.js';
import type { Session } from './session.js';
import { parseSessionId } from './session-id.js';
import { SseWriter } from './sse-writer.js';
import { serveStateless } from './stateless-http.js';
import { StreamReply } from './stream-reply.js';
import { header, type Visit } from './visit.js';

/** What a reply has to know of its request. */
interface Answering {
  readonly session: Session | undefined;
  readonly revision: HandshakeRevision;
  readonly id: RequestId;
  readonly headers?: Headers | undefined;
}

export class StreamableHttp {
  readonly #host: Host;
  readonly #legacy: LegacySse;

  constructor(host: Host, legacy: LegacySse) {
    this.#host = host;
    this.#legacy = legacy;
  }

  /** @throws HttpError for everything that has no JSON-RPC response of its own */
  async post(visit: Visit): Promise<void> {
    visit.notes.door = 'streamable';
    const body = await readJson(visit.req, visit.res, this.#host.settings.maxBodyBytes);
    visit.notes.body = body;
    const accepts = parseAccept(header(visit, 'accept'));
    if (!accepts.json && !accepts.stream) {
      const message = 'Accept must allow application/json or text/event-stream';
      throw new HttpError(406, ErrorCode.transport, message, { id: idOf(body) });
    }
    if (Array.isArray(body)) return this.#postBatch(body, visit, accepts);
    const message = parse(body);
    visit.notes.read([message]);
    if (isModern(message, visit)) return serveStateless(message, visit, accepts, this.#host);
    return this.#postHandshake(message, visit, accepts);
  }

  /** The session's own stream, or the rest of one that was cut. @throws HttpError */
  async get(visit: Visit): Promise<void> {
    const { settings, sessions } = this.#host;
    visit.notes.door = 'streamable';
    const version = header(visit, 'mcp-protocol-version');
    if (version === MODERN_REVISION || settings.sessions === 'off') throw methodNotAllowed('POST');
    const id = sessionIdOf(visit);
    const lastEventId = header(visit, 'last-event-id');
    if (id === undefined) return this.#getWithoutSession(visit, lastEventId);
    checkVersion(version, undefined);
    if (!parseAccept(header(visit, 'accept')).stream) {
      throw new HttpError(406, ErrorCode.transport, 'Accept must allow text/event-stream');
    }
    sessions.checkStay();
    const session = (await sessions.find(id, 'streamable', visit.principal)) ?? (await this.#openChosen(id, visit));
    if (session === undefined) visit.notes.lostSession = id;
    if (session === undefined) throw sessionNotFound();
    visit.notes.session = session;
    if (lastEventId === undefined) {
      await sessions.carry(session, { wantsCursor: true });
      await this.#stream(visit, session, MAIN_STREAM, await this.#placeOf(session));
    } else await this.#resume(visit, session, lastEventId);
  }

  /** Ends a session, if there is one and it is the caller's. */
  async delete(visit: Visit): Promise<void> {
    const { settings, sessions } = this.#host;
    visit.notes.door = 'streamable';
    const version = header(visit, 'mcp-protocol-version');
    if (version === MODERN_REVISION || settings.sessions === 'off') throw methodNotAllowed('POST');
    const id = sessionIdOf(visit);
    const session = id === undefined ? undefined : await sessions.find(id, 'streamable', visit.principal);
    visit.notes.session = session;
    if (session !== undefined) await sessions.close(session, 'deleted');
    sendNothing(visit.res);
  }

  async #postHandshake(message: Message, visit: Visit, accepts: Accepts): Promise<void> {
    const id = idOf(message);
    const version = checkVersion(header(visit, 'mcp-protocol-version'), id);
    const found = this.#findSession(visit, id);
    const session = found instanceof Promise ? await found : found;
    if (isRequest(message) && message.method === 'initialize')
      return this.#initialize(message, visit, accepts, session);
    if (!isRequest(message)) {
      this.#requireSession(visit, session, undefined);
      const taken = take(message, session, this.#host);
      if (taken !== undefined) await taken;
      return sendAccepted(visit.res);
    }
    this.#requireSession(visit, session, id);
    const passing = passGate(this.#host.gate, visit, [message]);
    if (passing !== undefined) await passing;
    checkRoom(this.#host, session, [message]);
    const revision = revisionOf(session, version);
    visit.notes.revision = revision;
    const reply = this.#replyTo(visit, accepts, { session, revision, id: message.id });
    return createExchange(message, visit, this.#host, { session, revision, reply }).run();
  }

  async #initialize(request: Request, visit: Visit, accepts: Accepts, live: Session | undefined): Promise<void> {
    if (live?.isInitialized === true) {
      throw badRequest(new RpcError(ErrorCode.invalidRequest, 'Invalid request: already initialized'), request.id);
    }
    const passing = passGate(this.#host.gate, visit, [request]);
    if (passing !== undefined) await passing;
    checkRoom(this.#host, live, [request]);
    const opening = parseOpening(request.params);
    const session = live ?? (await this.#openSession(visit, request.id, opening));
    if (live !== undefined) await begin(live, opening);
    visit.notes.session = session;
    visit.notes.revision = opening.revision;
    const { revision } = opening;
    const headers = session === undefined ? undefined : { 'Mcp-Session-Id': session.id };
    const reply = this.#replyTo(visit, accepts, { session, revision, id: request.id, headers });
    return createExchange(request, visit, this.#host, { session, revision, reply }).run();
  }

  async #postBatch(body: readonly unknown[], visit: Visit, accepts: Accepts): Promise<void> {
    const said = header(visit, 'mcp-protocol-version');
    if (said === MODERN_REVISION) parseBatch(body, MODERN_REVISION);
    const version = checkVersion(said, undefined);
    const session = await this.#findSession(visit, undefined);
    this.#requireSession(visit, session, undefined);
    const revision = revisionOf(session, version);
    const messages = parseBatch(body, revision);
    visit.notes.read(messages);
    const requests = messages.filter(isRequest);
    await passGate(this.#host.gate, visit, requests);
    checkRoom(this.#host, session, requests);
    if (requests.length === 0) {
      for (const message of messages) if (!isRequest(message)) await take(message, session, this.#host);
      return sendAccepted(visit.res);
    }
    const mode = postMode(accepts, this.#host.settings);
    const reply = new PostReply(visit, this.#host, {
      mode,
      revision,
      session,
      ids: requests.map(({ id }) => id),
      isBatch: true,
    });
    // In the order they came: what cancels a request of the same batch stands behind it.
    const running = messages.map(async (message) => {
      if (isRequest(message)) await createExchange(message, visit, this.#host, { session, revision, reply }).run();
      else await take(message, session, this.#host);
    });
    await Promise.all(running);
  }

  #replyTo(visit: Visit, accepts: Accepts, { session, revision, id, headers }: Answering): Reply {
    const { settings, log } = this.#host;
    if (settings.responseRouting === 'stream' && session?.isListening === true) {
      sendAccepted(visit.res, '', headers);
      return new StreamReply(session, log, visit.notes);
    }
    const mode = postMode(accepts, settings);
    return new PostReply(visit, this.#host, { mode, revision, session, ids: [id], headers });
  }

  // A promise only where another instance may have it.
  #findSession(visit: Visit, id: RequestId | undefined): Session | undefined | Promise<Session | undefined> {
    const { settings, sessions } = this.#host;
    const sessionId = settings.sessions === 'off' ? undefined : sessionIdOf(visit);
    if (sessionId === undefined) return undefined;
    const note = (session: Session | undefined): Session | undefined => {
      visit.notes.session = session;
      if (session === undefined) visit.notes.lostSession = sessionId;
      if (session === undefined && settings.sessions !== 'lenient') throw sessionNotFound(id);
      return session;
    };
    const found = sessions.find(sessionId, 'streamable', visit.principal);
    return found instanceof Promise ? found.then(note) : note(found);
  }

  #requireSession(visit: Visit, session: Session | undefined, id: RequestId | undefined): void {
    if (session !== undefined || this.#host.settings.sessions !== 'required') return;
    const message = 'Invalid request: Mcp-Session-Id is required: begin with initialize';
    throw badRequest(new RpcError(ErrorCode.invalidRequest, message), id);
  }

  async #openSession(visit: Visit, id: RequestId, opening: Opening): Promise<Session | undefined> {
    const { settings, sessions } = this.#host;
    if (settings.sessions === 'off') return undefined;
    const passing = passSessionGate(this.#host.gate, visit, id);
    if (passing !== undefined) await passing;
    try {
      return await sessions.open('streamable', visit.principal, { opening });
    } catch (error) {
      throw error instanceof HttpError ? withId(error, id) : error;
    }
  }

  // The guide's own test makes up an id and opens a stream with it.
  async #openChosen(id: string, visit: Visit): Promise<Session | undefined> {
    const { settings, sessions } = this.#host;
    if (settings.responseRouting !== 'stream' || !/^[\x21-\x7e]{1,128}$/.test(id)) return undefined;
    await passSessionGate(this.#host.gate, visit);
    return sessions.open('streamable', visit.principal, { id });
  }

  async #getWithoutSession(visit: Visit, lastEventId: string | undefined): Promise<void> {
    const cut = await this.#legacy.sessionOf(lastEventId, visit);
    if (cut !== undefined || looksLegacy(visit)) return this.#legacy.stream(visit);
    throw methodNotAllowed('POST, DELETE, OPTIONS, HEAD', 'GET needs a session. The legacy transport is at /sse');
  }

  // A client that does not say where it stands goes on where its last connection ended, or where the window begins by now.
  async #placeOf(session: Session): Promise<string> {
    const { log } = this.#host;
    const isKept = await log.holds(session.id, MAIN_STREAM, session.mainCursor);
    return isKept ? session.mainCursor : log.oldest(session.id, MAIN_STREAM);
  }

  async #resume(visit: Visit, session: Session, lastEventId: string): Promise<void> {
    const place = parseEventId(lastEventId);
    const isKept =
      place?.session === session.id && (await this.#host.log.holds(session.id, place.stream, place.cursor));
    if (place === undefined || !isKept) {
      const message = 'Last-Event-ID is not of this session, or what came after it is no longer kept';
      throw badRequest(new RpcError(ErrorCode.invalidRequest, message));
    }
    // To an empty stream that ends at once clients come back for ever; this tells them that it is over.
    if (await this.#host.log.isSpent(session.id, place.stream, place.cursor)) {
      return sendNothing(visit.res);
    }
    const { stream, cursor } = place;
    const isMain = stream === MAIN_STREAM;
    if (isMain) await this.#host.sessions.carry(session, { wantsCursor: false });
    const isOurs = isMain || (await session.announce(stream));
    await this.#stream(visit, session, stream, cursor);
    if (!isOurs) session.writers.get(stream)?.end('taken over');
  }

  async #stream(visit: Visit, session: Session, stream: string, after: string): Promise<void> {
    const { settings, streams, observer, log } = this.#host;
    const { res, exchangeId, notes } = visit;
    // It may have ended while the log was asked.
    if (session.isClosed) throw sessionNotFound();
    const kind = stream === MAIN_STREAM ? 'session' : 'resumed';
    const writer = new SseWriter(
      res,
      { kind, id: stream, session, exchangeId, notes },
      { limits: settings, streams, observer, expiresAt: visit.principal.expiresAt },
    );
    session.attach(stream, writer);
    const id = formatEventId(session.id, stream, after);
    writer.open(has(session.revision, 'priming') ? formatPriming(id, settings.retryMs) : '');
    if (stream === MAIN_STREAM) {
      session.hasMainStream = true;
      if (session.isOvertaken) writer.end('taken over');
    }
    const onSent = (cursor: string): void => {
      if (stream === MAIN_STREAM) session.mainCursor = cursor;
    };
    pump(writer, { log, session: session.id, stream, after, onSent });
  }
}

/** Which revision a message of the handshake era is in. */
function revisionOf(session: Session | undefined, version: HandshakeRevision | undefined): HandshakeRevision {
  return session?.isInitialized === true ? session.revision : (version ?? ASSUMED_REVISION);
}

function isModern(message: Message, visit: Visit): boolean {
  if (!('method' in message)) return false;
  return claimsModern(message.params) || header(visit, 'mcp-protocol-version') === MODERN_REVISION;
}

function sessionIdOf(visit: Visit): string | undefined {
  const id = header(visit, 'mcp-session-id');
  return id === undefined ? undefined : (parseSessionId(id) ?? id);
}

function parse(body: unknown): Message {
  try {
    return parseMessage(body);
  } catch (error) {
    if (error instanceof RpcError) throw badRequest(error, idOf(body));
    throw error;
  }
}

function checkVersion(version: string | undefined, id: RequestId | undefined): HandshakeRevision | undefined {
  if (version === undefined) return undefined;
  if (isHandshakeRevision(version)) return version;
  throw badRequest(unsupportedVersion(version.slice(0, 64)), id);
}

// A legacy client at the wrong URL: it reads nothing but a stream and knows nothing of the newer headers.
function looksLegacy(visit: Visit): boolean {
  const { headers } = visit.req;
  const isPlain =
    headers.accept?.trim().toLowerCase() === 'text/event-stream' && headers['last-event-id'] === undefined;
  return isPlain && !Object.keys(headers).some((name) => name.startsWith('mcp-'));
}

function methodNotAllowed(allow: string, message = 'Method not allowed'): HttpError {
  return new HttpError(405, ErrorCode.transport, message, { headers: { Allow: allow } });
}

function withId(error: HttpError, id: RequestId): HttpError {
  return new HttpError(error.status, error.code, error.message, { ...error.extra, id });
}

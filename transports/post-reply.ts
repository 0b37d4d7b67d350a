import { ErrorCode } from '../protocol/errors.js';
import { has } from '../protocol/features.js';
import {
  errorResponse,
  formatMessage,
  isRequest,
  type Notification,
  type Request,
  type RequestId,
  type Response,
} from '../protocol/json-rpc.js';
import { formatEvent, formatPriming } from '../protocol/sse.js';
import { MODERN_REVISION, type Revision } from '../protocol/versions.js';
import { formatEventId, MAIN_STREAM } from './event-id.js';
import { type EventKind, START } from './event-log.js';
import type { Host } from './host.js';
import { endWith, type Headers, sendAccepted, sendJson, statusOf, withHeaders } from './http.js';
import { pump } from './pump.js';
import type { Reply } from './reply.js';
import type { Session } from './session.js';
import { SseWriter, STREAM_HEADERS } from './sse-writer.js';
import { watchDelivery } from './stall.js';
import type { Visit } from './visit.js';

export type PostMode = 'auto' | 'json' | 'sse';

export interface PostReplyOptions {
  readonly mode: PostMode;
  readonly revision: Revision;
  /** With a session a stream goes through its log, so that it can be read again. */
  readonly session: Session | undefined;
  /** The requests that came in this body. */
  readonly ids: readonly RequestId[];
  /** Whether they came as an array, and are answered as one. */
  readonly isBatch?: boolean;
  readonly headers?: Headers | undefined;
}

/**
 * Answers on the POST itself: one JSON body when the response is all there is, a stream as soon as something must be
 * said before it.
 */
export class PostReply implements Reply {
  readonly #visit: Visit;
  readonly #host: Host;
  readonly #options: PostReplyOptions;
  #writer: SseWriter | undefined;
  #stream: string | undefined;
  /** What waits for the others of its batch, or for a stream. */
  #collected: Response[] | undefined;
  #missing: number;

  constructor(visit: Visit, host: Host, options: PostReplyOptions) {
    this.#visit = visit;
    this.#host = host;
    this.#options = options;
    this.#missing = options.ids.length;
    // What will be a stream in any case is begun at once, unless all of it is there by then.
    if (options.mode === 'sse') setImmediate(() => this.#begin());
  }

  get canAsk(): boolean {
    return this.#options.mode !== 'json' || this.#options.session?.isListening === true;
  }

  send(message: Notification | Request, kind: EventKind): void | Promise<void> {
    if (this.#options.mode === 'json') return this.#sendAside(message, kind);
    this.#open();
    return this.#write(formatMessage(message), kind);
  }

  respond(response: Response): void | Promise<void> {
    if (this.#writer !== undefined || (this.#options.mode === 'sse' && this.#options.session !== undefined)) {
      return this.#respondOnStream(response);
    }
    this.#missing -= 1;
    this.#collected ??= [];
    this.#collected.push(response);
    if (this.#missing === 0) this.#deliver(this.#collected);
  }

  async #respondOnStream(response: Response): Promise<void> {
    this.#open();
    await this.#write(formatMessage(response), 'response', response.id);
    // Counted when it is written: another's end must not overtake it.
    this.#missing -= 1;
    if (this.#missing === 0) this.#close();
  }

  cancel(id: RequestId): void {
    this.#missing -= 1;
    const { session } = this.#options;
    if (session !== undefined && this.#stream !== undefined) void this.#host.log.release(session.id, this.#stream, id);
    if (this.#missing > 0) return;
    if (this.#writer !== undefined) this.#close();
    else this.#deliver(this.#collected ?? []);
  }

  late(): void {
    if (this.#options.mode !== 'json') this.#open();
  }

  closeStream(): void {
    const { session, mode, revision } = this.#options;
    // Only what is logged can be read again, and only by a client that was given an id to come back with.
    if (session === undefined || mode === 'json' || !has(revision, 'priming')) return;
    this.#open();
    if (this.#stream !== undefined) session.writers.get(this.#stream)?.end('polling');
  }

  #begin(): void {
    const { res } = this.#visit;
    // It may have been refused before anything of it was run, or its client may have gone.
    if (this.#missing > 0 && !res.headersSent && !res.destroyed) this.#open();
  }

  #open(): void {
    if (this.#writer !== undefined) return;
    const { session, headers, revision } = this.#options;
    const { settings, streams, observer } = this.#host;
    const { res, exchangeId, notes } = this.#visit;
    if (session !== undefined) this.#stream = session.nextStream();
    const writer = new SseWriter(
      res,
      // One that nobody can come back to has no name but that of its request.
      { kind: 'post', id: this.#stream ?? exchangeId, session, exchangeId, notes },
      { limits: settings, streams, observer, expiresAt: this.#visit.principal.expiresAt },
    );
    this.#writer = writer;
    // What came before the stream was needed belongs into it.
    const early = this.#collected ?? [];
    this.#collected = undefined;
    if (session === undefined || this.#stream === undefined) {
      writer.open('', headers);
    } else {
      const id = formatEventId(session.id, this.#stream, START);
      writer.open(has(revision, 'priming') ? formatPriming(id, settings.retryMs) : '', headers);
      session.attach(this.#stream, writer);
      for (const owed of this.#options.ids) void this.#expect(session.id, this.#stream, owed);
      pump(writer, { log: this.#host.log, session: session.id, stream: this.#stream, after: START });
    }
    for (const response of early) void this.#write(formatMessage(response), 'response', response.id);
  }

  async #expect(session: string, stream: string, id: RequestId): Promise<void> {
    try {
      await this.#host.log.expect(session, stream, id);
    } catch (error) {
      // The call goes on; only its death would not be noticed.
      this.#host.observer.fault?.(error, 'event log');
    }
  }

  #write(data: string, kind: EventKind, answers?: RequestId): void | Promise<void> {
    const { session } = this.#options;
    if (session !== undefined && this.#stream !== undefined) {
      if (session.isClosed) return undefined;
      return this.#host.log.append(session.id, this.#stream, data, kind, answers);
    }
    return this.#writer?.write(formatEvent(data), kind);
  }

  #close(): void {
    const { session } = this.#options;
    if (session !== undefined && this.#stream !== undefined) void this.#host.log.close(session.id, this.#stream);
    else this.#writer?.end('complete');
  }

  #deliver(collected: readonly Response[]): void {
    const { res, notes } = this.#visit;
    this.#sendCollected(collected);
    watchDelivery(res, this.#host.settings.stallMs, () => (notes.isStalled = true));
  }

  #sendCollected(collected: readonly Response[]): void {
    const { ids, isBatch, mode, headers } = this.#options;
    const { res } = this.#visit;
    const [first] = collected;
    if (first === undefined) {
      if (isBatch === true) return sendAccepted(res);
      const refusal = { code: ErrorCode.requestCancelled, message: 'Cancelled' };
      return this.#sendCollected([errorResponse(ids[0], refusal)]);
    }
    const status = isBatch === true ? 200 : statusOf(first, this.#options.revision === MODERN_REVISION);
    // A refusal says so in its status, and as JSON, whatever form an answer would have had.
    if (mode === 'sse' && status === 200) return this.#sendFrames(collected);
    if (isBatch === true) return sendJson(res, 200, `[${collected.map(formatMessage).join(',')}]`, headers);
    const challenge = this.#challenge(first);
    const all = challenge === undefined ? headers : { ...headers, ...challenge };
    sendJson(res, status, formatMessage(first), all);
  }

  // A stream whose every word is known already: one write.
  #sendFrames(responses: readonly Response[]): void {
    const { res } = this.#visit;
    if (res.headersSent) return;
    const frames = responses.map((response) => formatEvent(formatMessage(response))).join('');
    const head = [...STREAM_HEADERS, 'Content-Length', String(Buffer.byteLength(frames))];
    res.writeHead(200, withHeaders(head, this.#options.headers));
    this.#visit.notes.frames = responses.length;
    endWith(res, frames);
  }

  #challenge(response: Response): Record<string, string> | undefined {
    if (!('error' in response) || response.error.code !== ErrorCode.insufficientScope) return undefined;
    const { scopes } = response.error.data as { scopes: readonly string[] };
    const challenge = this.#visit.challenge?.(scopes);
    return challenge === undefined ? undefined : { 'WWW-Authenticate': challenge };
  }

  // A client that reads only JSON here may still have a stream open elsewhere.
  #sendAside(message: Notification | Request, kind: EventKind): void | Promise<void> {
    const { session } = this.#options;
    if (session === undefined || session.isClosed) return undefined;
    if (!session.hasMainStream && !isRequest(message)) {
      session.unheard += 1;
      if (session.unheard === 1) this.#host.observer.unheard?.(session, message.method);
      return undefined;
    }
    return this.#host.log.append(session.id, MAIN_STREAM, formatMessage(message), kind);
  }
}

import type { ServerResponse } from 'node:http';
import { KEEP_ALIVE_FRAME } from '../protocol/sse.js';
import type { EventKind } from './event-log.js';
import { type Headers, withHeaders } from './http.js';
import type { Observer, StreamEnd, StreamFacts } from './observer.js';
import { Stall } from './stall.js';

/**
 * SDK 1.x clients lose a progress event that they read in one chunk with the result; this keeps the two apart. Five would
 * do where a client is never kept waiting for its turn; on a busy machine up to six in a hundred were lost with it.
 */
const PROGRESS_GAP_MS = 15;

/** Name, value, name, value. */
export const STREAM_HEADERS: readonly string[] = [
  ['Content-Type', 'text/event-stream; charset=utf-8'],
  ['Cache-Control', 'no-cache, no-transform'],
  ['X-Accel-Buffering', 'no'],
].flat();

const NOBODY: readonly (() => void)[] = [];

export interface WriterLimits {
  readonly streamBufferBytes: number;
  readonly stallMs: number;
}

/** The open streams of a server: who they are kept alive by, and ended by at shutdown. */
export interface StreamSet {
  add(writer: SseWriter): void;
  delete(writer: SseWriter): void;
}

export interface WriterOptions {
  readonly limits: WriterLimits;
  readonly streams: StreamSet;
  readonly observer: Observer;
  /** When the proof of who opened the stream runs out, in ms since the epoch; the stream ends then. */
  readonly expiresAt?: number | undefined;
}

/** One event stream on one connection. Whoever writes awaits: that is the whole back-pressure. */
export class SseWriter {
  readonly #res: ServerResponse;
  readonly #limits: WriterLimits;
  readonly #streams: StreamSet;
  readonly #observer: Observer;
  readonly #expiresAt: number | undefined;
  readonly #openedAt = performance.now();
  #lastWriteAt = this.#openedAt;
  #lastProgressAt = -Infinity;
  /** While its client has not taken everything. */
  #stall: Stall | undefined;
  #blocked: Promise<void> | undefined;
  #unblock: (() => void) | undefined;
  #events = 0;
  #bytes = 0;
  #end: StreamEnd | undefined;
  #onEnd: readonly (() => void)[] = NOBODY;

  constructor(
    res: ServerResponse,
    readonly facts: StreamFacts,
    { limits, streams, observer, expiresAt }: WriterOptions,
  ) {
    this.#res = res;
    this.#limits = limits;
    this.#streams = streams;
    this.#observer = observer;
    this.#expiresAt = expiresAt;
  }

  /** Sends the headers, and what is to be said first, at once. */
  open(first = '', headers?: Headers): void {
    this.#res.on('close', () => this.#finish(this.#howItLeft));
    // One that nobody hears would end the process.
    this.#res.on('error', () => this.#finish('connection lost'));
    this.#streams.add(this);
    this.#observer.streamOpened?.(this.facts);
    // A client may have gone while its call was still on the way here, a host application may have answered it.
    if (this.#res.destroyed || this.#res.headersSent) return this.#finish('client closed');
    this.#res.writeHead(200, withHeaders([...STREAM_HEADERS], headers));
    if (first === '') this.#res.flushHeaders();
    else this.#push(first);
    flattenHead(this.#res);
  }

  /** Hears when the stream has ended, whoever ended it; at once when it has already. */
  onEnd(listener: () => void): void {
    if (this.#end === undefined) this.#onEnd = this.#onEnd.concat(listener);
    else listener();
  }

  get openedAt(): number {
    return this.#openedAt;
  }

  get events(): number {
    return this.#events;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** What its client has not taken yet. */
  get unsentBytes(): number {
    return this.#res.writableLength;
  }

  get isOpen(): boolean {
    return this.#end === undefined;
  }

  /** Hears when the last of an ended stream is on its way to the client, or will never be. */
  onDelivered(listener: () => void): void {
    this.#res.once('finish', listener);
    this.#res.once('close', listener);
  }

  /** Whether it has ended, and its client has still to take the rest. */
  get isDelivering(): boolean {
    return this.#end !== undefined && this.#res.writableLength > 0 && !this.#res.destroyed;
  }

  /** Writes one event, that has been there since then; `NaN` where that is not known. A promise means: wait, the client has not taken what is there. Never rejects. */
  write(frame: string, kind: EventKind, sinceMs = performance.now()): void | Promise<void> {
    if (this.#end !== undefined) return undefined;
    if (kind === 'response') {
      const gap = PROGRESS_GAP_MS - (performance.now() - this.#lastProgressAt);
      if (gap > 0) return this.#writeAfter(gap, frame, sinceMs);
    }
    this.#send(frame, kind, sinceMs);
    if (kind === 'progress') this.#lastProgressAt = performance.now();
    return this.#wait();
  }

  /** Ends the stream cleanly. What is still in the buffer is delivered. */
  end(reason: StreamEnd, last?: string): void {
    if (this.#end !== undefined) return;
    // Whoever hears first that the client has gone may end what was meant for it.
    if (this.#res.destroyed) return this.#finish(this.#howItLeft);
    if (last !== undefined) this.#push(last);
    this.#res.end();
    this.#finish(reason);
  }

  /** Called now and then: keeps an idle stream alive, gives up on one whose client takes nothing. */
  tick(now: number, idleMs: number): void {
    if (this.#expiresAt !== undefined && Date.now() >= this.#expiresAt) this.end('expired');
    // Nothing new is said to a client that has not taken the last.
    if (this.#res.writableLength > 0) return this.#watch(now);
    this.#stall = undefined;
    if (this.#end === undefined && now - this.#lastWriteAt >= idleMs) this.#push(KEEP_ALIVE_FRAME);
  }

  #watch(now: number): void {
    this.#stall ??= new Stall(this.#res, now);
    if (this.#stall.lastsMs(now) < this.#limits.stallMs) return;
    this.#res.destroy();
    this.#finish('stalled');
  }

  async #writeAfter(ms: number, frame: string, sinceMs: number): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, Math.ceil(ms) + 1));
    if (this.#end !== undefined) return;
    this.#send(frame, 'response', sinceMs);
    await this.#wait();
  }

  #send(frame: string, kind: EventKind, sinceMs: number): void {
    this.#events += 1;
    this.#push(frame);
    this.#observer.eventWritten?.(this.facts, kind, this.#lastWriteAt - sinceMs, frame);
  }

  #push(text: string): void {
    this.#bytes += Buffer.byteLength(text);
    this.#lastWriteAt = performance.now();
    this.#res.write(text);
  }

  #wait(): void | Promise<void> {
    // Of what Node does not call full no drain is ever told.
    if (this.#res.writableLength <= this.#limits.streamBufferBytes || !this.#res.writableNeedDrain) return undefined;
    // A client that leaves never drains, so `#finish` lets go of the writers too.
    if (this.#blocked === undefined) {
      this.#blocked = new Promise((resolve) => (this.#unblock = resolve));
      this.#res.once('drain', () => this.#release());
    }
    return this.#blocked;
  }

  // A client that leaves says goodbye; a connection that is reset was cut.
  get #howItLeft(): StreamEnd {
    return this.#res.req.socket.errored == null ? 'client closed' : 'connection lost';
  }

  #release(): void {
    this.#unblock?.();
    this.#unblock = undefined;
    this.#blocked = undefined;
  }

  // One that fails must not keep the others from hearing of it.
  #tell(listener: () => void): void {
    try {
      listener();
    } catch (error) {
      this.#observer.fault?.(error, 'stream end');
    }
  }

  #finish(reason: StreamEnd): void {
    if (this.#end !== undefined) return;
    this.#end = reason;
    this.#streams.delete(this);
    this.#release();
    for (const listener of this.#onEnd) this.#tell(listener);
    this.#onEnd = NOBODY;
    const ms = performance.now() - this.#openedAt;
    this.#observer.streamEnded?.(this.facts, {
      reason,
      events: this.#events,
      bytes: this.#bytes,
      ms,
      unsentBytes: this.unsentBytes,
    });
  }
}

// Node keeps the head of a response as the dozens of pieces it was put together of: a kilobyte of each idle stream.
function flattenHead(res: ServerResponse & { _header?: string | null }): void {
  if (typeof res._header === 'string') res._header = Buffer.from(res._header, 'latin1').toString('latin1');
}

import { type EventKind, type EventSink, type Following, StreamOverrun } from '../event-log.js';
import type { Window } from './memory-event-log.js';

/** One object for all that hold it: there is one of each for every event of every window. */
export interface KeptEvent {
  readonly stream: MemoryStream;
  /** Its number in the stream. */
  readonly number: number;
  /** Empty when it is no longer kept: its place may stay a while, its text must not. */
  data: string;
  readonly kind: EventKind;
  readonly at: number;
  readonly bytes: number;
}

/** One ordered row of events, and the one who reads it. Whoever follows it next takes it over. */
export class MemoryStream {
  #events: (KeptEvent | undefined)[] = [];
  #head = 0;
  #closedAt: number | undefined;
  #reader: Reader | undefined;
  readonly #waiting: (() => void)[] = [];
  readonly #window: Window;
  /** The newest event that is no longer kept. */
  evicted = 0;
  /** The newest event there ever was. */
  last = 0;
  /** The newest event a reader has taken. */
  #taken = 0;

  constructor(
    readonly name: string,
    window: Window,
  ) {
    this.#window = window;
  }

  /** Keeps an event. The reader hears of it when it is fed. */
  push(data: string, kind: EventKind): KeptEvent {
    this.last += 1;
    const at = performance.now();
    const event = { stream: this, number: this.last, data, kind, at, bytes: Buffer.byteLength(data) };
    this.#events.push(event);
    if (this.#reader !== undefined) this.#reader.unreadBytes += event.bytes;
    return event;
  }

  /** How many kept events nobody has taken. */
  get queued(): number {
    return this.last - Math.max(this.evicted, this.#reader?.at ?? this.#taken);
  }

  /** Whether somebody is on the way to the oldest event. */
  get isAwaited(): boolean {
    return this.#reader !== undefined && this.#reader.at <= this.evicted;
  }

  get isClosed(): boolean {
    return this.#closedAt !== undefined;
  }

  /** Whether nothing is left of it, and nobody there to see. */
  get isOver(): boolean {
    return this.isClosed && this.#reader === undefined && this.evicted === this.last;
  }

  /** Whether it ended before that time. */
  isSpent(time: number): boolean {
    return this.#closedAt !== undefined && this.#reader === undefined && this.#closedAt < time;
  }

  /** Drops the oldest event. @returns its size */
  shift(): number {
    const event = this.#events[this.#head];
    if (event !== undefined) event.data = '';
    this.#events[this.#head] = undefined;
    this.#head += 1;
    this.evicted += 1;
    if (this.#head > 64 && this.#head * 2 > this.#events.length) {
      this.#events = this.#events.slice(this.#head);
      this.#head = 0;
    }
    return event?.bytes ?? 0;
  }

  /** Something to wait for when the reader is too far behind. */
  wait(): void | Promise<void> {
    if (this.#reader === undefined || !this.#isBehind(this.#reader)) return undefined;
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  close(): void {
    this.#closedAt = performance.now();
    this.feed();
    this.#release();
  }

  follow(after: number, sink: EventSink): Following {
    const reader = new Reader(this, sink, after, this.#bytesAfter(after));
    const before = this.#reader;
    this.#reader = reader;
    before?.sink.end();
    this.feed();
    // Who waited for the one before may have nothing to wait for any more.
    if (this.#reader === reader && this.#waiting.length > 0) this.#admit(reader);
    return reader;
  }

  /** Gives the reader what is there, as far as it takes it. */
  feed(): void {
    const reader = this.#reader;
    // One that is busy comes for the next by itself.
    while (reader !== undefined && !reader.isBusy && this.#reader === reader) {
      if (reader.at < this.evicted) return this.#end(reader, new StreamOverrun());
      const event = this.#events[this.#head + (reader.at - this.evicted)];
      if (event !== undefined) this.#give(event, reader);
      else if (this.isClosed) this.#end(reader);
      else return;
    }
  }

  /** Nobody waits for that reader any more, also when it is busy with an event. */
  leave(reader: Reader): void {
    this.#taken = Math.max(this.#taken, reader.at);
    if (this.#reader !== reader) return;
    this.#reader = undefined;
    this.#release();
  }

  #give(event: KeptEvent, reader: Reader): void {
    const { number, data, kind, at } = event;
    reader.isBusy = true;
    try {
      const taken = reader.sink.take({ cursor: String(number), data, kind, at });
      if (taken === undefined) return this.#took(event, reader);
      taken.then(
        () => {
          this.#took(event, reader);
          this.feed();
        },
        (error: unknown) => this.#end(reader, error),
      );
    } catch (error) {
      // Whoever appends is not to blame for who reads.
      this.#end(reader, error);
    }
  }

  #took({ bytes }: KeptEvent, reader: Reader): void {
    reader.isBusy = false;
    if (this.#reader !== reader) return;
    reader.at += 1;
    reader.unreadBytes -= bytes;
    if (this.#waiting.length > 0) this.#admit(reader);
  }

  #end(reader: Reader, error?: unknown): void {
    if (this.#reader !== reader) return;
    this.leave(reader);
    reader.sink.end(error);
  }

  // Half a window is what those who write may be ahead of it.
  #isBehind({ at, unreadBytes }: Reader): boolean {
    const { events, bytes } = this.#window;
    return this.last - at > events / 2 || (unreadBytes > bytes / 2 && this.last - at > 1);
  }

  #bytesAfter(after: number): number {
    let bytes = 0;
    for (let at = this.#head + Math.max(0, after - this.evicted); at < this.#events.length; at += 1) {
      bytes += this.#events[at]?.bytes ?? 0;
    }
    return bytes;
  }

  // One writer for each event that was taken: all of them at once would be ahead again at once.
  #admit(reader: Reader): void {
    if (reader.at === this.last) this.#release();
    else if (!this.#isBehind(reader)) this.#waiting.shift()?.();
  }

  #release(): void {
    if (this.#waiting.length > 0) for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

/** Who reads a stream, and how far it is. */
class Reader implements Following {
  readonly #stream: MemoryStream;
  isBusy = false;

  constructor(
    stream: MemoryStream,
    readonly sink: EventSink,
    public at: number,
    public unreadBytes: number,
  ) {
    this.#stream = stream;
  }

  stop(): void {
    this.#stream.leave(this);
  }
}

import { type EventKind, type LoggedEvent, StreamOverrun } from '../event-log.js';

interface KeptEvent extends LoggedEvent {
  readonly bytes: number;
}

interface Reader {
  at: number;
  unreadBytes: number;
  wake: () => void;
}

/** When a reader is so far behind that writers have to wait. */
export interface Lag {
  readonly events: number;
  readonly bytes: number;
}

/** One ordered row of events, and the one who reads it. Whoever follows it next takes it over. */
export class MemoryStream {
  #events: (KeptEvent | undefined)[] = [];
  #head = 0;
  #isClosed = false;
  #closedAt = Infinity;
  #reader: Reader | undefined;
  #waiting: (() => void)[] = [];
  readonly #lag: Lag;
  /** The newest event that is no longer kept. */
  evicted = 0;
  /** The newest event there ever was. */
  last = 0;
  /** The newest event a reader has taken. */
  #taken = 0;

  constructor(lag: Lag) {
    this.#lag = lag;
  }

  push(data: string, kind: EventKind, at: number, bytes: number): void {
    this.last += 1;
    this.#events.push({ cursor: String(this.last), data, kind, at, bytes });
    if (this.#reader === undefined) return;
    this.#reader.unreadBytes += bytes;
    this.#reader.wake();
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
    return this.#isClosed;
  }

  /** Whether nothing is left of it, and nobody there to see. */
  get isOver(): boolean {
    return this.#isClosed && this.#reader === undefined && this.evicted === this.last;
  }

  /** Whether it ended before that time. */
  isSpent(time: number): boolean {
    return this.#isClosed && this.#reader === undefined && this.#closedAt < time;
  }

  /** Drops the oldest event. @returns its size */
  shift(): number {
    const event = this.#events[this.#head];
    // Its place stays a while, its text must not.
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
    this.#isClosed = true;
    this.#closedAt = performance.now();
    this.#reader?.wake();
    this.#release();
  }

  async *follow(after: number, signal: AbortSignal): AsyncGenerator<LoggedEvent> {
    const reader: Reader = { at: after, unreadBytes: this.#bytesAfter(after), wake: () => undefined };
    // Also one that is busy with an event is gone at once: nobody may wait for it any more.
    const leave = (): void => this.#leave(reader);
    const before = this.#reader;
    this.#reader = reader;
    before?.wake();
    signal.addEventListener('abort', leave, { once: true });
    try {
      while (!signal.aborted && this.#reader === reader) {
        if (reader.at < this.evicted) throw new StreamOverrun();
        const event = this.#events[this.#head + (reader.at - this.evicted)];
        if (event !== undefined) {
          yield event;
          reader.at += 1;
          reader.unreadBytes -= event.bytes;
          if (this.#waiting.length > 0) this.#admit(reader);
        } else if (this.#isClosed) {
          return;
        } else {
          await new Promise<void>((resolve) => (reader.wake = resolve));
        }
      }
    } finally {
      signal.removeEventListener('abort', leave);
      this.#leave(reader);
    }
  }

  #leave(reader: Reader): void {
    this.#taken = Math.max(this.#taken, reader.at);
    reader.wake();
    if (this.#reader !== reader) return;
    this.#reader = undefined;
    this.#release();
  }

  #isBehind({ at, unreadBytes }: Reader): boolean {
    return this.last - at > this.#lag.events || (unreadBytes > this.#lag.bytes && this.last - at > 1);
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
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

import { type EventKind, type EventLog, type LoggedEvent, StreamOverrun } from '../event-log.js';

export interface Window {
  readonly events: number;
  readonly bytes: number;
  readonly ms: number;
}

/** The event log of one process. */
export class MemoryEventLog implements EventLog {
  readonly #sessions = new Map<string, SessionWindow>();
  readonly #window: Window;
  #timer: NodeJS.Timeout | undefined;

  constructor(window: Window) {
    this.#window = window;
  }

  append(session: string, stream: string, data: string, kind: EventKind): void | Promise<void> {
    return this.#open(session).append(stream, data, kind);
  }

  follow(session: string, stream: string, after: string, signal: AbortSignal): AsyncIterable<LoggedEvent> {
    return this.#open(session).stream(stream).follow(Number(after), signal);
  }

  holds(session: string, stream: string, after: string): boolean {
    return this.#sessions.get(session)?.holds(stream, Number(after)) ?? false;
  }

  /** In one process a session knows its calls itself, and nobody is left to speak for the dead. */
  expect(): boolean {
    return true;
  }

  release(): void {
    return;
  }

  close(session: string, stream: string): void {
    this.#sessions.get(session)?.find(stream)?.close();
  }

  queued(session: string): number {
    return this.#sessions.get(session)?.queued ?? 0;
  }

  drop(session: string): void {
    this.#sessions.get(session)?.drop();
    this.#sessions.delete(session);
    if (this.#sessions.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  // Lets go of what is older than the window.
  #sweep(): void {
    const oldest = performance.now() - this.#window.ms;
    for (const window of this.#sessions.values()) window.evictBefore(oldest);
  }

  #open(session: string): SessionWindow {
    let window = this.#sessions.get(session);
    if (window === undefined) {
      window = new SessionWindow(this.#window);
      this.#sessions.set(session, window);
      this.#timer ??= setInterval(() => this.#sweep(), Math.max(10, Math.min(10_000, this.#window.ms / 4))).unref();
    }
    return window;
  }
}

/** The streams of one session and the bounds they share. */
class SessionWindow {
  readonly #streams = new Map<string, Stream>();
  readonly #limits: Window;
  /** The streams of the kept events, oldest first: whose turn it is to lose one. */
  #order: { readonly name: string; readonly at: number }[] = [];
  #head = 0;
  #bytes = 0;

  constructor(limits: Window) {
    this.#limits = limits;
  }

  append(name: string, data: string, kind: EventKind): void | Promise<void> {
    const stream = this.stream(name);
    const at = performance.now();
    this.#order.push({ name, at });
    this.#bytes += data.length;
    stream.push(data, kind, at);
    // The newest event stays, whatever its size.
    while (this.#size > 1 && (this.#size > this.#limits.events || this.#bytes > this.#limits.bytes)) this.#evict();
    return stream.lag(this.#limits);
  }

  stream(name: string): Stream {
    let stream = this.#streams.get(name);
    if (stream === undefined) {
      stream = new Stream();
      this.#streams.set(name, stream);
    }
    return stream;
  }

  find(name: string): Stream | undefined {
    return this.#streams.get(name);
  }

  holds(name: string, after: number): boolean {
    const stream = this.#streams.get(name);
    return stream !== undefined && stream.evicted <= after && after <= stream.last;
  }

  evictBefore(time: number): void {
    for (
      let oldest = this.#order[this.#head];
      oldest !== undefined && oldest.at < time;
      oldest = this.#order[this.#head]
    ) {
      this.#evict();
    }
    for (const [name, stream] of this.#streams) if (stream.isSpent(time)) this.#streams.delete(name);
  }

  get queued(): number {
    let queued = 0;
    for (const stream of this.#streams.values()) queued += stream.queued;
    return queued;
  }

  drop(): void {
    for (const stream of this.#streams.values()) stream.close();
    this.#streams.clear();
  }

  get #size(): number {
    return this.#order.length - this.#head;
  }

  #evict(): void {
    const oldest = this.#order[this.#head++];
    if (oldest !== undefined) this.#bytes -= this.#streams.get(oldest.name)?.shift() ?? 0;
    if (this.#head > 1024 && this.#head * 2 > this.#order.length) {
      this.#order = this.#order.slice(this.#head);
      this.#head = 0;
    }
  }
}

interface Reader {
  at: number;
  wake: () => void;
}

/** One ordered row of events, and the one who reads it. */
class Stream {
  #events: LoggedEvent[] = [];
  #head = 0;
  #isClosed = false;
  #closedAt = Infinity;
  #reader: Reader | undefined;
  #waiting: (() => void)[] = [];
  /** The newest event that is no longer kept. */
  evicted = 0;
  /** The newest event there ever was. */
  last = 0;
  /** The newest event a reader has taken. */
  #taken = 0;

  push(data: string, kind: EventKind, at: number): void {
    this.last += 1;
    this.#events.push({ cursor: String(this.last), data, kind, at });
    this.#reader?.wake();
  }

  /** How many kept events nobody has taken. */
  get queued(): number {
    return this.last - Math.max(this.evicted, this.#reader?.at ?? this.#taken);
  }

  /** Drops the oldest event. @returns its size */
  shift(): number {
    const event = this.#events[this.#head];
    this.#head += 1;
    this.evicted += 1;
    if (this.#head > 64 && this.#head * 2 > this.#events.length) {
      this.#events = this.#events.slice(this.#head);
      this.#head = 0;
    }
    return event?.data.length ?? 0;
  }

  /** Something to wait for when the reader is more than half a window behind. */
  lag({ events }: Window): void | Promise<void> {
    const reader = this.#reader;
    if (reader === undefined || this.last - reader.at <= events / 2) return undefined;
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  close(): void {
    this.#isClosed = true;
    this.#closedAt = performance.now();
    this.#reader?.wake();
    this.#release();
  }

  isSpent(time: number): boolean {
    return this.#isClosed && this.#reader === undefined && this.#closedAt < time;
  }

  async *follow(after: number, signal: AbortSignal): AsyncGenerator<LoggedEvent> {
    const reader: Reader = { at: after, wake: () => undefined };
    const wake = (): void => reader.wake();
    this.#reader = reader;
    signal.addEventListener('abort', wake, { once: true });
    try {
      while (!signal.aborted) {
        if (reader.at < this.evicted) throw new StreamOverrun();
        const event = this.#events[this.#head + (reader.at - this.evicted)];
        if (event !== undefined) {
          yield event;
          reader.at += 1;
          if (this.#waiting.length > 0) this.#release();
        } else if (this.#isClosed) {
          return;
        } else {
          await new Promise<void>((resolve) => (reader.wake = resolve));
        }
      }
    } finally {
      signal.removeEventListener('abort', wake);
      this.#taken = Math.max(this.#taken, reader.at);
      if (this.#reader === reader) this.#reader = undefined;
      this.#release();
    }
  }

  #release(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}

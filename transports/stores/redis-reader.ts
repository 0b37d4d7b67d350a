import { type EventKind, type LoggedEvent, StreamOverrun } from '../event-log.js';
import { isAway, type RedisConnection } from './redis-connection.js';

/** How far a stream is. */
export interface Marks {
  /** The newest event there ever was; `undefined` where there is no such stream, which the main one is not. */
  readonly last: number | undefined;
  /** The newest event that is no longer kept. */
  readonly evicted: number;
  readonly isClosed: boolean;
  /** Where numbers begin: more than 0 where Redis lost a session that was put back. */
  readonly base: number;
}

export interface ReaderOptions {
  readonly redis: RedisConnection;
  /** The key of the session's events. */
  readonly events: string;
  /** Where they are announced. */
  readonly channel: string;
  readonly stream: string;
  readonly after: number;
  readonly signal: AbortSignal;
  /** @throws HttpError 503 when the store does not answer */
  readonly marks: () => Promise<Marks>;
  /** Whether a response is owed here, so that the stream will go on even if Redis knows nothing of it. */
  readonly isOwed: () => boolean;
  /** Whether nothing can have been said before: a stream that this instance has just made. */
  readonly isFresh: boolean;
  /** The time of Redis, in ms since the epoch, as `performance.now()` of this process. */
  readonly toLocalTime: (redisMs: number) => number;
}

interface Entry {
  readonly seq: number;
  /** Where it stands among the events of the session. */
  readonly id: string;
  readonly stream: string;
  readonly data: string;
  readonly kind: EventKind | 'end';
}

/** How much a reader holds that it has not been asked for yet; beyond that it fetches at its own pace. */
const MAX_AHEAD_CHARS = 262_144;
const PAGE = 100;
const INSIST_MS = 3_600_000;

/** One reader of one stream: what was announced, or what has to be fetched. */
export class RedisReader {
  readonly #options: ReaderOptions;
  #at: number;
  /** The newest that was heard of. */
  #heard = 0;
  /** The oldest that was heard of and not taken, or one before it; beyond the newest when all was taken. */
  #due: number;
  /** Of the entry it read last, among the events of the session. */
  #place = '-';
  #ahead: Entry[] = [];
  #aheadChars = 0;
  #mustFetch: boolean;
  #isFinished = false;
  #endsAt = Infinity;
  #wake: () => void = () => undefined;
  #unwatch: (() => void) | undefined;
  #waiting: { readonly until: number; readonly done: () => void }[] = [];

  constructor(options: ReaderOptions) {
    this.#options = options;
    this.#at = options.after;
    this.#due = options.after + 1;
    this.#mustFetch = !options.isFresh;
  }

  get stream(): string {
    return this.#options.stream;
  }

  /** How many events are known of that were not taken. */
  get behind(): number {
    return Math.max(0, this.#heard + 1 - this.#due);
  }

  /** Begins to listen; waits for a store that is away. @throws HttpError 503 when it stays away */
  async start(): Promise<void> {
    const { redis, channel, signal } = this.#options;
    signal.addEventListener('abort', this.#onAbort, { once: true });
    if (!redis.hears(channel)) this.#mustFetch = true;
    const watch = (): Promise<() => void> => redis.watch(channel, (message) => this.#hear(message));
    this.#unwatch = await redis.insist(watch, INSIST_MS, signal);
  }

  stop(): void {
    this.#options.signal.removeEventListener('abort', this.#onAbort);
    this.#unwatch?.();
    for (const { done } of this.#waiting.splice(0)) done();
  }

  /** No more will come: what is there is read, and then it is over. */
  finish(): void {
    this.#isFinished = true;
    this.#wake();
  }

  /** Something may have been said that it did not hear. */
  lookAgain(): void {
    this.#mustFetch = true;
    this.#wake();
  }

  /** There is an event of that number, whether it was heard yet or not. */
  know(seq: number): void {
    if (seq <= this.#heard) return;
    if (this.behind === 0) this.#due = seq;
    this.#heard = seq;
  }

  /** Resolves when it has taken all up to there, or ends. */
  reached(seq: number): Promise<void> {
    return new Promise((done) => this.#waiting.push({ until: seq, done }));
  }

  async *read(): AsyncGenerator<LoggedEvent> {
    while (!this.#options.signal.aborted) {
      const next = this.#shift();
      if (next === undefined) {
        if (this.#mustFetch) yield* this.#fetch();
        else if (this.#isFinished || this.#at >= this.#endsAt) return;
        else await new Promise<void>((resolve) => (this.#wake = resolve));
      } else if (next.seq === this.#at + 1) {
        yield this.#toEvent(next);
        this.#take(next);
      } else if (next.seq > this.#at) {
        this.lookAgain();
      }
    }
  }

  async *#fetch(): AsyncGenerator<LoggedEvent> {
    this.#mustFetch = false;
    this.#forgetAhead();
    try {
      const marks = await this.#options.marks();
      this.#checkMarks(marks);
      if ((marks.last ?? 0) > this.#at) yield* this.#readPages();
      // Closed before it was asked how far it is: all that there is was read.
      if (marks.isClosed || this.#isUnknown(marks)) this.#isFinished = true;
    } catch (error) {
      if (!isAway(error)) throw error;
      // The stream stays open, and is looked at again when Redis is back.
      this.#mustFetch = true;
      await this.#options.redis.insist(() => this.#options.marks(), INSIST_MS, this.#options.signal);
    }
  }

  async *#readPages(): AsyncGenerator<LoggedEvent> {
    for (;;) {
      const page = await this.#readPage();
      for (const entry of page) {
        if (this.#options.signal.aborted) return;
        if (entry.stream === this.#options.stream && entry.seq > this.#at) {
          // The window moved on while it was being read.
          if (entry.seq > this.#at + 1) throw new StreamOverrun();
          yield this.#toEvent(entry);
        }
        this.#take(entry);
      }
      if (page.length < PAGE) return;
    }
  }

  #checkMarks({ last = 0, evicted, base }: Marks): void {
    if (evicted > this.#at) {
      const isMissing = this.behind > 0 && this.#due <= base;
      // Redis lost everything while this reader missed nothing: it goes on where numbers begin anew, of which it may have
      // heard already.
      if (evicted !== base || isMissing) throw new StreamOverrun();
      this.#at = evicted;
      this.#place = '-';
    }
    this.#heard = Math.max(this.#heard, last);
    this.#due = this.#at + 1;
  }

  // What nobody knows, and nobody here will go on with, has ended.
  #isUnknown({ last }: Marks): boolean {
    return last === undefined && !this.#options.isOwed();
  }

  async #readPage(): Promise<Entry[]> {
    const { redis, events } = this.#options;
    const from = this.#place === '-' ? '-' : `(${this.#place}`;
    const rows = (await redis.command('XRANGE', events, from, '+', 'COUNT', String(PAGE))) as [string, string[]][];
    return rows.map(([id, fields]) => {
      const [, stream = '', , seq = '', , kind = '', , data = ''] = fields;
      return { id, stream, seq: Number(seq), kind: kind as Entry['kind'], data };
    });
  }

  // `e<stream> <number> <entry> <kind> <data>` is an event, `c<stream> <number>` the end of a stream after that one.
  #hear(message: string): void {
    const [head = '', seq = ''] = message.slice(0, 64).split(' ', 2);
    if (head.slice(1) !== this.#options.stream) return;
    if (head.startsWith('c')) this.#endsAt = Number(seq);
    else if (head.startsWith('e')) this.#announced(message, Number(seq));
    else return;
    if (this.#heard < this.#endsAt && this.#endsAt !== Infinity) this.#mustFetch = true;
    this.#wake();
  }

  #announced(message: string, seq: number): void {
    const [, id = '', kind = '', data = ''] = /^\S+ \S+ (\S+) (\S+) (.*)$/s.exec(message) ?? [];
    this.know(seq);
    if (this.#aheadChars > MAX_AHEAD_CHARS) {
      this.#forgetAhead();
      this.#mustFetch = true;
    }
    if (this.#mustFetch) return;
    this.#aheadChars += data.length;
    this.#ahead.push({ seq, id, stream: this.#options.stream, kind: kind as Entry['kind'], data });
  }

  #shift(): Entry | undefined {
    const next = this.#ahead.shift();
    if (next !== undefined) this.#aheadChars -= next.data.length;
    return next;
  }

  #forgetAhead(): void {
    this.#ahead = [];
    this.#aheadChars = 0;
  }

  #take({ seq, id, stream, kind }: Entry): void {
    this.#place = id;
    if (stream !== this.#options.stream || kind === 'end') return;
    this.#at = Math.max(this.#at, seq);
    this.#due = Math.max(this.#due, this.#at + 1);
    if (this.#waiting.length === 0) return;
    const reached = this.#waiting.filter(({ until }) => until <= this.#at);
    this.#waiting = this.#waiting.filter(({ until }) => until > this.#at);
    for (const { done } of reached) done();
  }

  // Its place begins with when it was kept.
  #toEvent({ seq, id, data, kind }: Entry): LoggedEvent {
    const at = this.#options.toLocalTime(Number.parseInt(id, 10));
    return { cursor: String(seq), data, kind: kind as EventKind, at };
  }

  readonly #onAbort = (): void => this.#wake();
}

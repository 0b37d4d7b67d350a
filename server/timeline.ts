import { shortenSessionId } from '../transports/session-id.js';

export interface TimelineOptions {
  /** Of one session, and of all that came without one. */
  readonly perSession?: number;
  /** Of all together. */
  readonly total?: number;
}

/** Something that happened, and when. */
export interface TimelineItem {
  /** In ms since the epoch. */
  readonly at: number;
  /** `exchange`, or what else there is to tell. */
  readonly event: string;
  readonly facts: object;
}

/**
 * What happened lately, by session. A session costs nothing before something happened in it, one line is bounded, and so
 * is everything together: when there is too much, the lines lose their oldest half in turn. A session's line outlives
 * it: what led to an end is what one wants to read.
 */
export class Timeline {
  readonly #lines = new Map<string, Line>();
  /** Stays where it is: to look for the first line each time is to walk over all that were there before it. */
  #turns = this.#lines.entries();
  readonly #none: Line;
  readonly #perSession: number;
  readonly #total: number;
  readonly #listeners = new Set<(session: string | undefined, item: TimelineItem) => void>();
  #count = 0;

  constructor({ perSession = 200, total = 20_000 }: TimelineOptions = {}) {
    this.#perSession = perSession;
    this.#total = total;
    this.#none = new Line(perSession);
  }

  /** How many items are kept. */
  get size(): number {
    return this.#count + this.#none.size;
  }

  get isWatched(): boolean {
    return this.#listeners.size > 0;
  }

  /** Keeps what happened, and tells those who watch. @param session its whole id */
  add(session: string | undefined, event: string, facts: object, at = Date.now()): void {
    const item = { at, event, facts };
    if (session === undefined) this.#none.add(item);
    else {
      if (this.#line(session).add(item)) this.#count += 1;
      if (this.#count > this.#total) this.#makeRoom();
    }
    if (this.#listeners.size > 0) this.#tell(session, item);
  }

  /** Tells those who watch, and keeps nothing. */
  tell(session: string | undefined, event: string, facts: object): void {
    if (this.#listeners.size > 0) this.#tell(session, { at: Date.now(), event, facts });
  }

  /** Oldest first; empty for a session of which nothing is known. */
  of(session: string | undefined): TimelineItem[] {
    const line = session === undefined ? this.#none : this.#lines.get(session);
    return line?.items ?? [];
  }

  /** The latest of everything, oldest first. */
  latest(count: number): [session: string | undefined, item: TimelineItem][] {
    const all = [undefined, ...this.#lines.keys()].flatMap((session) =>
      this.of(session).map((item): [string | undefined, TimelineItem] => [session, item]),
    );
    return all.sort(([, one], [, other]) => one.at - other.at).slice(-count);
  }

  /** The newest item of a session. */
  lastOf(session: string): TimelineItem | undefined {
    return this.#lines.get(session)?.last;
  }

  /** The sessions something is known of, that are shortened to this. */
  find(shortened: string): string[] {
    return [...this.#lines.keys()].filter((id) => shortenSessionId(id) === shortened);
  }

  /** @returns what ends it */
  watch(listener: (session: string | undefined, item: TimelineItem) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #tell(session: string | undefined, item: TimelineItem): void {
    for (const listener of this.#listeners) listener(session, item);
  }

  #line(session: string): Line {
    let line = this.#lines.get(session);
    if (line === undefined) {
      line = new Line(this.#perSession);
      this.#lines.set(session, line);
    }
    return line;
  }

  // The line whose turn it is goes to the end of the queue, so that no session is always the one to lose.
  #makeRoom(): void {
    let turn = this.#turns.next();
    if (turn.done === true) {
      this.#turns = this.#lines.entries();
      turn = this.#turns.next();
    }
    if (turn.done === true) return;
    const [session, line] = turn.value;
    this.#count -= line.halve();
    this.#lines.delete(session);
    if (line.size > 0) this.#lines.set(session, line);
  }
}

/** The items of one session: when it is full, the newest takes the place of the oldest. */
class Line {
  #items: TimelineItem[] = [];
  #oldest = 0;
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#items.length;
  }

  /** Oldest first. */
  get items(): TimelineItem[] {
    return [...this.#items.slice(this.#oldest), ...this.#items.slice(0, this.#oldest)];
  }

  get last(): TimelineItem | undefined {
    return this.#items.at(this.#oldest - 1);
  }

  /** @returns whether there is one more now */
  add(item: TimelineItem): boolean {
    if (this.#items.length < this.#max) {
      this.#items.push(item);
      return true;
    }
    this.#items[this.#oldest] = item;
    this.#oldest = (this.#oldest + 1) % this.#max;
    return false;
  }

  /** Lets go of the oldest half. @returns how many that were */
  halve(): number {
    const gone = Math.ceil(this.#items.length / 2);
    this.#items = this.items.slice(gone);
    this.#oldest = 0;
    return gone;
  }
}

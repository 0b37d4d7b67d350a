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

interface Link extends TimelineItem {
  next: Link | undefined;
}

/** The items of one session, oldest first. */
interface Line {
  first: Link | undefined;
  last: Link | undefined;
  count: number;
}

/**
 * What happened lately, by session. A session costs nothing before something happened in it, one line is bounded, and so
 * is everything together: when there is too much, the lines lose their oldest half in turn. A session's line outlives
 * it: what led to an end is what one wants to read.
 */
export class Timeline {
  readonly #lines = new Map<string, Line>();
  readonly #none: Line = { first: undefined, last: undefined, count: 0 };
  readonly #perSession: number;
  readonly #total: number;
  readonly #listeners = new Set<(session: string | undefined, item: TimelineItem) => void>();
  #count = 0;

  constructor({ perSession = 200, total = 20_000 }: TimelineOptions = {}) {
    this.#perSession = perSession;
    this.#total = total;
  }

  /** How many items are kept. */
  get size(): number {
    return this.#count + this.#none.count;
  }

  get isWatched(): boolean {
    return this.#listeners.size > 0;
  }

  /** Keeps what happened, and tells those who watch. @param session its whole id */
  add(session: string | undefined, event: string, facts: object): void {
    const line = session === undefined ? this.#none : this.#line(session);
    const link: Link = { at: Date.now(), event, facts, next: undefined };
    if (line.last === undefined) line.first = link;
    else line.last.next = link;
    line.last = link;
    line.count += 1;
    if (line !== this.#none) this.#count += 1;
    if (line.count > this.#perSession) this.#drop(line);
    if (this.#count > this.#total) this.#makeRoom();
    if (this.#listeners.size > 0) this.#tell(session, itemOf(link));
  }

  /** Tells those who watch, and keeps nothing. */
  tell(session: string | undefined, event: string, facts: object): void {
    if (this.#listeners.size > 0) this.#tell(session, { at: Date.now(), event, facts });
  }

  /** Oldest first; empty for a session of which nothing is known. */
  of(session: string | undefined): TimelineItem[] {
    const line = session === undefined ? this.#none : this.#lines.get(session);
    const items: TimelineItem[] = [];
    for (let link = line?.first; link !== undefined; link = link.next) items.push(itemOf(link));
    return items;
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
    const link = this.#lines.get(session)?.last;
    return link && itemOf(link);
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
      line = { first: undefined, last: undefined, count: 0 };
      this.#lines.set(session, line);
    }
    return line;
  }

  #drop(line: Line): void {
    line.first = line.first?.next;
    line.count -= 1;
    if (line.first === undefined) line.last = undefined;
    if (line !== this.#none) this.#count -= 1;
  }

  // The line whose turn it is goes to the end of the queue, so that no session is always the one to lose.
  #makeRoom(): void {
    const [turn] = this.#lines;
    if (turn === undefined) return;
    const [session, line] = turn;
    for (let left = Math.ceil(line.count / 2); left > 0; left -= 1) this.#drop(line);
    this.#lines.delete(session);
    if (line.count > 0) this.#lines.set(session, line);
  }
}

function itemOf({ at, event, facts }: Link): TimelineItem {
  return { at, event, facts };
}

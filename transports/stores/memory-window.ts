import type { EventKind } from '../event-log.js';
import type { Window } from './memory-event-log.js';
import { type KeptEvent, MemoryStream } from './memory-stream.js';

/** What all windows together amount to. */
export interface Total {
  bytes: number;
}

/**
 * How many windows a session may fill with what a living reader has not been given yet. Only what nobody waits for is
 * let go at the window's bound: results that come together must not push each other out of a stream that is being read.
 */
const MAX_AHEAD = 8;
const MAX_EVENTS_AHEAD = 2;

/** The streams of one session and the bounds they share. */
export class SessionWindow {
  readonly #streams = new Map<string, MemoryStream>();
  readonly #limits: Window;
  readonly #total: Total;
  /** The kept events of all streams, oldest first: whose turn it is to lose one. Some are gone already. */
  #order: KeptEvent[] = [];
  #head = 0;
  #count = 0;
  #bytes = 0;
  #opened = 0;

  constructor(limits: Window, total: Total) {
    this.#limits = limits;
    this.#total = total;
  }

  append(name: string, data: string, kind: EventKind): void | Promise<void> {
    const stream = this.stream(name);
    const event = stream.push(data, kind);
    this.#order.push(event);
    this.#count += 1;
    this.#add(event.bytes);
    this.#trim();
    // Last: whoever is given it may do anything, also end the session.
    stream.feed();
    return stream.wait();
  }

  stream(name: string): MemoryStream {
    let stream = this.#streams.get(name);
    if (stream === undefined) {
      this.#opened += 1;
      if (this.#opened % 256 === 0) this.#forget((old) => old.isOver);
      stream = new MemoryStream(name, this.#limits);
      this.#streams.set(name, stream);
    }
    return stream;
  }

  find(name: string): MemoryStream | undefined {
    return this.#streams.get(name);
  }

  close(name: string): void {
    const stream = this.#streams.get(name);
    stream?.close();
    if (stream?.isOver === true) this.#streams.delete(name);
  }

  holds(name: string, after: number): boolean {
    const stream = this.#streams.get(name);
    return stream !== undefined && stream.evicted <= after && after <= stream.last;
  }

  get queued(): number {
    let queued = 0;
    for (const stream of this.#streams.values()) queued += stream.queued;
    return queued;
  }

  get streams(): number {
    return this.#streams.size;
  }

  evictBefore(time: number): void {
    for (let oldest = this.#oldest(); oldest !== undefined && oldest.at < time; oldest = this.#oldest()) {
      this.#evict(oldest);
    }
    this.#forget((stream) => stream.isSpent(time));
  }

  /** Lets go of the oldest event, whoever waits for it. @returns false when there is none */
  evictOldest(): boolean {
    const oldest = this.#oldest();
    if (oldest === undefined) return false;
    this.#evict(oldest);
    return true;
  }

  drop(): void {
    for (const stream of this.#streams.values()) stream.close();
    this.#streams.clear();
    this.#total.bytes -= this.#bytes;
    this.#bytes = 0;
  }

  // The newest event stays, whatever its size.
  #trim(): void {
    const { events, bytes } = this.#limits;
    while (this.#count > 1 && (this.#count > events || this.#bytes > bytes)) {
      const isFull = this.#count > MAX_EVENTS_AHEAD * events || this.#bytes > MAX_AHEAD * bytes;
      const oldest = this.#oldest(!isFull);
      if (oldest === undefined || (oldest.number === oldest.stream.last && oldest === this.#order.at(-1))) return;
      this.#evict(oldest);
    }
  }

  // With `isSparing` the oldest that nobody is on the way to.
  #oldest(isSparing = false): KeptEvent | undefined {
    for (let at = this.#head; at < this.#order.length; at += 1) {
      const event = this.#order[at];
      if (event === undefined) return undefined;
      const isGone = event.number <= event.stream.evicted;
      if (!isGone && !(isSparing && event.stream.isAwaited)) return event;
      if (isGone && at === this.#head) this.#head += 1;
    }
    return undefined;
  }

  #evict({ stream }: KeptEvent): void {
    this.#count -= 1;
    this.#add(-stream.shift());
    if (stream.isOver) this.#streams.delete(stream.name);
    const length = this.#order.length - this.#head;
    if (length > 64 && (length > 4 * this.#count || this.#head > length)) {
      this.#order = this.#order.slice(this.#head).filter((event) => event.number > event.stream.evicted);
      this.#head = 0;
    }
  }

  #forget(isOld: (stream: MemoryStream) => boolean): void {
    for (const [name, stream] of this.#streams) if (isOld(stream)) this.#streams.delete(name);
  }

  #add(bytes: number): void {
    this.#bytes += bytes;
    this.#total.bytes += bytes;
  }
}

import type { StreamEnd } from './observer.js';
import type { SseWriter, StreamSet } from './sse-writer.js';

/** Every open stream, kept alive by one timer. */
export class Streams implements StreamSet {
  readonly #writers = new Set<SseWriter>();
  /** Those that have ended, and whose clients have still to take the rest. */
  readonly #ended = new Set<SseWriter>();
  readonly #keepAliveMs: number;
  readonly #tickMs: number;
  #timer: NodeJS.Timeout | undefined;

  constructor({ keepAliveMs, stallMs }: { keepAliveMs: number; stallMs: number }) {
    this.#keepAliveMs = keepAliveMs;
    this.#tickMs = Math.max(10, Math.min(1000, keepAliveMs / 8, stallMs / 4));
  }

  get size(): number {
    return this.#writers.size;
  }

  [Symbol.iterator](): IterableIterator<SseWriter> {
    return this.#writers.values();
  }

  add(writer: SseWriter): void {
    this.#writers.add(writer);
    this.#timer ??= setInterval(() => this.#tick(), this.#tickMs).unref();
  }

  delete(writer: SseWriter): void {
    this.#writers.delete(writer);
    if (writer.isDelivering) {
      this.#ended.add(writer);
      writer.onDelivered(() => {
        this.#ended.delete(writer);
        this.#rest();
      });
    }
    this.#rest();
  }

  /** How many have ended, and are not delivered yet. */
  get delivering(): number {
    return this.#ended.size;
  }

  /** Ends them all, cleanly. */
  end(reason: StreamEnd, last?: (writer: SseWriter) => string | undefined): void {
    for (const writer of [...this.#writers]) writer.end(reason, last?.(writer));
  }

  // A comment comes early enough that the next look is still in time.
  #tick(): void {
    const now = performance.now();
    for (const writer of this.#writers) writer.tick(now, this.#keepAliveMs - 2 * this.#tickMs);
    for (const writer of this.#ended) writer.tick(now, Infinity);
  }

  #rest(): void {
    if (this.#writers.size > 0 || this.#ended.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

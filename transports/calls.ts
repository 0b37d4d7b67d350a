import type { Exchange } from './exchange.js';

export interface CallsOptions {
  readonly streamAfterMs: number;
  /** How long a call with a progress token may be without news. */
  readonly heartbeatMs: number;
}

/** Every call in flight, watched by one timer that stands still when there is none. */
export class Calls {
  readonly #calls = new Set<Exchange>();
  readonly #options: CallsOptions;
  readonly #tickMs: number;
  #timer: NodeJS.Timeout | undefined;
  #onIdle: (() => void)[] = [];

  constructor(options: CallsOptions) {
    this.#options = options;
    this.#tickMs = Math.max(5, Math.min(250, options.streamAfterMs / 4));
  }

  get size(): number {
    return this.#calls.size;
  }

  add(exchange: Exchange): void {
    this.#calls.add(exchange);
    // Left running while calls come and go; it stops itself when it finds nothing to do.
    this.#timer ??= setInterval(() => this.#tick(), this.#tickMs).unref();
  }

  delete(exchange: Exchange): void {
    this.#calls.delete(exchange);
    if (this.#calls.size > 0 || this.#onIdle.length === 0) return;
    const waiting = this.#onIdle;
    this.#onIdle = [];
    for (const resolve of waiting) resolve();
  }

  /** Resolves when no call is in flight. */
  idle(): Promise<void> {
    if (this.#calls.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#onIdle.push(resolve));
  }

  abortAll(cause: 'shutdown'): void {
    for (const exchange of [...this.#calls]) exchange.abort(cause);
  }

  [Symbol.iterator](): IterableIterator<Exchange> {
    return this.#calls.values();
  }

  /** Stops watching. For a server that has ended. */
  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #tick(): void {
    if (this.#calls.size === 0) return this.stop();
    const now = performance.now();
    for (const exchange of this.#calls) exchange.tick(now, this.#options);
  }
}

import type { RateLimiterAbstract } from 'rate-limiter-flexible';
import { rateLimiterPackage } from './rate-limiter-package.js';

/** So many in so many seconds. */
export interface RateLimit {
  readonly count: number;
  readonly seconds: number;
}

/** Makes the counters; another store can be put in its place. */
export type LimiterStore = (limit: RateLimit, name: string) => Pick<RateLimiterAbstract, 'consume' | 'get'>;

/** How many callers that need no proof are told apart; further ones share one count. */
const MAX_STRANGERS = 50_000;
const OTHERS = 'others';

export const memoryLimiters: LimiterStore = ({ count, seconds }, name) =>
  new (rateLimiterPackage().RateLimiterMemory)({ points: count, duration: seconds, keyPrefix: name });

/** Counts what each caller does. Remembers a bounded number of strangers, however many addresses they come from. */
export class RateLimiter {
  readonly #limiter: ReturnType<LimiterStore>;
  readonly #periodMs: number;
  readonly #maxStrangers: number;
  /** When each stranger is forgotten again, the soonest first. */
  #forgottenAt: number[] = [];
  #forgotten = 0;

  constructor(limit: RateLimit, { name, store = memoryLimiters, maxStrangers = MAX_STRANGERS }: RateLimiterOptions) {
    this.#limiter = store(limit, name);
    this.#periodMs = limit.seconds * 1000;
    this.#maxStrangers = maxStrangers;
  }

  /** How many seconds to wait; `undefined` when it was not too much. @throws what the store throws */
  async consume(key: string, amount: number, isStranger: boolean): Promise<number | undefined> {
    const counted = isStranger ? await this.#place(key) : key;
    try {
      const { isFirstInDuration } = await this.#limiter.consume(counted, amount);
      if (isStranger && isFirstInDuration) this.#remember();
      return undefined;
    } catch (refusal) {
      if (!(refusal instanceof rateLimiterPackage().RateLimiterRes)) throw refusal;
      if (isStranger && refusal.isFirstInDuration) this.#remember();
      return Math.max(1, Math.ceil(refusal.msBeforeNext / 1000));
    }
  }

  /** How many strangers are remembered. */
  get strangers(): number {
    this.#forget();
    return this.#forgottenAt.length - this.#forgotten;
  }

  async #place(key: string): Promise<string> {
    if (this.strangers < this.#maxStrangers) return key;
    return (await this.#limiter.get(key)) === null ? OTHERS : key;
  }

  #remember(): void {
    this.#forgottenAt.push(Date.now() + this.#periodMs);
  }

  #forget(): void {
    const now = Date.now();
    while ((this.#forgottenAt[this.#forgotten] ?? Infinity) <= now) this.#forgotten += 1;
    // Moved together now and then, not for each.
    if (this.#forgotten < 1024 && this.#forgotten < this.#forgottenAt.length) return;
    if (this.#forgotten === 0) return;
    this.#forgottenAt = this.#forgottenAt.slice(this.#forgotten);
    this.#forgotten = 0;
  }
}

export interface RateLimiterOptions {
  /** Sets its counters apart from others in the same store. */
  readonly name: string;
  readonly store?: LimiterStore | undefined;
  readonly maxStrangers?: number;
}

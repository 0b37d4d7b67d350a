import type { Counted } from '../transports/gate.js';
import type { Visit } from '../transports/visit.js';
import { clientAddress, networkOf } from './client-address.js';
import { type LimiterStore, type RateLimit, RateLimiter } from './rate-limit.js';

export interface RateLimitsOptions {
  readonly calls: RateLimit | undefined;
  readonly sessions: RateLimit | undefined;
  readonly trustProxy: number;
  readonly store?: LimiterStore | undefined;
  /** Hears, once, of what looks like a proxy that nobody told us of. */
  readonly onHint: (hint: string) => void;
}

/** How much one caller may do: by principal where callers prove who they are, by network address where they do not. */
export class RateLimits {
  readonly #options: RateLimitsOptions;
  readonly #limiters: Readonly<Record<Counted, RateLimiter | undefined>>;
  #hasHinted = false;

  constructor(options: RateLimitsOptions) {
    const { calls, sessions, store } = options;
    this.#options = options;
    this.#limiters = {
      calls: calls && new RateLimiter(calls, { name: 'calls', store }),
      sessions: sessions && new RateLimiter(sessions, { name: 'sessions', store }),
    };
  }

  /** How many seconds the caller should wait; `undefined` when it may go on. */
  async count(what: Counted, visit: Visit, amount: number): Promise<number | undefined> {
    const limiter = this.#limiters[what];
    if (limiter === undefined) return undefined;
    const { principal, req } = visit;
    if (!principal.isAnonymous) return limiter.consume(`principal ${principal.id}`, amount, false);
    const network = networkOf(clientAddress(req, this.#options.trustProxy));
    const seconds = await limiter.consume(`network ${network}`, amount, true);
    if (seconds !== undefined) this.#hint(visit);
    return seconds;
  }

  #hint({ req }: Visit): void {
    if (this.#hasHinted || this.#options.trustProxy > 0 || req.headers['x-forwarded-for'] === undefined) return;
    this.#hasHinted = true;
    this.#options.onHint(
      'A caller over its rate limit came with X-Forwarded-For: if there is a proxy in front, all its clients share one limit until TRUST_PROXY says how many there are',
    );
  }
}

import { type RedisConnection, RedisScript } from '../transports/stores/redis-connection.js';
import type { LimiterStore } from './rate-limit.js';
import { rateLimiterPackage } from './rate-limiter-package.js';

/** Counters that all instances share. While Redis is away each instance counts for itself: nobody is let through uncounted. */
export function redisLimiters(redis: RedisConnection): LimiterStore {
  const storeClient = new LimiterClient(redis);
  return ({ count, seconds }, name) => {
    const { RateLimiterMemory, RateLimiterRedis } = rateLimiterPackage();
    const limit = { points: count, duration: seconds };
    return new RateLimiterRedis({
      ...limit,
      storeClient,
      useRedisPackage: true,
      keyPrefix: redis.key('r', name),
      insuranceLimiter: new RateLimiterMemory({ ...limit, keyPrefix: name }),
    });
  };
}

/** What the limiter asks of a client, asked on the connection that is there already and knows when Redis hangs. */
class LimiterClient {
  readonly #redis: RedisConnection;
  readonly #scripts = new Map<string, RedisScript>();

  constructor(redis: RedisConnection) {
    this.#redis = redis;
  }

  eval(source: string, { keys, arguments: args }: { keys: string[]; arguments: string[] }): Promise<unknown> {
    const script = this.#scripts.get(source) ?? new RedisScript('count a call', source);
    this.#scripts.set(source, script);
    return this.#redis.run(script, keys, args);
  }

  /** Reads a counter and how long it lives. */
  multi(): LimiterRead {
    return new LimiterRead(this.#redis);
  }
}

const READ = new RedisScript('look at a count', `return { redis.call('GET', KEYS[1]), redis.call('PTTL', KEYS[1]) }`);

class LimiterRead {
  readonly #redis: RedisConnection;
  #key = '';

  constructor(redis: RedisConnection) {
    this.#redis = redis;
  }

  get(key: string): this {
    this.#key = key;
    return this;
  }

  pTTL(): this {
    return this;
  }

  exec(): Promise<unknown> {
    return this.#redis.run(READ, [this.#key], []);
  }
}

import { randomBytes } from 'node:crypto';
import type { RedisConnection } from './redis-connection.js';

export interface InstanceTimes {
  /** How often an instance says that it lives. */
  readonly beatMs: number;
  /** After how long a silence it counts as dead. */
  readonly deadAfterMs: number;
}

const DEFAULT_TIMES: InstanceTimes = { beatMs: 1000, deadAfterMs: 5000 };

/** Which instances live. Each says so now and then; whoever has been silent too long is dead, once. */
export class RedisInstances {
  readonly id = randomBytes(6).toString('hex');
  readonly #redis: RedisConnection;
  readonly #times: InstanceTimes;
  readonly #onDeath = new Set<(instance: string) => void>();
  #known = new Set<string>();
  #timer: NodeJS.Timeout | undefined;

  constructor(redis: RedisConnection, times: InstanceTimes = DEFAULT_TIMES) {
    this.#redis = redis;
    this.#times = times;
  }

  /** @throws HttpError 503 when the store does not answer */
  async start(): Promise<void> {
    await this.#beat();
    this.#timer = setInterval(() => void this.#beat().catch(() => undefined), this.#times.beatMs).unref();
  }

  /** Says goodbye, so that nobody has to wait for what will not come. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#redis.command('DEL', this.#key(this.id)).catch(() => undefined);
    await this.#redis.command('SREM', this.#redis.key('instances'), this.id).catch(() => undefined);
  }

  async isAlive(instance: string): Promise<boolean> {
    return instance === this.id || (await this.#redis.command('EXISTS', this.#key(instance))) === 1;
  }

  onDeath(listener: (instance: string) => void): void {
    this.#onDeath.add(listener);
  }

  async #beat(): Promise<void> {
    await this.#redis.command('SET', this.#key(this.id), '1', 'PX', String(this.#times.deadAfterMs));
    await this.#redis.command('SADD', this.#redis.key('instances'), this.id);
    const members = (await this.#redis.command('SMEMBERS', this.#redis.key('instances'))) as Iterable<string>;
    const now = new Set(members);
    const gone = [...this.#known].filter((instance) => !now.has(instance));
    for (const instance of now) {
      if (await this.isAlive(instance)) continue;
      now.delete(instance);
      await this.#redis.command('SREM', this.#redis.key('instances'), instance);
      gone.push(instance);
    }
    this.#known = now;
    for (const instance of gone) for (const listener of this.#onDeath) listener(instance);
  }

  #key(instance: string): string {
    return this.#redis.key('i', instance);
  }
}

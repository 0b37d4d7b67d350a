import { randomInt } from 'node:crypto';
import { type RedisConnection, RedisScript } from './redis-connection.js';

const BEAT = new RedisScript(
  'beat',
  `
redis.call('HINCRBY', KEYS[1], ARGV[1], 1)
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return { redis.call('TIME'), redis.call('HGETALL', KEYS[1]) }
`,
);

// Only if it has still not said a word: who is quickest to bury must not bury the living.
const REMOVE = new RedisScript(
  'bury',
  `
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
return redis.call('HDEL', KEYS[1], ARGV[1])
`,
);

export interface InstanceTimes {
  /** How often an instance says that it lives. */
  readonly beatMs: number;
  /** How many beats of ours another may miss before it counts as dead. */
  readonly missedBeats: number;
}

const DEFAULT_TIMES: InstanceTimes = { beatMs: 1000, missedBeats: 5 };
const TTL_MS = 3_600_000;
const MAX_DEAD = 1000;

interface Pulse {
  beats: string;
  missed: number;
}

/**
 * Which instances live. Each counts up now and then; one whose count stands still while ours goes on is dead, once. No
 * clock decides: when the store itself was away, everybody was silent, and nobody dies of it.
 */
export class RedisInstances {
  /** What names this instance among all, in keys and in the names of streams. */
  readonly id = createInstanceId();
  readonly #redis: RedisConnection;
  readonly #times: InstanceTimes;
  readonly #onDeath = new Set<(instance: string) => void>();
  readonly #others = new Map<string, Pulse>();
  readonly #dead = new Set<string>();
  /** How far the clock of Redis is ahead of this process's `performance.now()`; `NaN` before anybody knows. */
  #ahead = NaN;
  #timer: NodeJS.Timeout | undefined;
  #stopHearing = (): void => undefined;

  constructor(redis: RedisConnection, times: InstanceTimes = DEFAULT_TIMES) {
    this.#redis = redis;
    this.#times = times;
  }

  /** Begins to say that it lives. Never rejects: a store that is away is told as soon as it is there. */
  async start(): Promise<void> {
    const beat = (): Promise<void> => this.#beat().catch(() => undefined);
    this.#timer = setInterval(() => void beat(), this.#times.beatMs).unref();
    // Whoever was away may have been buried or forgotten. Only said: who comes back often must not count others out.
    this.#stopHearing = this.#redis.onReturn(() => void this.#say().catch(() => undefined));
    await beat();
  }

  /** Says goodbye, and no more that it lives. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#stopHearing();
    await this.#redis.command('HDEL', this.#key, this.id).catch(() => undefined);
  }

  /** Whether others live. One that came since the last beat is not known yet, so Redis is asked, if it answers. */
  async hasOthers(): Promise<boolean> {
    if (this.#others.size > 0) return true;
    const listed = await this.#redis.command('HKEYS', this.#key).catch(() => []);
    return (listed as string[]).some((instance) => instance !== this.id);
  }

  /** Whether there is such an instance, as far as is known. @throws HttpError 503 when the store does not answer */
  async isThere(instance: string): Promise<boolean> {
    if (instance === this.id || this.#others.has(instance)) return true;
    return (await this.#redis.command('HEXISTS', this.#key, instance)) === 1;
  }

  /**
   * Whether an instance has died for certain. One that nobody knows is waited for first: a store that has forgotten all
   * has forgotten the living too. Whoever asks hears of it then.
   * @throws HttpError 503 when the store does not answer
   */
  async isDead(instance: string): Promise<boolean> {
    if (this.#dead.has(instance)) return true;
    if (!(await this.isThere(instance))) this.#others.set(instance, { beats: '', missed: 0 });
    return false;
  }

  /** What `performance.now()` was here when it was that time at Redis, in ms since the epoch; `NaN` when nobody knows. */
  toLocalTime(redisMs: number): number {
    return redisMs - this.#ahead;
  }

  onDeath(listener: (instance: string) => void): void {
    this.#onDeath.add(listener);
  }

  async #beat(): Promise<void> {
    const askedAt = performance.now();
    const [[seconds, micros], counts] = await this.#say();
    this.#ahead = Number(seconds) * 1000 + Number(micros) / 1000 - (askedAt + performance.now()) / 2;
    const seen = new Map<string, string>();
    for (let i = 0; i + 1 < counts.length; i += 2) seen.set(counts[i] ?? '', counts[i + 1] ?? '');
    seen.delete(this.id);
    for (const [instance, beats] of seen) {
      this.#dead.delete(instance);
      if (this.#others.get(instance)?.beats !== beats) this.#others.set(instance, { beats, missed: 0 });
      else await this.#miss(instance);
    }
    // One that is no longer listed has said goodbye, was buried by another, or the store has forgotten it.
    for (const instance of [...this.#others.keys()]) if (!seen.has(instance)) await this.#miss(instance);
  }

  async #say(): Promise<[[string, string], string[]]> {
    return (await this.#redis.run(BEAT, [this.#key], [this.id, TTL_MS])) as [[string, string], string[]];
  }

  async #miss(instance: string): Promise<void> {
    const pulse = this.#others.get(instance);
    if (pulse === undefined) return;
    pulse.missed += 1;
    if (pulse.missed < this.#times.missedBeats) return;
    await this.#redis.run(REMOVE, [this.#key], [instance, pulse.beats]);
    this.#others.delete(instance);
    this.#dead.add(instance);
    for (const oldest of this.#dead) if (this.#dead.size > MAX_DEAD) this.#dead.delete(oldest);
    for (const listener of this.#onDeath) listener(instance);
  }

  get #key(): string {
    return this.#redis.key('instances');
  }
}

/** Eight letters and digits: short enough for the names of streams, long enough never to come twice. */
function createInstanceId(): string {
  return Array.from({ length: 8 }, () => randomInt(36).toString(36)).join('');
}

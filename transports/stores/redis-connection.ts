import { createHash } from 'node:crypto';
import type { createClient } from 'redis';
import { HttpError, unavailable } from '../http.js';
import { redisPackage } from './redis-package.js';
import { RedisSubscriptions } from './redis-subscriptions.js';

export interface RedisOptions {
  readonly url: string;
  /** What every key and channel begins with. */
  readonly prefix: string;
  /** How long an answer may take before the store counts as away. */
  readonly timeoutMs?: number;
  /** How long it may be silent before its connections are made anew. */
  readonly dropAfterMs?: number;
  readonly onFault?: (error: unknown, where: string) => void;
  /** A command or script was answered, or was not, after that long. The names are few, and ours. */
  readonly onAnswered?: (operation: string, ms: number, isOk: boolean) => void;
}

type Client = ReturnType<typeof createClient>;

const MAX_BACKOFF_MS = 2000;
const WATCH_MS = 1000;

/** What needs the right to run scripts and to write, and room. KEYS probe */
const PROBE = "redis.call('SET', KEYS[1], 1, 'PX', 1000)";

/** A piece of Lua that Redis runs in one step. */
export class RedisScript {
  readonly sha: string;

  constructor(
    readonly name: string,
    readonly source: string,
  ) {
    this.sha = createHash('sha1').update(source).digest('hex');
  }
}

/**
 * The one pair of connections of a process: one asks, one listens. Comes back by itself, ever more patiently. A store
 * that hangs is as far away as one that is gone: who asks is told within the timeout, and from then on at once. So is
 * one that refuses us, because it is full for example, until it does so no more.
 */
export class RedisConnection {
  readonly prefix: string;
  readonly #database: number;
  readonly #client: Client;
  readonly #subscriber: Client;
  readonly #subscriptions: RedisSubscriptions;
  readonly #timeoutMs: number;
  readonly #dropAfterMs: number;
  readonly #onFault: (error: unknown, where: string) => void;
  readonly #onAnswered: (operation: string, ms: number, isOk: boolean) => void;
  readonly #onReturn = new Set<() => void>();
  #watchdog: NodeJS.Timeout | undefined;
  #isSilent = false;
  /** What Redis has against serving us at the moment. */
  #refusal: Error | undefined;
  #isClosed = false;

  constructor({
    url,
    prefix,
    timeoutMs = 2000,
    dropAfterMs = 10_000,
    onFault = () => undefined,
    onAnswered = () => undefined,
  }: RedisOptions) {
    this.prefix = prefix;
    this.#database = Number(new URL(url).pathname.slice(1));
    this.#timeoutMs = timeoutMs;
    this.#dropAfterMs = dropAfterMs;
    this.#onFault = onFault;
    this.#onAnswered = onAnswered;
    const reconnectStrategy = (tries: number): number => Math.min(50 * 2 ** Math.min(tries, 10), MAX_BACKOFF_MS);
    // Waiting in a queue for a store that is away would make clients wait; they are told to come back instead.
    this.#client = redisPackage().createClient({
      url,
      RESP: 2,
      disableOfflineQueue: true,
      socket: { reconnectStrategy, connectTimeout: timeoutMs },
    });
    this.#subscriber = this.#client.duplicate({ disableOfflineQueue: false });
    this.#subscriptions = new RedisSubscriptions(this.#subscriber);
    this.#client.on('error', (error: unknown) => onFault(error, 'redis'));
    this.#subscriber.on('error', (error: unknown) => onFault(error, 'redis subscriber'));
    this.#client.on('ready', () => {
      this.#isSilent = false;
      this.#refusal = undefined;
      this.#announce();
    });
    this.#subscriber.on('ready', () => this.#announce());
  }

  /**
   * Resolves when both connections stand, or when that takes longer than a moment: a server can begin without its store
   * and serve what needs none.
   * @throws Error when Redis refuses us. Nothing is tried any more then
   */
  async connect(): Promise<void> {
    try {
      await this.#connect();
      await this.#refuseCluster();
      await this.#introduce();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  async #connect(): Promise<void> {
    const both = Promise.all([this.#client.connect(), this.#subscriber.connect()]);
    this.#watchdog = setInterval(() => this.#watch(), WATCH_MS).unref();
    let timer: NodeJS.Timeout | undefined;
    const moment = new Promise<void>((resolve) => (timer = setTimeout(resolve, 2 * this.#timeoutMs)));
    const refused = new Promise<never>((_resolve, reject) => {
      this.#client.on('error', (error: unknown) => {
        const refusal = this.#toRefusal(error);
        if (refusal !== undefined) reject(refusal);
      });
    });
    refused.catch(() => undefined);
    both.catch(() => undefined);
    try {
      await Promise.race([both, moment, refused]);
    } finally {
      clearTimeout(timer);
    }
  }

  // Where no password is given nothing is refused before something is asked.
  async #introduce(): Promise<void> {
    if (!this.isReady) return;
    await this.#probe().catch(ignoreAway);
    const unwatch = await this.watch(this.channel('probe'), () => undefined).catch(ignoreAway);
    unwatch?.();
    const refusal = this.#toRefusal(this.#refusal);
    if (refusal !== undefined) throw refusal;
  }

  /** Whether commands are answered, as far as is known. */
  get isAnswering(): boolean {
    return this.#client.isReady && !this.#isSilent && this.#refusal === undefined;
  }

  /** Whether commands are answered and channels are heard. */
  get isReady(): boolean {
    return this.isAnswering && this.#subscriber.isReady;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  key(...parts: string[]): string {
    return `${this.prefix}${parts.join(':')}`;
  }

  /** Channels know no databases: what is said in one must not be heard in another. */
  channel(...parts: string[]): string {
    return this.key(this.#database === 0 ? '' : `${this.#database}/`) + parts.join(':');
  }

  /** @throws HttpError 503 when the store does not answer */
  command(...args: [string, ...string[]]): Promise<unknown> {
    return this.#ask(args[0].toLowerCase(), args);
  }

  /** Runs a script, by its digest when Redis knows it. @throws HttpError 503 when the store does not answer */
  async run(script: RedisScript, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown> {
    const rest = [String(keys.length), ...keys, ...args.map(String)];
    try {
      return await this.#ask(script.name, ['EVALSHA', script.sha, ...rest]);
    } catch (error) {
      if (!isUnknownScript(error)) throw error;
      return await this.#ask(script.name, ['EVAL', script.source, ...rest]);
    }
  }

  /**
   * Says something again and again until it is said. Whoever says it so must not mind that it may be heard twice: a lost
   * reply cannot be told from a lost command.
   * @throws HttpError 503 when it could not be said in time; what Redis has against it
   */
  async insist<T>(say: () => Promise<T>, forMs: number, signal?: AbortSignal): Promise<T> {
    const giveUpAt = performance.now() + forMs;
    for (;;) {
      try {
        return await say();
      } catch (error) {
        const isOver = this.#isClosed || signal?.aborted === true || performance.now() >= giveUpAt;
        if (!isAway(error) || isOver) throw error;
        await this.#untilBack(signal);
      }
    }
  }

  /** Whether a channel is being heard, so that nothing said from now on is missed. */
  hears(channel: string): boolean {
    return this.#subscriber.isReady && this.#subscriptions.has(channel);
  }

  /** Hears a channel. Resolves when Redis has been told. @throws HttpError 503 when the store does not answer */
  async watch(channel: string, listener: (message: string) => void): Promise<() => void> {
    if (!this.#subscriber.isReady) throw away();
    const { told, unwatch } = this.#subscriptions.watch(channel, listener);
    if (told === undefined) return unwatch;
    try {
      await this.#within(told);
    } catch (error) {
      unwatch();
      throw error;
    }
    return unwatch;
  }

  /** Called whenever both connections stand again: what was kept or said meanwhile may be lost. @returns what ends it */
  onReturn(listener: () => void): () => void {
    this.#onReturn.add(listener);
    return () => this.#onReturn.delete(listener);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearInterval(this.#watchdog);
    this.#client.destroy();
    this.#subscriber.destroy();
    this.#announce();
  }

  async #ask(operation: string, args: string[]): Promise<unknown> {
    if (!this.isAnswering) {
      this.#onAnswered(operation, 0, false);
      throw away();
    }
    const askedAt = performance.now();
    try {
      const answer = await this.#within(this.#client.sendCommand(args));
      this.#onAnswered(operation, performance.now() - askedAt, true);
      return answer;
    } catch (error) {
      if (!isUnknownScript(error)) this.#onAnswered(operation, performance.now() - askedAt, false);
      throw error;
    }
  }

  #announce(): void {
    if (this.isReady || this.#isClosed) for (const listener of [...this.#onReturn]) listener();
  }

  // A store that hangs closes nothing, so it is asked for a sign of life now and then; one that refused us, whether it
  // still does.
  #watch(): void {
    if (this.#client.isReady && !this.#isSilent) {
      const asked = this.#refusal === undefined ? this.#within(this.#client.sendCommand(['PING'])) : this.#probe();
      asked.catch(() => undefined);
    }
    if (this.#subscriber.isReady) void this.#subscriptions.check(this.#dropAfterMs);
  }

  async #probe(): Promise<void> {
    const asked = [
      ['EVAL', PROBE, '1', this.key('probe')],
      ['PUBLISH', this.channel('probe'), ''],
    ].map((command) => this.#client.sendCommand(command));
    await this.#within(Promise.all(asked));
    if (this.#refusal === undefined) return;
    this.#refusal = undefined;
    this.#announce();
  }

  async #within<T>(answer: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => {
        this.#fallSilent(answer);
        reject(away());
      }, this.#timeoutMs);
    });
    try {
      return await Promise.race([answer, late]);
    } catch (error) {
      if (!(error instanceof redisPackage().ErrorReply)) throw away();
      if (isFaultOfOurs(error)) throw error;
      if (this.#refusal === undefined) this.#onFault(error, 'redis');
      this.#refusal = error;
      throw away();
    } finally {
      clearTimeout(timer);
    }
  }

  // From now on nobody waits, until the answer that is late comes after all, or the connection is made anew.
  #fallSilent(answer: Promise<unknown>): void {
    if (this.#isSilent || this.#isClosed) return;
    this.#isSilent = true;
    const drop = setTimeout(() => void this.#reconnect(), this.#dropAfterMs).unref();
    const heard = (): void => {
      clearTimeout(drop);
      if (!this.#isSilent || !this.#client.isReady) return;
      this.#isSilent = false;
      this.#announce();
    };
    answer.then(heard, (error: unknown) => {
      // What was asked of the connection that listens ends with that one: whether the other answers is asked anew.
      if (error instanceof redisPackage().ErrorReply || this.#client.isReady) heard();
      else clearTimeout(drop);
    });
  }

  async #reconnect(): Promise<void> {
    if (this.#isClosed) return;
    this.#client.destroy();
    // It tells of its failures by itself, and goes on trying; it gives up only when it is closed.
    await this.#client.connect().catch(() => undefined);
  }

  #untilBack(signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        stop();
        clearTimeout(timer);
        signal?.removeEventListener('abort', done);
        resolve();
      };
      const stop = this.onReturn(done);
      const timer = setTimeout(done, 500);
      signal?.addEventListener('abort', done, { once: true });
    });
  }

  // What only who runs the server can mend. What Redis says holds no secret.
  #toRefusal(error: unknown): Error | undefined {
    if (!(error instanceof Error)) return undefined;
    const [, mend] = REFUSALS.find(([said]) => said.test(error.message)) ?? [];
    if (mend === undefined) return undefined;
    return new Error(`REDIS_URL cannot be used: Redis says "${error.message}": ${mend(this.prefix)}`);
  }

  // Scripts and limits span keys that a cluster would keep apart.
  async #refuseCluster(): Promise<void> {
    if (!this.isAnswering) return;
    // Who may not ask for it is refused nothing that we need.
    const asked: Promise<unknown> = this.#client.sendCommand(['INFO', 'cluster']).catch(() => '');
    const info = await this.#within(asked).catch(() => '');
    if (String(info).includes('cluster_enabled:1'))
      throw new Error('REDIS_URL is a Redis Cluster: one Redis is needed');
  }
}

const REFUSALS: readonly (readonly [RegExp, (prefix: string) => string])[] = [
  [
    /^(NOAUTH|WRONGPASS|ERR AUTH)\b/,
    () => 'set it to redis://user:password@host with a user and password that Redis knows',
  ],
  [/^NOPERM\b/, (prefix) => `give its user the rights ~${prefix}* &${prefix}* +@all -@dangerous`],
  [/^ERR (invalid )?DB index\b/, () => 'let it end with the number of a database that Redis has, or with none'],
];

/** Whether an error only says that the store could not be asked. */
export function isAway(error: unknown): boolean {
  return error instanceof HttpError && error.status === 503;
}

function ignoreAway(error: unknown): undefined {
  if (!isAway(error)) throw error;
}

// Redis was started anew, or never heard of it.
function isUnknownScript(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('NOSCRIPT');
}

// Redis loads, is a replica now, is full, is busy: it cannot serve us at the moment. What is left is what we said wrong.
function isFaultOfOurs(error: Error): boolean {
  return /^(ERR|WRONGTYPE|NOSCRIPT|CROSSSLOT|MOVED)\b/.test(error.message);
}

function away(): Error {
  return unavailable('store', 'The session store does not answer');
}

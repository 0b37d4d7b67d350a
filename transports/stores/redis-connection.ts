import { createHash } from 'node:crypto';
import { createClient } from 'redis';
import { unavailable } from '../http.js';

export interface RedisOptions {
  readonly url: string;
  /** What every key and channel begins with. */
  readonly prefix: string;
  /** How long an answer may take before the store counts as away. */
  readonly timeoutMs?: number;
  readonly onFault?: (error: unknown, where: string) => void;
}

type Listener = (message: string) => void;

const MAX_BACKOFF_MS = 2000;

/** A piece of Lua that Redis runs in one step. */
export class RedisScript {
  readonly sha: string;

  constructor(readonly source: string) {
    this.sha = createHash('sha1').update(source).digest('hex');
  }
}

/** The one pair of connections of a process: one asks, one listens. Comes back by itself, ever more patiently. */
export class RedisConnection {
  readonly prefix: string;
  readonly #client: ReturnType<typeof createClient>;
  readonly #subscriber: ReturnType<typeof createClient>;
  readonly #timeoutMs: number;
  readonly #listeners = new Map<string, Set<Listener>>();
  readonly #onReady = new Set<() => void>();
  #commands = 0;
  #isClosed = false;

  constructor({ url, prefix, timeoutMs = 2000, onFault = () => undefined }: RedisOptions) {
    this.prefix = prefix;
    this.#timeoutMs = timeoutMs;
    const reconnectStrategy = (tries: number): number => Math.min(50 * 2 ** Math.min(tries, 10), MAX_BACKOFF_MS);
    // Waiting in a queue for a store that is away would make clients wait; they are told to come back instead.
    this.#client = createClient({
      url,
      disableOfflineQueue: true,
      pingInterval: 5000,
      socket: { reconnectStrategy, connectTimeout: timeoutMs },
    });
    this.#subscriber = this.#client.duplicate({ disableOfflineQueue: false });
    this.#client.on('error', (error: unknown) => onFault(error, 'redis'));
    this.#subscriber.on('error', (error: unknown) => onFault(error, 'redis subscriber'));
    const announce = (): void => {
      if (this.isReady) for (const listener of this.#onReady) listener();
    };
    this.#client.on('ready', announce);
    this.#subscriber.on('ready', announce);
  }

  /** @throws Error when the first connection cannot be made */
  async connect(): Promise<void> {
    await Promise.all([this.#client.connect(), this.#subscriber.connect()]);
  }

  get isReady(): boolean {
    return this.#client.isReady && this.#subscriber.isReady;
  }

  /** How many commands were sent, for whoever counts the cost. */
  get commands(): number {
    return this.#commands;
  }

  key(...parts: string[]): string {
    return `${this.prefix}${parts.join(':')}`;
  }

  /** @throws HttpError 503 when the store does not answer */
  async command(...args: string[]): Promise<unknown> {
    if (!this.#client.isReady) throw away();
    this.#commands += 1;
    return this.#within(this.#client.sendCommand(args));
  }

  /** Runs a script, by its digest when Redis knows it. @throws HttpError 503 when the store does not answer */
  async run(script: RedisScript, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown> {
    const rest = [String(keys.length), ...keys, ...args.map(String)];
    try {
      return await this.command('EVALSHA', script.sha, ...rest);
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
      return await this.command('EVAL', script.source, ...rest);
    }
  }

  /** Hears a channel. Resolves when Redis has been told. @throws HttpError 503 when the store does not answer */
  async watch(channel: string, listener: Listener): Promise<() => void> {
    const listeners = this.#listeners.get(channel) ?? new Set();
    const isFirst = listeners.size === 0;
    listeners.add(listener);
    this.#listeners.set(channel, listeners);
    const unwatch = (): void => this.#unwatch(channel, listener);
    if (!isFirst) return unwatch;
    try {
      if (!this.#subscriber.isReady) throw away();
      await this.#within(this.#subscriber.subscribe(channel, this.#receive));
    } catch (error) {
      unwatch();
      throw error;
    }
    return unwatch;
  }

  /** Called whenever both connections stand again. @returns what ends it */
  onReady(listener: () => void): () => void {
    this.#onReady.add(listener);
    return () => this.#onReady.delete(listener);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#client.destroy();
    this.#subscriber.destroy();
  }

  readonly #receive = (message: string, channel: string): void => {
    for (const listener of [...(this.#listeners.get(channel) ?? [])]) listener(message);
  };

  #unwatch(channel: string, listener: Listener): void {
    const listeners = this.#listeners.get(channel);
    listeners?.delete(listener);
    if (listeners === undefined || listeners.size > 0) return;
    this.#listeners.delete(channel);
    // What cannot be said now is forgotten with the connection.
    if (!this.#isClosed) this.#subscriber.unsubscribe(channel).catch(() => undefined);
  }

  async #within<T>(answer: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(away()), this.#timeoutMs);
    });
    try {
      return await Promise.race([answer, late]);
    } catch (error) {
      // What Redis itself says is a fault of ours; everything else means that it cannot be reached.
      throw isReply(error) ? error : away();
    } finally {
      clearTimeout(timer);
    }
  }
}

function isReply(error: unknown): boolean {
  return error instanceof Error && /^[A-Z]{2,} /.test(error.message);
}

function away(): Error {
  return unavailable('The session store does not answer');
}

import { isAway, type RedisConnection, RedisScript } from './redis-connection.js';

// Each is announced with the one before it, so that whoever missed some knows.
const APPEND = new RedisScript(
  'feed',
  `
local before = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
local id = redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[2], '*', 'd', ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
redis.call('PUBLISH', ARGV[4], (before and before[1] or '0-0') .. ' ' .. id .. ' ' .. ARGV[1])
return id
`,
);

const MAX_ENTRIES = 1000;
const TTL_MS = 600_000;

interface News {
  readonly before: string;
  readonly id: string;
  readonly entry: string;
}

/**
 * News for other instances that outlives a lost connection: kept for a while and announced, so that who was away reads
 * what it missed. Each entry is heard once, in order, by everybody who listens.
 */
export class RedisFeed {
  readonly #redis: RedisConnection;
  readonly #name: string;
  readonly #onEntry: (entry: string) => void;
  #last = '0-0';
  /** What was announced while the missed was being read. */
  #meanwhile: News[] | undefined;
  #isBehind = false;

  constructor(redis: RedisConnection, name: string, onEntry: (entry: string) => void) {
    this.#redis = redis;
    this.#name = name;
    this.#onEntry = onEntry;
  }

  /** Adds an entry to the feed of that name. @throws HttpError 503 when the store does not answer */
  static async append(redis: RedisConnection, name: string, entry: string): Promise<void> {
    await redis.run(APPEND, [redis.key(name)], [entry, MAX_ENTRIES, TTL_MS, redis.channel(name)]);
  }

  /** Hears what is added from now on. @throws HttpError 503 when the store does not answer */
  async start(): Promise<void> {
    await this.#redis.watch(this.#redis.channel(this.#name), this.#onMessage);
    const [newest] = (await this.#redis.command('XREVRANGE', this.#key, '+', '-', 'COUNT', '1')) as [string][];
    if (newest !== undefined && isAfter(newest[0], this.#last)) this.#last = newest[0];
    this.#redis.onReturn(this.#onReturn);
  }

  get #key(): string {
    return this.#redis.key(this.#name);
  }

  // The same functions each time: a start that fails is tried again.
  readonly #onMessage = (message: string): void => this.#hear(parseNews(message));
  readonly #onReturn = (): void => void this.#catchUp();

  #hear(news: News): void {
    if (this.#meanwhile !== undefined) this.#meanwhile.push(news);
    else if (isAfter(news.before, this.#last)) void this.#catchUp();
    else this.#take(news.id, news.entry);
  }

  #take(id: string, entry: string): void {
    if (!isAfter(id, this.#last)) return;
    this.#last = id;
    this.#onEntry(entry);
  }

  async #catchUp(): Promise<void> {
    this.#isBehind = true;
    if (this.#meanwhile !== undefined) return;
    const meanwhile: News[] = [];
    this.#meanwhile = meanwhile;
    try {
      while (this.#isBehind) {
        this.#isBehind = false;
        const rows = (await this.#redis.command('XRANGE', this.#key, `(${this.#last}`, '+')) as [string, string[]][];
        for (const [id, [, entry = '']] of rows) this.#take(id, entry);
      }
    } catch (error) {
      // Gone again: there will be another return, and all of it is read then.
      if (!isAway(error)) throw error;
      return;
    } finally {
      this.#meanwhile = undefined;
    }
    for (const news of meanwhile) this.#hear(news);
  }
}

function parseNews(message: string): News {
  const [before = '', id = ''] = message.split(' ', 2);
  return { before, id, entry: message.slice(before.length + id.length + 2) };
}

function isAfter(id: string, other: string): boolean {
  const [ms = 0, n = 0] = id.split('-').map(Number);
  const [otherMs = 0, otherN = 0] = other.split('-').map(Number);
  return ms > otherMs || (ms === otherMs && n > otherN);
}

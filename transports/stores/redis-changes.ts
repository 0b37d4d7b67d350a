import type { Change, Changes } from '../../protocol/changes.js';
import type { RedisConnection } from './redis-connection.js';
import { RedisFeed } from './redis-feed.js';

/** What travels between instances. Of a task only its name: what it is, is read where tasks are kept. */
type Relayed = Exclude<Change, { readonly kind: 'task' }> | { readonly kind: 'task'; readonly taskId: string };

export interface RedisChangesOptions {
  readonly changes: Changes;
  /** This instance. */
  readonly instance: string;
  /** What a task is by now, as its subscribers are told; `undefined` for one nobody knows. */
  readonly describeTask: (taskId: string) => Promise<object | undefined>;
}

const FEED = 'changes';
const CARRY_FOR_MS = 60_000;
const MAX_UNSAID = 1000;

/** Carries changes to the other instances and theirs here. */
export class RedisChanges {
  readonly #redis: RedisConnection;
  readonly #options: RedisChangesOptions;
  readonly #feed: RedisFeed;
  /** What is still to be said. The same change twice is one piece of news. */
  readonly #unsaid = new Map<string, Relayed>();
  #isRelaying = false;
  #isSaying = false;

  constructor(redis: RedisConnection, options: RedisChangesOptions) {
    this.#redis = redis;
    this.#options = options;
    this.#feed = new RedisFeed(redis, FEED, (entry) => void this.#receive(entry));
    options.changes.subscribe((change) => {
      if (!this.#isRelaying) this.#say(change.kind === 'task' ? { kind: 'task', taskId: change.taskId } : change);
    });
  }

  /** @throws HttpError 503 when the store does not answer */
  start(): Promise<void> {
    return this.#feed.start();
  }

  #say(change: Relayed): void {
    if (this.#unsaid.size >= MAX_UNSAID) return;
    this.#unsaid.set(JSON.stringify(change), change);
    if (!this.#isSaying) void this.#sayAll();
  }

  async #sayAll(): Promise<void> {
    this.#isSaying = true;
    for (const [key, change] of this.#unsaid) {
      this.#unsaid.delete(key);
      const entry = JSON.stringify({ from: this.#options.instance, change });
      // Heard twice is no harm; never heard after a minute is old news: clients fetch lists again when they need them.
      const said = this.#redis.insist(() => RedisFeed.append(this.#redis, FEED, entry), CARRY_FOR_MS);
      await said.catch(() => undefined);
    }
    this.#isSaying = false;
  }

  async #receive(entry: string): Promise<void> {
    const { from, change } = JSON.parse(entry) as { from: string; change: Relayed };
    if (from === this.#options.instance) return;
    if (change.kind !== 'task') return this.#publish(change);
    const task = await this.#options.describeTask(change.taskId).catch(() => undefined);
    if (task !== undefined) this.#publish({ ...change, task });
  }

  #publish(change: Change): void {
    this.#isRelaying = true;
    try {
      this.#options.changes.publish(change);
    } finally {
      this.#isRelaying = false;
    }
  }
}

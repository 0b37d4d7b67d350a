import type { Change, Changes } from '../../protocol/changes.js';
import type { RedisConnection } from './redis-connection.js';

/** Carries changes to the other instances and theirs here. */
export class RedisChanges {
  readonly #redis: RedisConnection;
  readonly #changes: Changes;
  readonly #from: string;
  #isRelaying = false;

  constructor(redis: RedisConnection, changes: Changes, instance: string) {
    this.#redis = redis;
    this.#changes = changes;
    this.#from = instance;
  }

  /** @throws HttpError 503 when the store does not answer */
  async start(): Promise<void> {
    await this.#redis.watch(this.#channel, (message) => this.#receive(message));
    this.#changes.subscribe((change) => {
      if (this.#isRelaying) return;
      // News that cannot be carried now is old when it could be: clients fetch lists again when they need them.
      this.#redis
        .command('PUBLISH', this.#channel, JSON.stringify({ from: this.#from, change }))
        .catch(() => undefined);
    });
  }

  #receive(message: string): void {
    const { from, change } = JSON.parse(message) as { from: string; change: Change };
    if (from === this.#from) return;
    this.#isRelaying = true;
    try {
      this.#changes.publish(change);
    } finally {
      this.#isRelaying = false;
    }
  }

  get #channel(): string {
    return this.#redis.key('changes');
  }
}

import { createHash } from 'node:crypto';
import type { Changes } from '../../protocol/changes.js';
import { ErrorCode } from '../../protocol/errors.js';
import type { PostedTask, TaskBoard, TaskWord } from '../task-board.js';
import { isAway, type RedisConnection, RedisScript } from './redis-connection.js';
import { RedisFeed } from './redis-feed.js';
import type { RedisInstances } from './redis-instances.js';

// What has ended stays as it ended: an instance that was taken for dead comes too late.
// KEYS task running [list]. ARGV json isTerminal ttlMs id createdAt
const POST = new RedisScript(
  'post task',
  `
if redis.call('HGET', KEYS[1], 'e') == '1' then return 0 end
redis.call('HSET', KEYS[1], 'd', ARGV[1], 'e', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
if KEYS[3] then
  redis.call('ZADD', KEYS[3], ARGV[5], ARGV[4])
  redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', tonumber(ARGV[5]) - tonumber(ARGV[3]))
  redis.call('PEXPIRE', KEYS[3], ARGV[3])
end
if ARGV[2] == '1' then redis.call('SREM', KEYS[2], ARGV[4])
else
  redis.call('SADD', KEYS[2], ARGV[4])
  if redis.call('PTTL', KEYS[2]) < tonumber(ARGV[3]) then redis.call('PEXPIRE', KEYS[2], ARGV[3]) end
end
return 1
`,
);

export interface RedisTaskBoardOptions {
  readonly instances: RedisInstances;
  readonly changes: Changes;
  /** How long a task is kept. */
  readonly ttlMs: number;
  readonly onFault: (error: unknown, where: string) => void;
}

/** How long a task waits until others know how it is by now. */
const PATIENCE_MS = 2500;

/** The tasks of all instances, as their instances told of them. */
export class RedisTaskBoard implements TaskBoard {
  readonly #redis: RedisConnection;
  readonly #options: RedisTaskBoardOptions;
  readonly #inbox: RedisFeed;
  /** How tasks are by now that Redis was not told yet. */
  readonly #unsaid = new Map<string, PostedTask>();
  readonly #saying = new Map<string, Promise<void>>();
  #onWord: (taskId: string, word: TaskWord) => void = () => undefined;
  #onEnd: (task: PostedTask) => void = () => undefined;

  constructor(redis: RedisConnection, options: RedisTaskBoardOptions) {
    this.#redis = redis;
    this.#options = options;
    this.#inbox = new RedisFeed(redis, this.#inboxOf(this.owner), (entry) => {
      const { taskId, word } = JSON.parse(entry) as { taskId: string; word: TaskWord };
      this.#onWord(taskId, word);
    });
    options.instances.onDeath((instance) => void this.#bury(instance).catch(this.#tell));
  }

  get owner(): string {
    return this.#options.instances.id;
  }

  /** @throws HttpError 503 when the store does not answer */
  start(): Promise<void> {
    return this.#inbox.start();
  }

  async post(task: PostedTask): Promise<void> {
    this.#unsaid.set(task.id, task);
    const saying = this.#saying.get(task.id) ?? this.#say(task.id);
    // A store that is away, or goes away just now, is told later; the task goes on here meanwhile.
    if (!this.#redis.isAnswering) return;
    let timer: NodeJS.Timeout | undefined;
    await Promise.race([saying, new Promise((resolve) => (timer = setTimeout(resolve, PATIENCE_MS)))]);
    clearTimeout(timer);
  }

  async get(id: string): Promise<PostedTask | undefined> {
    const task = await this.#read(id);
    if (task === undefined) return undefined;
    const isAsItWas = task.isTerminal || !(await this.#options.instances.isDead(task.owner));
    return isAsItWas ? task : this.#fail(task);
  }

  async idsOf(list: string): Promise<readonly string[]> {
    return (await this.#redis.command('ZRANGE', this.#listKey(list), '0', '-1')) as string[];
  }

  async tell(task: PostedTask, word: TaskWord): Promise<void> {
    if (task.isTerminal) return;
    await RedisFeed.append(this.#redis, this.#inboxOf(task.owner), JSON.stringify({ taskId: task.id, word }));
  }

  onWord(listener: (taskId: string, word: TaskWord) => void): void {
    this.#onWord = listener;
  }

  onEnd(listener: (task: PostedTask) => void): void {
    this.#onEnd = listener;
  }

  // One after the other, and only the newest of what is still to be said.
  #say(id: string): Promise<void> {
    const saying = (async (): Promise<void> => {
      for (let task = this.#unsaid.get(id); task !== undefined; task = this.#unsaid.get(id)) {
        this.#unsaid.delete(id);
        const newest = task;
        await this.#redis.insist(async () => {
          const isWritten = await this.#write(this.#unsaid.get(id) ?? newest);
          const ended = isWritten ? undefined : await this.#read(id);
          if (ended !== undefined) this.#onEnd(ended);
        }, this.#options.ttlMs);
      }
    })()
      .catch(this.#tell)
      .finally(() => this.#saying.delete(id));
    this.#saying.set(id, saying);
    return saying;
  }

  async #read(id: string): Promise<PostedTask | undefined> {
    const json = await this.#redis.command('HGET', this.#redis.key('t', id), 'd');
    return typeof json === 'string' ? (JSON.parse(json) as PostedTask) : undefined;
  }

  async #write(task: PostedTask): Promise<boolean> {
    const keys = [this.#redis.key('t', task.id), this.#runningOf(task.owner)];
    if (task.list !== undefined) keys.push(this.#listKey(task.list));
    const args = [JSON.stringify(task), task.isTerminal ? 1 : 0, this.#options.ttlMs, task.id, task.createdAt];
    return (await this.#redis.run(POST, keys, args)) === 1;
  }

  async #bury(instance: string): Promise<void> {
    for (const id of (await this.#redis.command('SMEMBERS', this.#runningOf(instance))) as string[]) {
      const task = await this.#read(id);
      if (task !== undefined) await this.#fail(task);
    }
  }

  async #fail(task: PostedTask): Promise<PostedTask> {
    const { inputRequests: _requests, ...summary } = task.description;
    const failed: PostedTask = {
      ...task,
      isTerminal: true,
      description: {
        ...summary,
        status: 'failed',
        lastUpdatedAt: new Date().toISOString(),
        error: { code: ErrorCode.internalError, message: 'The server that ran this task is gone' },
      },
    };
    if (await this.#write(failed)) {
      this.#options.changes.publish({ kind: 'task', taskId: task.id, task: failed.description });
    }
    return failed;
  }

  // Hashed: the name of a principal may be long, and may be somebody's.
  #listKey(list: string): string {
    return this.#redis.key('tl', createHash('sha256').update(list).digest('base64url'));
  }

  #runningOf(instance: string): string {
    return this.#redis.key('ts', instance);
  }

  #inboxOf(instance: string): string {
    return `ti:${instance}`;
  }

  readonly #tell = (error: unknown): void => {
    if (!isAway(error)) this.#options.onFault(error, 'tasks');
  };
}

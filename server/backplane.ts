import type { Changes } from '../protocol/changes.js';
import type { EventLog } from '../transports/event-log.js';
import type { SessionStore } from '../transports/session-store.js';
import type { TaskBoard } from '../transports/task-board.js';
import { MemoryEventLog } from '../transports/stores/memory-event-log.js';
import { MemorySessionStore } from '../transports/stores/memory-session-store.js';
import { RedisChanges } from '../transports/stores/redis-changes.js';
import { isAway, RedisConnection } from '../transports/stores/redis-connection.js';
import { RedisEventLog } from '../transports/stores/redis-event-log.js';
import { RedisInstances } from '../transports/stores/redis-instances.js';
import { RedisPeers } from '../transports/stores/redis-peers.js';
import { RedisTaskBoard } from '../transports/stores/redis-task-board.js';
import { RedisSessionStore } from '../transports/stores/redis-session-store.js';
import { lifeOf } from '../transports/shared-life.js';
import type { ServerSettings } from './options.js';
import type { LimiterStore } from './rate-limit.js';
import { redisLimiters } from './redis-limiters.js';
import type { Others } from './shared-view.js';

/** Where sessions and their events are kept: in this process, or where all instances find them. */
export interface Backplane {
  readonly store: SessionStore;
  readonly log: EventLog;
  /** Where tasks are known to other instances, where there are any. */
  readonly tasks: TaskBoard | undefined;
  /** Where callers are counted together, where there are other instances. */
  readonly limiters: LimiterStore | undefined;
  /** What an operator asks the other instances, where there are any. */
  readonly others: Others | undefined;
  /** @throws Error when it cannot be reached */
  start(): Promise<void>;
  isReady(): boolean;
  /** Whether other instances live, as far as can be told. Never rejects. */
  hasOthers(): Promise<boolean>;
  stop(): Promise<void>;
}

export interface BackplaneOptions {
  readonly settings: ServerSettings;
  readonly changes: Changes;
  readonly onFault: (error: unknown, where: string) => void;
  /** The shared store answered, or did not. */
  readonly onAnswered: (operation: string, ms: number, isOk: boolean) => void;
}

/** How long what is still to be said may take when the server ends. */
const SETTLE_MS = 5000;

export function createBackplane(options: BackplaneOptions): Backplane {
  const { redisUrl } = options.settings;
  return redisUrl === undefined ? createLocal(options) : createShared(redisUrl, options);
}

function createLocal({ settings }: BackplaneOptions): Backplane {
  return {
    store: new MemorySessionStore(),
    log: new MemoryEventLog({ ...windowOf(settings), totalBytes: settings.replayTotalBytes }),
    tasks: undefined,
    limiters: undefined,
    others: undefined,
    start: () => Promise.resolve(),
    isReady: () => true,
    hasOthers: () => Promise.resolve(false),
    stop: () => Promise.resolve(),
  };
}

function createShared(url: string, { settings, changes, onFault, onAnswered }: BackplaneOptions): Backplane {
  const redis = new RedisConnection({ url, prefix: settings.redisPrefix, onFault, onAnswered });
  const instances = new RedisInstances(redis);
  const store = new RedisSessionStore(redis, instances);
  const ttlMs = Math.max(settings.replayMs, settings.legacyResumeMs) * 2;
  const revive = (session: string): Promise<boolean> => store.doubt(session);
  const log = new RedisEventLog(redis, { window: windowOf(settings), ttlMs, instances, revive, onFault });
  const tasks = new RedisTaskBoard(redis, { instances, changes, ttlMs: settings.taskTtlMs, onFault });
  const describeTask = async (taskId: string): Promise<object | undefined> => (await tasks.get(taskId))?.description;
  const relay = new RedisChanges(redis, { changes, instance: instances.id, describeTask });
  const peers = new RedisPeers(redis, instances.id);
  const start = once(async () => {
    await redis.connect();
    await instances.start();
    const listen = (): Promise<unknown> => Promise.all([store.start(), relay.start(), tasks.start(), peers.start()]);
    try {
      await listen();
    } catch (error) {
      if (!isAway(error)) throw error;
      // Whatever cannot be heard yet is listened to as soon as Redis is there.
      const listening = redis.insist(listen, Infinity);
      listening.catch((reason: unknown) => redis.isClosed || onFault(reason, 'redis'));
    }
    redis.onReturn(() => void comeBack().catch((error: unknown) => onFault(error, 'redis')));
  });
  // First the sessions, so that what is said next finds them.
  const comeBack = async (): Promise<void> => {
    await redis.insist(() => store.doubt(), settings.replayMs);
    await log.comeBack();
  };
  return {
    store,
    log,
    tasks,
    limiters: redisLimiters(redis),
    others: {
      instance: instances.id,
      ask: (question) => peers.ask(question),
      answerWith: (answer) => peers.answerWith(answer),
      tell: (news) => peers.tell(news),
      onNews: (listener) => peers.onNews(listener),
      sessions: (limit) => store.list(limit),
      count: () => store.count(),
      lifeOf: (door) => lifeOf(door, settings),
    },
    start,
    isReady: () => redis.isReady,
    hasOthers: () => instances.hasOthers(),
    async stop() {
      await log.settle(SETTLE_MS);
      await instances.stop();
      redis.close();
    },
  };
}

function once(run: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  return () => (running ??= run());
}

function windowOf({ replayEvents, replayBytes, replayMs }: ServerSettings): {
  events: number;
  bytes: number;
  ms: number;
} {
  return { events: replayEvents, bytes: replayBytes, ms: replayMs };
}

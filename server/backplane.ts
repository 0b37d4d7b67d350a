import type { Changes } from '../protocol/changes.js';
import type { EventLog } from '../transports/event-log.js';
import type { SessionStore } from '../transports/session-store.js';
import { MemoryEventLog } from '../transports/stores/memory-event-log.js';
import { MemorySessionStore } from '../transports/stores/memory-session-store.js';
import { RedisChanges } from '../transports/stores/redis-changes.js';
import { RedisConnection } from '../transports/stores/redis-connection.js';
import { RedisEventLog } from '../transports/stores/redis-event-log.js';
import { RedisInstances } from '../transports/stores/redis-instances.js';
import { RedisSessionStore } from '../transports/stores/redis-session-store.js';
import type { ServerSettings } from './options.js';

/** Where sessions and their events are kept: in this process, or where all instances find them. */
export interface Backplane {
  readonly store: SessionStore;
  readonly log: EventLog;
  /** The connections behind it, where there are any. */
  readonly redis: RedisConnection | undefined;
  /** @throws Error when it cannot be reached */
  start(): Promise<void>;
  isReady(): boolean;
  stop(): Promise<void>;
}

export interface BackplaneOptions {
  readonly settings: ServerSettings;
  readonly changes: Changes;
  readonly onFault: (error: unknown, where: string) => void;
}

export function createBackplane(options: BackplaneOptions): Backplane {
  const { redisUrl } = options.settings;
  return redisUrl === undefined ? createLocal(options) : createShared(redisUrl, options);
}

function createLocal({ settings }: BackplaneOptions): Backplane {
  return {
    store: new MemorySessionStore(),
    log: new MemoryEventLog(windowOf(settings)),
    redis: undefined,
    start: () => Promise.resolve(),
    isReady: () => true,
    stop: () => Promise.resolve(),
  };
}

function createShared(url: string, { settings, changes, onFault }: BackplaneOptions): Backplane {
  const redis = new RedisConnection({ url, prefix: settings.redisPrefix, onFault });
  const instances = new RedisInstances(redis);
  const store = new RedisSessionStore(redis);
  const ttlMs = Math.max(settings.replayMs, settings.legacyResumeMs) * 2;
  const log = new RedisEventLog(redis, { window: windowOf(settings), ttlMs, instances });
  const relay = new RedisChanges(redis, changes, instances.id);
  let isStarted = false;
  return {
    store,
    log,
    redis,
    async start() {
      if (isStarted) return;
      isStarted = true;
      await redis.connect();
      await instances.start();
      await relay.start();
    },
    isReady: () => redis.isReady,
    async stop() {
      await instances.stop();
      redis.close();
    },
  };
}

function windowOf({ replayEvents, replayBytes, replayMs }: ServerSettings): {
  events: number;
  bytes: number;
  ms: number;
} {
  return { events: replayEvents, bytes: replayBytes, ms: replayMs };
}

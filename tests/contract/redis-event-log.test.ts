import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll } from '@jest/globals';
import { ANONYMOUS } from '../../protocol/call.js';
import { UNKNOWN_CLIENT } from '../../protocol/call.js';
import { RedisConnection } from '../../transports/stores/redis-connection.js';
import { RedisEventLog } from '../../transports/stores/redis-event-log.js';
import { RedisInstances } from '../../transports/stores/redis-instances.js';
import { RedisSessionStore } from '../../transports/stores/redis-session-store.js';
import { describeWith } from '../support/cluster/programs.js';
import { RedisServer } from '../support/cluster/redis.js';
import { eventLogContract } from './event-log.js';

describeWith(['redis-server'], 'redis', () => {
  let server: RedisServer;

  beforeAll(async () => {
    server = await RedisServer.start({ isDurable: false });
  });

  afterAll(() => server.close());

  eventLogContract('redis', async (window) => {
    const redis = new RedisConnection({ url: server.url, prefix: `${randomUUID()}:` });
    await redis.connect();
    const instances = new RedisInstances(redis);
    await instances.start();
    const store = new RedisSessionStore(redis, instances);
    const log = new RedisEventLog(redis, {
      window,
      ttlMs: 60_000,
      instances,
      revive: () => Promise.resolve(false),
      onFault: (error) => {
        throw error;
      },
    });
    return {
      log,
      async openSession() {
        const id = randomUUID();
        await store.create(recordOf(id), { maxSessions: 1000, maxSessionsPerPrincipal: 1000 }, 60_000);
        return id;
      },
      async close() {
        await log.settle(1000);
        await instances.stop();
        redis.close();
      },
    };
  });
});

function recordOf(id: string) {
  return {
    id,
    door: 'streamable' as const,
    principal: ANONYMOUS,
    createdAt: 0,
    revision: '2025-11-25' as const,
    client: UNKNOWN_CLIENT,
    isInitialized: true,
    logLevel: 'info' as const,
    subscriptions: new Set<string>(),
    hasMainStream: false,
    mainCursor: '0',
    isCarrier: false,
  };
}

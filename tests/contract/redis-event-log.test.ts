import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { ANONYMOUS } from '../../protocol/call.js';
import { UNKNOWN_CLIENT } from '../../protocol/call.js';
import { START, StreamOverrun } from '../../transports/event-log.js';
import type { Window } from '../../transports/stores/memory-event-log.js';
import { RedisConnection } from '../../transports/stores/redis-connection.js';
import { RedisEventLog } from '../../transports/stores/redis-event-log.js';
import { RedisInstances } from '../../transports/stores/redis-instances.js';
import { keysOf } from '../../transports/stores/redis-keys.js';
import { RedisSessionStore } from '../../transports/stores/redis-session-store.js';
import { within } from '../support/clients/within.js';
import { describeWith } from '../support/cluster/programs.js';
import { RedisServer } from '../support/cluster/redis.js';
import { until } from '../support/cluster/until.js';
import { PacedReader } from '../support/paced-reader.js';
import { eventLogContract } from './event-log.js';

const WINDOW: Window = { events: 20, bytes: 10_000, ms: 60_000 };
const WAIT_MS = 10_000;

describeWith(['redis-server'], 'redis', () => {
  let server: RedisServer;

  beforeAll(async () => {
    server = await RedisServer.start({ isDurable: false });
  });

  afterAll(() => server.close());

  async function make(window: Window, prefix = `${randomUUID()}:`) {
    const redis = new RedisConnection({ url: server.url, prefix });
    await redis.connect();
    const instances = new RedisInstances(redis, { beatMs: 50, missedBeats: 5 });
    await instances.start();
    const store = new RedisSessionStore(redis, instances);
    const log = new RedisEventLog(redis, {
      window,
      ttlMs: 60_000,
      instances,
      revive: (session) => store.restore(recordOf(session), 60_000),
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
      /** The calls of a session whose response is owed, as they are kept. */
      owed: (session: string) => redis.command('HKEYS', keysOf(redis, session).calls),
      forgetOwed: (session: string) => redis.command('DEL', keysOf(redis, session).calls),
      /** Leaves out that many numbers of a stream. @returns the last of them */
      async skip(session: string, stream: string, count: number): Promise<number> {
        return Number(await redis.command('HINCRBY', keysOf(redis, session).meta, `l:${stream}`, String(count)));
      },
      async close() {
        await log.settle(1000);
        await instances.stop();
        redis.close();
      },
    };
  }

  eventLogContract('redis', (window) => make(window));

  describe('the event log of two instances', () => {
    const open: (() => Promise<void> | void)[] = [];

    afterEach(async () => {
      for (const close of open.splice(0)) await close();
    });

    async function makeTwo(window = WINDOW) {
      const prefix = `${randomUUID()}:`;
      const [here, there] = [await make(window, prefix), await make(window, prefix)];
      open.push(here.close, there.close);
      return { here, there, session: await here.openSession() };
    }

    /** What is read of a stream, from its beginning. */
    function follow({ log }: { readonly log: RedisEventLog }, session: string, stream: string) {
      const reader = new PacedReader(log, session, stream, START);
      open.unshift(() => reader.stop());
      return async (): Promise<string | undefined> => {
        const { value } = await within(WAIT_MS, `the next event of ${stream}`, reader.next());
        return value?.data;
      };
    }

    it('owes again what Redis has forgotten when it comes back, but not what is just being answered', async () => {
      const { here, session } = await makeTwo();
      for (const id of [1, 2, 3]) await here.log.expect(session, 'm', id);
      // Redis knows the script from here on, so that the answer is the first that it hears below.
      await here.log.append(session, 'm', 'progress', 'progress');
      await here.forgetOwed(session);
      const answered = here.log.append(session, 'm', 'an answer', 'response', 1);
      const cancelled = here.log.release(session, 'm', 2);
      await Promise.all([here.log.comeBack(), answered, cancelled]);
      expect(await here.owed(session)).toEqual(['m 3']);
    });

    it('says of each call of a batch that its instance died before its stream ends', async () => {
      const { here, there, session } = await makeTwo();
      for (const id of [1, 2, 3]) await here.log.expect(session, 'p1', id);
      await here.log.append(session, 'p1', 'progress', 'progress');
      const next = follow(there, session, 'p1');
      expect(await next()).toBe('progress');
      await here.close();
      const ids: unknown[] = [];
      for (let data = await next(); data !== undefined; data = await next()) ids.push(JSON.parse(data).id);
      expect(ids.sort()).toEqual([1, 2, 3]);
    });

    it('goes on when Redis forgets everything and no connection is lost', async () => {
      const { here, there, session } = await makeTwo();
      await here.log.expect(session, 'p1', 1);
      const nexts = ['m', 'p1'].flatMap((stream) => [follow(here, session, stream), follow(there, session, stream)]);
      for (const stream of ['m', 'p1']) await here.log.append(session, stream, `${stream} before`, 'message');
      for (const next of nexts) expect(await next()).toMatch('before');
      const waiting = nexts.map((next) => next());
      await server.ask('FLUSHALL');
      for (const stream of ['m', 'p1']) await here.log.append(session, stream, `${stream} after`, 'message');
      expect(await Promise.all(waiting)).toEqual(['m after', 'm after', 'p1 after', 'p1 after']);
      // And so do streams that begin only now.
      await here.log.expect(session, 'p2', 2);
      const next = follow(here, session, 'p2');
      await here.log.append(session, 'p2', 'an answer', 'response', 2);
      await here.log.close(session, 'p2');
      expect([await next(), await next()]).toEqual(['an answer', undefined]);
    });

    it('never gives a number twice, though Redis forgets a busy session again and again', async () => {
      const { here, session } = await makeTwo();
      const cursors: number[] = [];
      for (let n = 0; n < 3; n += 1) {
        await here.log.append(session, 'm', 'an event', 'message');
        // As if a thousand more had been said since, within the moment this takes.
        cursors.push(await here.skip(session, 'm', 1000));
        await server.ask('FLUSHALL');
      }
      await here.log.append(session, 'm', 'an event', 'message');
      cursors.push(Number(await here.log.oldest(session, 'm')));
      expect(cursors).toEqual(cursors.toSorted((one, other) => one - other));
    });

    it('tells a reader when Redis has forgotten what was still to be read', async () => {
      const { here, there, session } = await makeTwo({ ...WINDOW, bytes: 10_000_000 });
      const next = follow(there, session, 'm');
      await here.log.append(session, 'm', 'first', 'message');
      expect(await next()).toBe('first');
      // More than a reader keeps at hand.
      for (let n = 0; n < 4; n += 1) await here.log.append(session, 'm', 'x'.repeat(200_000), 'message');
      await until(() => there.log.queued(session) === 5);
      await server.ask('FLUSHALL');
      await here.log.append(session, 'm', 'last', 'message');
      await expect(next()).rejects.toThrow(StreamOverrun);
    });
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

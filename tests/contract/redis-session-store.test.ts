import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { ANONYMOUS } from '../../protocol/call.js';
import { Session } from '../../transports/session.js';
import type { SessionSignal } from '../../transports/session-store.js';
import { RedisConnection } from '../../transports/stores/redis-connection.js';
import { RedisInstances } from '../../transports/stores/redis-instances.js';
import { RedisSessionStore } from '../../transports/stores/redis-session-store.js';
import { describeWith } from '../support/cluster/programs.js';
import { RedisServer } from '../support/cluster/redis.js';
import { until } from '../support/cluster/until.js';
import { sessionStoreContract } from './session-store.js';

const LIMITS = { maxSessions: 2, maxSessionsPerPrincipal: 2 };

describeWith(['redis-server'], 'redis', () => {
  let server: RedisServer;

  beforeAll(async () => {
    server = await RedisServer.start({ isDurable: false });
  });

  afterAll(() => server.close());

  async function make(prefix = `${randomUUID()}:`, database = 0) {
    const redis = new RedisConnection({ url: `${server.url}/${database}`, prefix });
    await redis.connect();
    const instances = new RedisInstances(redis);
    await instances.start();
    const store = new RedisSessionStore(redis, instances);
    await store.start();
    const close = async (): Promise<void> => {
      await instances.stop();
      redis.close();
    };
    return { store, close };
  }

  function session(store: RedisSessionStore): Session {
    return new Session(randomUUID(), 'streamable', ANONYMOUS, {
      tag: store.tag,
      save: () => undefined,
      detached: () => undefined,
      announce: () => 0,
      signal: () => undefined,
      deliver: () => undefined,
    });
  }

  sessionStoreContract('redis', () => make());

  it('lets a session expire, and its place be taken', async () => {
    const { store, close } = await make();
    for (let n = 0; n < 2; n += 1) expect(await store.create(session(store), LIMITS, 100)).toBe('created');
    expect(await store.create(session(store), LIMITS, 100)).toBe('full');
    await sleep(150);
    expect(await store.count()).toBe(0);
    expect(await store.create(session(store), LIMITS, 100)).toBe('created');
    await close();
  });

  it('tells the others, not itself, what changed and what ended, and says how many it told', async () => {
    const prefix = `${randomUUID()}:`;
    const [here, there] = [await make(prefix), await make(prefix)];
    const one = session(here.store);
    await here.store.create(one, LIMITS, 10_000);
    const heard: SessionSignal[] = [];
    const own: SessionSignal[] = [];
    await here.store.watch(one, (signal) => own.push(signal));
    await there.store.watch(one, (signal) => heard.push(signal));
    one.subscriptions.add('a:1');
    await here.store.save(one);
    expect(await here.store.delete(one, 'deleted')).toBe(1);
    await until(() => heard.length === 2);
    expect(heard).toEqual([
      { kind: 'changed', change: { subscribed: ['a:1'], unsubscribed: [] } },
      { kind: 'closed', reason: 'deleted' },
    ]);
    expect(own).toEqual([]);
    await Promise.all([here.close(), there.close()]);
  });

  it('tells nobody in another database, where an instance and a session may have the same names', async () => {
    const prefix = `${randomUUID()}:`;
    const [here, there, alone] = [await make(prefix, 1), await make(prefix, 1), await make(prefix, 2)];
    const one = session(here.store);
    await here.store.create(one, LIMITS, 10_000);
    await alone.store.create(one, LIMITS, 10_000);
    const [heard, own]: SessionSignal[][] = [[], []];
    await there.store.watch(one, (signal) => heard?.push(signal));
    await alone.store.watch(one, (signal) => own?.push(signal));
    await here.store.signal(one.id, { kind: 'cancel', requestId: 1 });
    expect(await here.store.delete(one, 'deleted')).toBe(1);
    await until(() => heard?.length === 2);
    expect(own).toEqual([]);
    await Promise.all([here, there, alone].map(({ close }) => close()));
  });

  it('keeps what two change at the same time', async () => {
    const prefix = `${randomUUID()}:`;
    const [here, there] = [await make(prefix), await make(prefix)];
    const one = session(here.store);
    await here.store.create(one, LIMITS, 10_000);
    const other = new Session(one.id, 'streamable', ANONYMOUS, {
      tag: there.store.tag,
      save: () => undefined,
      detached: () => undefined,
      announce: () => 0,
      signal: () => undefined,
      deliver: () => undefined,
    });
    await here.store.watch(one, () => undefined);
    await there.store.watch(other, () => undefined);
    one.subscriptions.add('a:1');
    other.subscriptions.add('a:2');
    other.logLevel = 'error';
    await Promise.all([here.store.save(one), there.store.save(other)]);
    const kept = (await here.store.get(one.id))?.record;
    expect([kept?.logLevel, [...(kept?.subscriptions ?? [])].sort()]).toEqual(['error', ['a:1', 'a:2']]);
    await Promise.all([here.close(), there.close()]);
  });

  it('tells whoever runs the call of a cancellation, also when it was not listening just then', async () => {
    const prefix = `${randomUUID()}:`;
    const [here, there] = [await make(prefix), await make(prefix)];
    const one = session(here.store);
    await here.store.create(one, LIMITS, 10_000);
    const [heard, own]: SessionSignal[][] = [[], []];
    await here.store.watch(one, (signal) => own?.push(signal));
    await there.store.watch(one, (signal) => heard?.push(signal));
    await server.ask('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await here.store.signal(one.id, { kind: 'cancel', requestId: 7 });
    await here.store.signal(one.id, { kind: 'cancel', requestId: '7' });
    await until(() => heard?.length === 2);
    expect(heard).toEqual([
      { kind: 'cancel', requestId: 7 },
      { kind: 'cancel', requestId: '7' },
    ]);
    expect(own).toEqual([]);
    await Promise.all([here.close(), there.close()]);
  });

  it('keeps no large words for all instances', async () => {
    const prefix = `${randomUUID()}:`;
    const [here, there] = [await make(prefix), await make(prefix)];
    const one = session(here.store);
    await here.store.create(one, LIMITS, 10_000);
    const heard: SessionSignal[] = [];
    await there.store.watch(one, (signal) => heard.push(signal));
    const requestId = 'x'.repeat(100_000);
    await here.store.signal(one.id, { kind: 'cancel', requestId });
    await until(() => heard.length > 0);
    expect(heard).toEqual([{ kind: 'cancel', requestId }]);
    const response = { jsonrpc: '2.0', id: 'aaaaaaaa.1', result: { text: requestId } } as const;
    await expect(here.store.deliver(one.id, 'aaaaaaaa', response)).rejects.toMatchObject({ status: 503 });
    expect(await server.ask('EXISTS', `${prefix}in`)).toBe(0);
    await Promise.all([here.close(), there.close()]);
  });

  it('lets a session live shorter for a lost stream, unless another instance carries that by now', async () => {
    const prefix = `${randomUUID()}:`;
    const [here, there] = [await make(prefix), await make(prefix)];
    const one = session(here.store);
    await here.store.create(one, LIMITS, 10_000);
    await here.store.carry(one);
    await here.store.detached(one, 5000);
    expect((await there.store.get(one.id))?.expiresInMs).toBeLessThanOrEqual(5000);
    await there.store.carry(one);
    await there.store.touch(one, 10_000);
    await here.store.detached(one, 5000);
    expect((await there.store.get(one.id))?.expiresInMs).toBeGreaterThan(5000);
    await Promise.all([here.close(), there.close()]);
  });

  it('tells two that take over a stream of a call at the same time whose turn it is', async () => {
    const prefix = `${randomUUID()}:`;
    const [here, there] = [await make(prefix), await make(prefix)];
    const one = session(here.store);
    await here.store.create(one, LIMITS, 10_000);
    const heard: SessionSignal[] = [];
    await here.store.watch(one, (signal) => heard.push(signal));
    const turns = await Promise.all([here.store.announce(one, 'p1'), there.store.announce(one, 'p1')]);
    expect(turns[0]).not.toBe(turns[1]);
    await until(() => heard.length > 0);
    expect(heard).toEqual([{ kind: 'attached', stream: 'p1', turn: turns[1] }]);
    expect(Number(await server.ask('PTTL', `${prefix}m:${one.id}`))).toBeGreaterThan(0);
    await Promise.all([here.close(), there.close()]);
  });

  it('ends one for its lost stream only if no other instance carries that by now', async () => {
    const prefix = `${randomUUID()}:`;
    const [here, there] = [await make(prefix), await make(prefix)];
    const one = session(here.store);
    await here.store.create(one, LIMITS, 10_000);
    await here.store.carry(one);
    await there.store.carry(one);
    expect(await here.store.delete(one, 'stream lost')).toBeUndefined();
    expect(await there.store.get(one.id)).toBeDefined();
    expect(await there.store.delete(one, 'stream lost')).toBe(0);
    expect(await here.store.get(one.id)).toBeUndefined();
    await Promise.all([here.close(), there.close()]);
  });

  it('tells the others of the end of one that has expired, once', async () => {
    const prefix = `${randomUUID()}:`;
    const [here, there] = [await make(prefix), await make(prefix)];
    const one = session(here.store);
    const heard: SessionSignal[] = [];
    await there.store.watch(one, (signal) => heard.push(signal));
    expect([await here.store.delete(one, 'stream lost'), await here.store.delete(one, 'stream lost')]).toEqual([1, 0]);
    await until(() => heard.length > 0);
    expect(heard).toEqual([{ kind: 'closed', reason: 'stream lost' }]);
    await Promise.all([here.close(), there.close()]);
  });

  it('hands an answer to the instance that asked, also when it was not listening just then', async () => {
    const prefix = `${randomUUID()}:`;
    const [here, there] = [await make(prefix), await make(prefix)];
    const one = session(here.store);
    await here.store.create(one, LIMITS, 10_000);
    const heard: SessionSignal[] = [];
    await there.store.watch(one, (signal) => heard.push(signal));
    const cut = (await server.ask('CLIENT', 'LIST', 'TYPE', 'pubsub')) as string;
    for (const [, id = ''] of cut.matchAll(/id=(\d+)/g)) await server.ask('CLIENT', 'KILL', 'ID', id);
    const response = { jsonrpc: '2.0' as const, id: `${there.store.tag}.1`, result: {} };
    await here.store.deliver(one.id, there.store.tag, response);
    await until(() => heard.length > 0);
    await sleep(50);
    expect(heard).toEqual([{ kind: 'answer', response }]);
    await Promise.all([here.close(), there.close()]);
  });

  it('hands an answer to an instance that has only just come, and makes no key of a name that is none', async () => {
    const prefix = `${randomUUID()}:`;
    const [here, there] = [await make(prefix), await make(prefix)];
    const one = session(here.store);
    await here.store.create(one, LIMITS, 10_000);
    const heard: SessionSignal[] = [];
    await there.store.watch(one, (signal) => heard.push(signal));
    await server.ask('HDEL', `${prefix}instances`, there.store.tag);
    const response = { jsonrpc: '2.0' as const, id: `${there.store.tag}.1`, result: {} };
    await here.store.deliver(one.id, there.store.tag, response);
    await until(() => heard.length > 0);
    expect(heard).toEqual([{ kind: 'answer', response }]);
    await here.store.deliver(one.id, 'nobody00', response);
    await here.store.deliver(one.id, 'not a name', response);
    expect(await server.keys(`${prefix}in:no*`)).toEqual([]);
    await Promise.all([here.close(), there.close()]);
  });
});

import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { RedisConnection, RedisScript } from '../../transports/stores/redis-connection.js';
import { describeWith } from '../support/cluster/programs.js';
import { RedisServer } from '../support/cluster/redis.js';
import { until } from '../support/cluster/until.js';
import { startProxy } from '../support/faulty-proxy.js';

const AWAY = expect.objectContaining({ status: 503 });

describeWith(['redis-server'], 'the connection to Redis', () => {
  let server: RedisServer;
  const open: RedisConnection[] = [];

  beforeAll(async () => {
    server = await RedisServer.start({ isDurable: false });
  });

  afterAll(() => server.close());

  afterEach(() => open.splice(0).forEach((redis) => redis.close()));

  function connection({ user = '', path = '', onFault = (): void => undefined } = {}): RedisConnection {
    const url = `${server.url.replace('//', `//${user}`)}${path}`;
    const redis = new RedisConnection({ url, prefix: 'mine:', onFault });
    open.push(redis);
    return redis;
  }

  async function expectRefused(redis: RedisConnection, ...words: string[]): Promise<void> {
    const refusal: unknown = await redis.connect().catch((error: unknown) => error);
    for (const word of ['REDIS_URL', ...words]) expect(String(refusal)).toContain(word);
    expect(String(refusal)).not.toContain('hunter2');
    expect(redis.isClosed).toBe(true);
  }

  async function user(name: string, ...rights: string[]): Promise<{ user: string }> {
    await server.ask('ACL', 'SETUSER', name, 'reset', 'on', '>hunter2', ...rights);
    return { user: `${name}:hunter2@` };
  }

  it('is refused with what to do about it: a user that may not write, say or hear what is ours', async () => {
    const all = ['+@all', '-@dangerous'];
    await expectRefused(connection(await user('a', '~other:*', '&mine:*', ...all)), 'NOPERM', '~mine:*');
    await expectRefused(connection(await user('b', '~mine:*', 'resetchannels', ...all)), 'NOPERM', '&mine:*');
    await expectRefused(connection(await user('c', '~mine:*', '&mine:*', ...all, '-subscribe')), 'NOPERM', '+@all');
    const redis = connection(await user('d', '~mine:*', '&mine:*', ...all));
    await redis.connect();
    expect(redis.isReady).toBe(true);
  });

  it('is refused with what to do about it: a password that is wrong or needs no asking, and a database that is none', async () => {
    await expectRefused(connection({ user: 'nobody:hunter2@' }), 'WRONGPASS', 'redis://user:password@host');
    await expectRefused(connection({ user: ':hunter2@' }), 'AUTH', 'redis://user:password@host');
    await expectRefused(connection({ path: '/99' }), 'DB index', 'number');
  });

  it('counts as away while Redis is full, says so once, and is back when there is room', async () => {
    const faults: unknown[] = [];
    const redis = connection({ onFault: (...fault: unknown[]) => faults.push(fault) });
    await redis.connect();
    let returns = 0;
    redis.onReturn(() => (returns += 1));
    const keep = new RedisScript('keep', "return redis.call('SET', KEYS[1], 1, 'PX', 1000)");
    await server.ask('CONFIG', 'SET', 'maxmemory', '1mb');
    await expect(redis.run(keep, [redis.key('x')], [])).rejects.toEqual(AWAY);
    expect([redis.isAnswering, redis.isReady]).toEqual([false, false]);
    await expect(redis.command('GET', redis.key('x'))).rejects.toEqual(AWAY);
    await server.ask('CONFIG', 'SET', 'maxmemory', '0');
    await until(() => redis.isReady);
    expect(returns).toBe(1);
    expect(await redis.run(keep, [redis.key('x')], [])).toBe('OK');
    expect(faults).toHaveLength(1);
  });

  it('begins with a Redis that is full, as with one that is away', async () => {
    await server.ask('CONFIG', 'SET', 'maxmemory', '1mb');
    const redis = connection();
    await redis.connect();
    expect(redis.isReady).toBe(false);
    await server.ask('CONFIG', 'SET', 'maxmemory', '0');
    await until(() => redis.isReady);
  });

  // The last: from here on nobody is let in.
  it('is back when only what listens had hung, and was made anew before the other was', async () => {
    const way = await startProxy(server.url);
    const url = way.url.replace('http:', 'redis:');
    const redis = new RedisConnection({ url, prefix: 'mine:', timeoutMs: 1500, dropAfterMs: 1000 });
    open.push(redis);
    try {
      await redis.connect();
      way.freeze(/SUBSCRIBE/i);
      const listening = redis.watch(redis.channel('other'), () => undefined);
      await expect(listening).rejects.toEqual(AWAY);
      expect(redis.isAnswering).toBe(false);
      await until(() => redis.isReady);
    } finally {
      redis.close();
      await way.close();
    }
  });

  it('is refused with what to do about it: a password that is missing', async () => {
    await server.ask('CONFIG', 'SET', 'requirepass', 'hunter2');
    await expectRefused(connection(), 'NOAUTH', 'redis://user:password@host');
  });
});

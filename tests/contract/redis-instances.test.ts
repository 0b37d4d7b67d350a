import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { RedisConnection } from '../../transports/stores/redis-connection.js';
import { RedisInstances } from '../../transports/stores/redis-instances.js';
import { describeWith } from '../support/cluster/programs.js';
import { RedisServer } from '../support/cluster/redis.js';
import { until } from '../support/cluster/until.js';

describeWith(['redis-server'], 'an instance', () => {
  let server: RedisServer;
  const open: { redis: RedisConnection; instances: RedisInstances }[] = [];

  beforeAll(async () => {
    server = await RedisServer.start({ isDurable: false });
  });

  afterAll(() => server.close());

  afterEach(async () => {
    for (const { redis, instances } of open.splice(0)) {
      await instances.stop();
      redis.close();
    }
  });

  /** One that says only once that it lives. */
  async function start(prefix: string): Promise<RedisInstances> {
    const redis = new RedisConnection({ url: server.url, prefix });
    const instances = new RedisInstances(redis, { beatMs: 3_600_000, missedBeats: 5 });
    open.push({ redis, instances });
    await redis.connect();
    await instances.start();
    return instances;
  }

  it('knows of others that came since it last looked, and not of those that said goodbye', async () => {
    const prefix = `${randomUUID()}:`;
    const a = await start(prefix);
    expect(await a.hasOthers()).toBe(false);
    const b = await start(prefix);
    expect(await a.hasOthers()).toBe(true);
    await b.stop();
    expect(await a.hasOthers()).toBe(false);
  });

  it('says that it lives as soon as the store is back that may have forgotten it', async () => {
    const prefix = `${randomUUID()}:`;
    const [a, b] = [await start(prefix), await start(prefix)];
    await server.ask('DEL', `${prefix}instances`);
    expect(await a.isThere(b.id)).toBe(false);
    await server.ask('CLIENT', 'KILL', 'TYPE', 'normal');
    await until(() => a.isThere(b.id).catch(() => false));
  });

  it('is alone as far as it can tell when the store is away', async () => {
    const a = await start(`${randomUUID()}:`);
    open[0]?.redis.close();
    expect(await a.hasOthers()).toBe(false);
  });
});

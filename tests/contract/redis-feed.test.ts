import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { unavailable } from '../../transports/http.js';
import { RedisConnection } from '../../transports/stores/redis-connection.js';
import { RedisFeed } from '../../transports/stores/redis-feed.js';
import { describeWith } from '../support/cluster/programs.js';
import { RedisServer } from '../support/cluster/redis.js';
import { until } from '../support/cluster/until.js';

describeWith(['redis-server'], 'a feed', () => {
  let server: RedisServer;
  let redis: RedisConnection;

  beforeAll(async () => {
    server = await RedisServer.start({ isDurable: false });
  });

  afterAll(() => server.close());

  afterEach(() => redis.close());

  async function start(): Promise<string[]> {
    redis = new RedisConnection({ url: server.url, prefix: `${randomUUID()}:` });
    await redis.connect();
    const heard: string[] = [];
    await new RedisFeed(redis, 'feed', (entry) => heard.push(entry)).start();
    return heard;
  }

  it('is heard from its beginning on, each entry once and in order', async () => {
    const heard = await start();
    for (const entry of ['a', 'b b', '']) await RedisFeed.append(redis, 'feed', entry);
    await until(() => heard.length >= 3);
    expect(heard).toEqual(['a', 'b b', '']);
  });

  it('reads what it was not told of before it hears what comes next', async () => {
    const heard = await start();
    // As when it is added while the connection that listens is away, and the next when that has only just come back.
    for (const entry of ['missed', 'missed too']) await server.ask('XADD', redis.key('feed'), '*', 'd', entry);
    await Promise.all(['heard', 'heard too'].map((entry) => RedisFeed.append(redis, 'feed', entry)));
    await until(() => heard.includes('heard too'));
    expect(heard).toEqual(['missed', 'missed too', 'heard', 'heard too']);
  });

  it('waits for the next return where what it missed cannot be read, and reads it then', async () => {
    const heard = await start();
    const other = new RedisConnection({ url: server.url, prefix: redis.prefix });
    await other.connect();
    const ask = redis.command.bind(redis);
    let asked = 0;
    redis.command = () => {
      asked += 1;
      return Promise.reject(asked < 100 ? unavailable('store', 'Gone again') : new Error('Asked without end'));
    };
    await server.ask('XADD', redis.key('feed'), '*', 'd', 'missed');
    await Promise.all(['heard', 'heard too'].map((entry) => RedisFeed.append(other, 'feed', entry)));
    await until(() => asked > 0);
    redis.command = ask;
    await server.ask('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await until(() => heard.includes('heard too'));
    other.close();
    expect(heard).toEqual(['missed', 'heard', 'heard too']);
    expect(asked).toBeLessThan(5);
  });
});

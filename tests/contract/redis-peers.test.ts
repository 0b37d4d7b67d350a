import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { RedisConnection } from '../../transports/stores/redis-connection.js';
import { RedisPeers } from '../../transports/stores/redis-peers.js';
import { describeWith } from '../support/cluster/programs.js';
import { RedisServer } from '../support/cluster/redis.js';
import { until } from '../support/cluster/until.js';

describeWith(['redis-server'], 'instances that ask each other', () => {
  let server: RedisServer;
  const open: RedisConnection[] = [];
  let prefix: string;

  beforeAll(async () => {
    server = await RedisServer.start({ isDurable: false });
  });

  afterAll(() => server.close());

  afterEach(() => {
    for (const redis of open.splice(0)) redis.close();
  });

  async function make(name: string): Promise<RedisPeers> {
    const redis = new RedisConnection({ url: server.url, prefix });
    open.push(redis);
    await redis.connect();
    const peers = new RedisPeers(redis, name);
    peers.answerWith((question) => Promise.resolve(`${name} heard ${String(question)}`));
    await peers.start();
    return peers;
  }

  it('get the answers of all others, once each, however often they began to listen', async () => {
    prefix = `${randomUUID()}:`;
    const [a, b, c] = [await make('a'), await make('b'), await make('c')];
    for (const peers of [a, b, b, c]) await peers.start();
    const { answers, isComplete } = await a.ask('this');
    const told = answers.map(({ from, answer }) => `${from}: ${String(answer)}`).sort();
    expect([told, isComplete]).toEqual([['b: b heard this', 'c: c heard this'], true]);
    const { answers: others } = await b.ask('that');
    expect(others.map(({ from }) => from).sort()).toEqual(['a', 'c']);
  });

  it('hear news of others, once, and not their own', async () => {
    prefix = `${randomUUID()}:`;
    const [a, b] = [await make('a'), await make('b')];
    await b.start();
    const heard: unknown[] = [];
    for (const peers of [a, b]) peers.onNews((news) => heard.push([peers.instance, news]));
    await a.tell('one');
    await a.tell('two');
    await until(() => heard.length >= 2);
    expect(heard).toEqual([
      ['b', 'one'],
      ['b', 'two'],
    ]);
  });

  it('say that it is not all when one does not answer', async () => {
    prefix = `${randomUUID()}:`;
    const [a, b] = [await make('a'), await make('b')];
    b.answerWith(() => new Promise(() => undefined));
    await make('c');
    expect(await a.ask('this')).toMatchObject({ answers: [{ from: 'c', answer: 'c heard this' }], isComplete: false });
  });

  it('say that it is not all while they hear nobody', async () => {
    prefix = `${randomUUID()}:`;
    const redis = new RedisConnection({ url: server.url, prefix });
    open.push(redis);
    await redis.connect();
    await make('b');
    expect(await new RedisPeers(redis, 'deaf').ask('this')).toEqual({ answers: [], isComplete: false });
  });
});

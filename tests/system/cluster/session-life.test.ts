// How long a session lives that several instances hold. The instances are servers of this process: nothing here needs one to die.
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { McpAppOptions } from '../../../server/options.js';
import { describeWith } from '../../support/cluster/programs.js';
import { RedisServer } from '../../support/cluster/redis.js';
import { until } from '../../support/cluster/until.js';
import { call, LegacyVisitor, McpVisitor } from '../../support/cluster/visitor.js';
import { useServers } from '../../support/servers.js';

const MINUTE_MS = 60_000;

describeWith(['redis-server'], 'the life of a session that several instances hold', () => {
  const start = useServers();
  let redis: RedisServer;

  beforeAll(async () => {
    redis = await RedisServer.start({ isDurable: false });
  });

  afterAll(() => redis.close());

  function startTwo(settings: Partial<McpAppOptions> = {}) {
    const shared = { redisUrl: redis.url, stateSecret: 'a secret that both instances share', ...settings };
    return Promise.all([start(shared), start(shared)]);
  }

  async function leftMs(session: string): Promise<number> {
    return Number(await redis.ask('PTTL', `dualgauge:s:${session}`));
  }

  it.each(['the same instance', 'another'])('is whole again when its stream comes back to %s', async (place) => {
    const [a, b] = await startTwo({ legacyResumeMs: 3000 });
    const visitor = await LegacyVisitor.open(a);
    expect(await leftMs(visitor.session)).toBeGreaterThan(MINUTE_MS);
    // So that the other knows it already.
    for (let n = 0; n < 2; n += 1) expect((await visitor.post(b, call('add', { a: 1, b: 2 }, n))).status).toBe(202);
    visitor.close();
    await until(async () => (await leftMs(visitor.session)) < MINUTE_MS);
    const back = await LegacyVisitor.open(place === 'another' ? b : a, visitor.lastEventId);
    expect(back.session).toBe(visitor.session);
    expect(await leftMs(visitor.session)).toBeGreaterThan(MINUTE_MS);
    back.close();
  });

  it('is whole when its stream was taken over from a connection that nobody had seen die', async () => {
    const [a] = await startTwo({ legacyResumeMs: 3000 });
    const visitor = await LegacyVisitor.open(a);
    const back = await LegacyVisitor.open(a, visitor.lastEventId);
    await visitor.stream.ended;
    await until(async () => (await leftMs(back.session)) > MINUTE_MS);
    back.close();
  });

  it('is over for every instance when it was idle for too long, also for the one that had it', async () => {
    const [a, b] = await startTwo({ sessionIdleMs: 300 });
    const visitor = await McpVisitor.open(a);
    expect((await visitor.post(b, call('add', { a: 1, b: 2 }))).status).toBe(200);
    await until(async () => (await leftMs(visitor.session)) < 0);
    for (const at of [b, a, b]) expect((await visitor.post(at, call('add', { a: 1, b: 2 }))).status).toBe(404);
  });
});

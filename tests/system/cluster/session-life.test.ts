// How long a session lives that several instances hold. The instances are servers of this process: nothing here needs one to die.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { ANONYMOUS } from '../../../protocol/call.js';
import type { McpAppOptions } from '../../../server/options.js';
import { describeWith } from '../../support/cluster/programs.js';
import { RedisServer } from '../../support/cluster/redis.js';
import { until } from '../../support/cluster/until.js';
import { call, LegacyVisitor, McpVisitor } from '../../support/cluster/visitor.js';
import { type FaultyProxy, startProxy } from '../../support/faulty-proxy.js';
import { useServers } from '../../support/servers.js';
import { waitingTool } from '../../support/waiting-tool.js';
import { defineTool } from '../../../tools/define-tool.js';

const MINUTE_MS = 60_000;
const SECRET = 'a secret that all instances share';

describeWith(['redis-server'], 'the life of a session that several instances hold', () => {
  const start = useServers();
  let redis: RedisServer;
  let way: FaultyProxy | undefined;

  beforeAll(async () => {
    redis = await RedisServer.start({ isDurable: false });
  });

  afterEach(async () => {
    await way?.close();
    way = undefined;
  });

  afterAll(() => redis.close());

  function startTwo(settings: Partial<McpAppOptions> = {}) {
    const shared = { redisUrl: redis.url, stateSecret: SECRET, ...settings };
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

  it('ends everywhere when nobody comes back to its stream, with its calls, those that talk and those that do not', async () => {
    const silent = waitingTool();
    const talking = talkingTool();
    const [a, b] = await startTwo({ legacyResumeMs: 300, tools: [silent.tool, talking.tool] });
    const visitor = await LegacyVisitor.open(a);
    for (const at of [a, b]) await visitor.post(at, call('wait'));
    await visitor.post(b, call('talk'));
    await silent.started(2);
    await visitor.stream.nextMessage();
    visitor.close();
    await Promise.all([silent.aborted(1), silent.aborted(2), talking.aborted]);
    for (const at of [a, b, a]) expect((await visitor.post(at, call('add', { a: 1, b: 2 }))).status).toBe(404);
    expect(await leftMs(visitor.session)).toBe(-2);
  });

  it('is over for a message to an instance that did not hear of its end', async () => {
    const [a, b] = await startTwo();
    const visitor = await LegacyVisitor.open(a);
    for (let n = 0; n < 2; n += 1) expect((await visitor.post(b, call('add', { a: 1, b: 2 }, n))).status).toBe(202);
    await redis.ask('SET', `dualgauge:x:${visitor.session}`, '1', 'PX', '60000');
    await redis.ask('DEL', `dualgauge:s:${visitor.session}`);
    const { status, body } = await visitor.post(b, call('add', { a: 1, b: 2 }, 2));
    expect([status, body.id, body.error.message]).toEqual([404, 2, 'Session not found']);
    visitor.close();
  });

  it('has one reader of a stream of a call, also when two instances take it over at once', async () => {
    const waiting = waitingTool();
    const [a, b] = await startTwo({ tools: [waiting.tool] });
    const visitor = await McpVisitor.open(a);
    const first = await visitor.stream(a, call('wait', {}, 1));
    const { id } = await first.next(({ id }) => id !== undefined);
    const held = [a, b].map(async ({ mcp }) => mcp.sessions.find(visitor.session, 'streamable', ANONYMOUS));
    const sessions = (await Promise.all(held)).flatMap((session) => session ?? []);
    for (let round = 0; round < 10; round += 1) {
      const both = await Promise.all([a, b].map((at) => visitor.get(at, id)));
      const readers = (): number => sessions.reduce((sum, { writers }) => sum + writers.size, 0);
      await until(() => readers() === 1);
      // Whatever is still on its way must not end the one that is left.
      await sleep(50);
      expect(readers()).toBe(1);
      for (const stream of both) stream.close();
      await until(() => readers() === 0);
    }
    waiting.finish();
    first.close();
  });

  it('is found by whoever it belongs to, also while others ask for it', async () => {
    const [a, b] = await startTwo();
    const visitor = await McpVisitor.open(a);
    const { sessions } = b.mcp;
    const mallory = { id: 'mallory', isAnonymous: false };
    const found = await Promise.all([
      sessions.find(visitor.session, 'streamable', mallory),
      sessions.find(visitor.session, 'legacy', ANONYMOUS),
      sessions.find(visitor.session, 'streamable', ANONYMOUS),
      sessions.find(visitor.session, 'streamable', ANONYMOUS),
    ]);
    expect(found.map((session) => session?.id)).toEqual([undefined, undefined, visitor.session, visitor.session]);
    expect(found[2]).toBe(found[3]);
  });

  it('is not made, and not served, by an instance that hears nothing of the others', async () => {
    way = await startProxy(redis.url);
    const [a] = await startTwo();
    const deaf = await start({ redisUrl: way.url.replace('http:', 'redis:'), stateSecret: SECRET });
    const visitor = await McpVisitor.open(a);
    expect((await visitor.post(deaf, call('add', { a: 1, b: 2 }))).status).toBe(200);
    const kept = await redis.ask('ZCARD', 'dualgauge:sessions');
    way.set({ cutAfterBytes: () => 0 });
    way.cutNow(/SUBSCRIBE/i);
    await until(async () => (await fetch(`${deaf.url}/ready`)).status === 503);
    await expect(McpVisitor.open(deaf)).rejects.toThrow('503');
    expect(await redis.ask('ZCARD', 'dualgauge:sessions')).toBe(kept);
    expect(await visitor.status(a, 'DELETE')).toBe(204);
    expect((await visitor.post(deaf, call('add', { a: 1, b: 2 }))).status).toBe(503);
    way.set({});
    await until(async () => (await fetch(`${deaf.url}/ready`)).status === 200);
    expect((await visitor.post(deaf, call('add', { a: 1, b: 2 }))).status).toBe(404);
  });

  it('is over for every instance when it was idle for too long, also for the one that had it', async () => {
    const [a, b] = await startTwo({ sessionIdleMs: 1500 });
    const visitor = await McpVisitor.open(a);
    expect((await visitor.post(b, call('add', { a: 1, b: 2 }))).status).toBe(200);
    await until(async () => (await leftMs(visitor.session)) < 0);
    for (const at of [b, a, b]) expect((await visitor.post(at, call('add', { a: 1, b: 2 }))).status).toBe(404);
  });
});

/** Says something again and again until nobody wants it any more. */
function talkingTool() {
  let abort = (): void => undefined;
  const aborted = new Promise<void>((resolve) => (abort = resolve));
  const tool = defineTool({
    name: 'talk',
    description: 'Talks until it is stopped.',
    async run(_args, context) {
      while (!context.signal.aborted) {
        await context.log('info', 'still here');
        await sleep(20);
      }
      abort();
      return 'talked';
    },
  });
  return { tool, aborted };
}

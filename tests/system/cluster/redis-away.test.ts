import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { Cluster, type Instance } from '../../support/cluster/cluster.js';
import { describeWith } from '../../support/cluster/programs.js';
import { until } from '../../support/cluster/until.js';
import { call, LegacyVisitor, McpVisitor, modern, post, type Reply, textOf } from '../../support/cluster/visitor.js';
import type { SseReader } from '../../support/sse-reader.js';

const LONG = { waitMs: 20_000 };

function expectTurnedAway({ status, headers, body }: Reply): void {
  expect([status, body.error.code, body.error.message]).toEqual([503, -32000, 'The session store does not answer']);
  expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
}

function isOpen(stream: SseReader): Promise<boolean> {
  const pending = Symbol('open');
  return Promise.race([stream.ended.catch(() => undefined), Promise.resolve(pending)]).then((end) => end === pending);
}

async function initialize(at: Instance): Promise<Reply> {
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'x', version: '1' } };
  return post(`${at.url}/mcp`, { jsonrpc: '2.0', id: 1, method: 'initialize', params });
}

describeWith(['redis-server'], 'when Redis goes away and comes back', () => {
  let cluster: Cluster;
  let a: Instance, b: Instance;
  let mcp: McpVisitor;
  let legacy: LegacyVisitor;
  let main: SseReader;

  beforeAll(async () => {
    cluster = await Cluster.start();
    [a, b] = await cluster.addAll('A', 'B');
  }, 60_000);

  afterEach(() => {
    legacy.close();
    main.close();
  });

  afterAll(() => cluster.close(), 60_000);

  async function open(): Promise<void> {
    mcp = await McpVisitor.open(a);
    main = await mcp.get(b);
    legacy = await LegacyVisitor.open(a);
    await legacy.initialize(b);
  }

  // Everything that needs Redis is turned away, what needs none is served, and no stream ends.
  async function expectAway(): Promise<void> {
    for (const at of [a, b]) {
      expectTurnedAway(await mcp.post(at, call('who')));
      const refused = await legacy.post(at, call('who', {}, 99));
      expectTurnedAway(refused);
      expect(refused.body.id).toBe(99);
      expectTurnedAway(await initialize(at));
      expect([await mcp.status(at, 'GET'), await mcp.status(at, 'DELETE')]).toEqual([503, 503]);
      expect((await fetch(`${at.url}/sse`)).status).toBe(503);
      expect((await fetch(`${at.url}/ready`)).status).toBe(503);
      expect((await fetch(`${at.url}/health`)).status).toBe(200);
      expect(textOf((await modern(at, 'tools/call', { name: 'who', arguments: {} })).body)).toBe(at.name);
      expect(textOf((await post(`${at.url}/mcp`, call('who'))).body)).toBe(at.name);
    }
    expect(await Promise.all([main, legacy.stream].map(isOpen))).toEqual([true, true]);
  }

  async function untilBack(): Promise<void> {
    for (const at of [a, b]) await until(async () => (await fetch(`${at.url}/ready`)).status === 200);
  }

  // Sessions, streams and ids are as before, and every instance hears every other.
  async function expectBack(): Promise<void> {
    expect(textOf((await mcp.post(a, call('who'))).body)).toBe('A');
    expect(textOf((await mcp.post(b, call('who'))).body)).toBe('B');
    expect((await legacy.post(b, call('who', {}, 99))).status).toBe(202);
    expect(textOf(await legacy.answer(99))).toBe('B');
    await mcp.post(a, call('change', { what: 'tools' }));
    for (const stream of [main, legacy.stream]) {
      await stream.nextMessage(({ method }) => method === 'notifications/tools/list_changed');
    }
  }

  it('answers 503 with Retry-After, keeps streams open, and afterwards nothing acknowledged is lost', async () => {
    await open();
    const running = await mcp.stream(
      a,
      call('work', { label: 'across', ms: 1500, steps: 15 }, 1, { progressToken: 1 }),
    );
    await running.nextMessage();
    await legacy.post(b, call('work', { label: 'legacy across', ms: 1000 }, 1));
    await cluster.redis.kill();
    await until(async () => (await fetch(`${a.url}/ready`)).status === 503);
    await until(async () => (await fetch(`${b.url}/ready`)).status === 503);
    await expectAway();
    await until(() => cluster.runs.includes('A ended across') || cluster.runs.includes('B ended legacy across'));
    await cluster.redis.restart();
    await untilBack();
    expect(textOf(await running.nextMessage(({ id }) => id === 1, LONG))).toBe('across by A');
    const progress = running.events.flatMap(({ data }) => /"progress":(\d+)\b/.exec(data ?? '')?.[1] ?? []);
    expect(progress.map(Number)).toEqual(Array.from({ length: 15 }, (_, n) => n + 1));
    await running.waitForEnd();
    expect(textOf(await legacy.stream.nextMessage(({ id }) => id === 1, LONG))).toBe('legacy across by B');
    await expectBack();
    expect(legacy.stream.events.filter(({ data }) => data?.includes('"id":1,') === true)).toHaveLength(1);
  }, 60_000);

  it('answers so within two seconds or so when it hangs, and goes on when it wakes', async () => {
    await open();
    await legacy.post(b, call('work', { label: 'hung', ms: 500 }, 1));
    cluster.redis.pause();
    const before = performance.now();
    expectTurnedAway(await initialize(a));
    expectTurnedAway(await initialize(b));
    expect(performance.now() - before).toBeLessThan(6000);
    const known = performance.now();
    await expectAway();
    // Who asks now is not kept waiting.
    expect(performance.now() - known).toBeLessThan(2000);
    const figures = await (await fetch(`${a.url}/metrics`)).text();
    expect(figures).toMatch(/^dualgauge_refusals_total\{cause="store"\} \d+$/m);
    expect(figures).not.toMatch(/^dualgauge_refusals_total\{cause="limit"\}/m);
    cluster.redis.resume();
    await untilBack();
    expect(textOf(await legacy.stream.nextMessage(({ id }) => id === 1, LONG))).toBe('hung by B');
    await expectBack();
    expect(legacy.stream.events.filter(({ data }) => data?.includes('"id":1,') === true)).toHaveLength(1);
  }, 60_000);

  it('makes its connections anew when it hangs for long', async () => {
    await open();
    cluster.redis.pause();
    await until(async () => (await fetch(`${a.url}/ready`)).status === 503);
    await new Promise((resolve) => setTimeout(resolve, 13_000));
    await expectAway();
    cluster.redis.resume();
    await untilBack();
    await expectBack();
  }, 60_000);
});

describeWith(['redis-server'], 'when Redis comes back and has forgotten everything', () => {
  let cluster: Cluster;
  let a: Instance, b: Instance;

  beforeAll(async () => {
    cluster = await Cluster.start({}, { isDurable: false });
    [a, b] = await cluster.addAll('A', 'B');
  }, 60_000);

  afterAll(() => cluster.close(), 60_000);

  it('is given back the sessions that instances hold, and their streams go on', async () => {
    const mcp = await McpVisitor.open(a);
    const main = await mcp.get(b);
    const legacy = await LegacyVisitor.open(a);
    await legacy.initialize(b);
    const ended = await McpVisitor.open(a);
    await ended.status(a, 'DELETE');
    await mcp.post(b, { jsonrpc: '2.0', id: 1, method: 'resources/subscribe', params: { uri: 'note://1' } });
    await legacy.post(b, call('work', { label: 'remembered', ms: 1500 }, 1));
    await cluster.redis.kill();
    await cluster.redis.restart();
    for (const at of [a, b]) await until(async () => (await fetch(`${at.url}/ready`)).status === 200);
    expect(await cluster.redis.ask('EXISTS', `dualgauge:s:${legacy.session}`)).toBeLessThanOrEqual(1);
    expect(textOf(await legacy.stream.nextMessage(({ id }) => id === 1, LONG))).toBe('remembered by B');
    for (const at of [a, b]) {
      expect(textOf((await mcp.post(at, call('who'))).body)).toBe(at.name);
      expect((await ended.post(at, call('who'))).status).toBe(404);
    }
    await mcp.post(a, call('change', { what: 'note' }));
    await main.nextMessage(({ method }) => method === 'notifications/resources/updated');
    await legacy.post(b, call('who', {}, 2));
    expect(textOf(await legacy.answer(2))).toBe('B');
    // What was missed is still whole for who comes back.
    const from = legacy.lastEventId;
    legacy.close();
    await legacy.post(a, call('who', {}, 3));
    const back = await LegacyVisitor.open(b, from);
    expect(textOf(await back.answer(3))).toBe('A');
    back.close();
    main.close();
  }, 60_000);

  it('serves what needs no Redis when it starts without one, and all else when it is there', async () => {
    await cluster.redis.kill();
    const early = await cluster.add('E');
    expect(textOf((await modern(early, 'tools/call', { name: 'who', arguments: {} })).body)).toBe('E');
    expectTurnedAway(await initialize(early));
    await cluster.redis.restart();
    for (const at of [early, a]) await until(async () => (await fetch(`${at.url}/ready`)).status === 200);
    const visitor = await McpVisitor.open(early);
    const stream = await visitor.get(a);
    await until(async () => {
      await visitor.post(early, call('change', { what: 'tools' }));
      return stream.events.some(({ data }) => data?.includes('list_changed') === true);
    });
    stream.close();
    await early.child.stop();
  }, 60_000);
});

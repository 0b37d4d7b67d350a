// What an operator sees who asks one of several instances.
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { shortenSessionId } from '../../../transports/session-id.js';
import { type Told, readDebug, toldAt } from '../../support/debug-api.js';
import { Cluster, type Instance } from '../../support/cluster/cluster.js';
import { describeWith } from '../../support/cluster/programs.js';
import { until } from '../../support/cluster/until.js';
import type { Json } from '../../support/clients/test-client.js';
import { call, LegacyVisitor, McpVisitor } from '../../support/cluster/visitor.js';
import { SseReader } from '../../support/sse-reader.js';

describeWith(['redis-server'], 'an operator of two instances', () => {
  let cluster: Cluster;
  let a: Instance, b: Instance;

  beforeEach(async () => {
    cluster = await Cluster.start();
    [a, b] = await cluster.addAll('A', 'B');
  }, 60_000);

  afterEach(() => cluster.close(), 60_000);

  it('sees each session once, with what every instance knows of it', async () => {
    const legacy = await LegacyVisitor.open(a);
    await legacy.initialize(a);
    const modern = await McpVisitor.open(b);
    await legacy.post(b, call('work', { label: 'held', ms: 5000 }, 1));
    await until(() => cluster.runs.includes('B began held'));
    const seen = await Promise.all([a, b].map(({ url }) => readDebug(url, 'sessions')));
    for (const { count, sessions, isPartial } of seen) {
      expect([count, sessions.length, isPartial]).toEqual([2, 2, undefined]);
      const own = (sessions as Json[]).find(({ id }) => id === shortenSessionId(legacy.session));
      expect(own).toMatchObject({
        instances: [expect.stringMatching(/^[a-z0-9]{8}$/), expect.stringMatching(/^[a-z0-9]{8}$/)],
        door: 'legacy',
        client: { name: 'visitor', version: '1' },
        stream: 'open',
        streams: [{ kind: 'legacy' }],
        calls: [{ method: 'tools/call', tool: 'work' }],
      });
      expect(JSON.stringify(sessions)).not.toContain(legacy.session);
      expect(JSON.stringify(sessions)).not.toContain(modern.session);
    }
    legacy.close();
  });

  it('reads what happened in a session on all of them, in order, at any', async () => {
    const visitor = await McpVisitor.open(a);
    for (const at of [b, a, b]) {
      await nextMillisecond();
      await visitor.post(at, call('who'));
    }
    await nextMillisecond();
    await visitor.status(b, 'DELETE');
    const path = `sessions/${shortenSessionId(visitor.session)}`;
    let items: Told[] = [];
    await until(async () => {
      items = await toldAt(a.url, path);
      return items.length === 5 + 2;
    });
    const exchanges = items.filter(({ event }) => event === 'exchange');
    expect(exchanges.map(({ facts }) => facts.tool ?? facts.method ?? facts.verb)).toEqual([
      'initialize',
      'who',
      'who',
      'who',
      'DELETE',
    ]);
    const [first, second, third, fourth, fifth] = exchanges.map(({ instance }) => instance);
    expect([third, fourth, fifth]).toEqual([first, second, second]);
    expect(items.map(({ at }) => at)).toEqual(items.map(({ at }) => at).sort((one, other) => one - other));
    expect(await readDebug(b.url, path)).toMatchObject({ sessions: [], timeline: items });
  });

  it('watches on one what happens on the other', async () => {
    const watched = await SseReader.open(`${b.url}/debug/events`);
    // Whoever watches is heard of within a moment; until then there is something to see again and again.
    let visitor: McpVisitor | undefined;
    const sent = setInterval(
      () =>
        void McpVisitor.open(a).then(
          (opened) => (visitor ??= opened),
          () => undefined,
        ),
      50,
    );
    const { data } = await watched.next((item) => item.data !== undefined);
    clearInterval(sent);
    const item = JSON.parse(data ?? '') as Told;
    expect(item).toMatchObject({ event: expect.any(String), instance: expect.stringMatching(/^[a-z0-9]{8}$/) });
    await until(() => visitor !== undefined);
    await visitor?.post(a, call('who'));
    const called = await watched.next(({ data = '' }) => data.includes('"tool":"who"') && data.includes('"exchange"'));
    expect(JSON.parse(called.data ?? '')).toMatchObject({
      instance: item.instance,
      session: shortenSessionId(visitor?.session ?? ''),
    });
    watched.close();
  });

  it('sees the sessions that an instance left when it died', async () => {
    const visitor = await McpVisitor.open(a);
    await a.child.stop('SIGKILL');
    const { count, sessions } = await readDebug(b.url, 'sessions');
    const id = shortenSessionId(visitor.session);
    expect([count, sessions]).toEqual([1, [expect.objectContaining({ id, instances: [], stream: 'never opened' })]]);
    const story = await readDebug(b.url, `sessions/${id}`);
    expect(story).toMatchObject({ sessions: [{ id, door: 'streamable', revision: '2025-11-25' }], timeline: [] });
  });

  it('still sees what the instance itself knows when Redis is away, and is told that it is not all', async () => {
    const visitor = await McpVisitor.open(a);
    await cluster.redis.kill();
    await until(async () => (await visitor.post(a, call('who'))).status === 503);
    const { sessions, isPartial } = await readDebug(a.url, 'sessions');
    expect([sessions, isPartial]).toEqual([[expect.objectContaining({ id: shortenSessionId(visitor.session) })], true]);
    expect((await readDebug(a.url, 'timeline')).isPartial).toBe(true);
    await cluster.redis.restart();
    await until(async () => (await readDebug(a.url, 'sessions')).isPartial === undefined);
  }, 60_000);

  it('reads how long events took to their client, whichever instance they came from', async () => {
    const legacy = await LegacyVisitor.open(a);
    await legacy.initialize(a);
    await legacy.post(b, call('who', {}, 1));
    await legacy.answer(1);
    const figures = await (await fetch(`${a.url}/metrics`)).text();
    // An answer of each.
    expect(figures).toMatch(/dualgauge_event_delivery_seconds_count 2/);
    expect(Number(/dualgauge_event_delivery_seconds_sum (\S+)/.exec(figures)?.[1])).toBeLessThan(5);
    legacy.close();
  }, 60_000);

  it('reads how long Redis takes, by what it was asked, and how often it did not answer', async () => {
    const figures = async (): Promise<string> => (await fetch(`${a.url}/metrics`)).text();
    const visitor = await McpVisitor.open(a);
    const before = await figures();
    expect(before).toMatch(/dualgauge_store_duration_seconds_count\{operation="create session"\} 1/);
    expect(before).toMatch(/dualgauge_store_duration_seconds_count\{operation="beat"\} [1-9]/);
    await cluster.redis.kill();
    await until(async () => (await visitor.post(a, call('who'))).status === 503);
    await until(async () => /dualgauge_store_errors_total\{operation="beat"\} [1-9]/.test(await figures()));
  }, 60_000);
});

/** What happens from now on has another time. */
async function nextMillisecond(): Promise<void> {
  const now = Date.now();
  await until(() => Date.now() > now);
}

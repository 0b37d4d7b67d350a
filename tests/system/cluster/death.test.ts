import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Cluster, type Instance } from '../../support/cluster/cluster.js';
import { describeWith } from '../../support/cluster/programs.js';
import { call, LegacyVisitor, McpVisitor, textOf } from '../../support/cluster/visitor.js';
import type { SseReader } from '../../support/sse-reader.js';

const LONG = { waitMs: 20_000 };

describeWith(['redis-server'], 'an instance that dies (kill -9)', () => {
  let cluster: Cluster;
  let a: Instance, b: Instance;

  beforeAll(async () => {
    cluster = await Cluster.start();
    [a, b] = await cluster.addAll('A', 'B');
  }, 60_000);

  afterAll(() => cluster.close(), 60_000);

  function responses(stream: SseReader, id: number): number {
    return stream.events.filter(({ data }) => data?.includes(`"id":${id}`) === true).length;
  }

  function began(label: string): number {
    return cluster.runs.filter((run) => run.endsWith(`began ${label}`)).length;
  }

  it('leaves its sessions to the others, who accept the client at once', async () => {
    const doomed = await cluster.add('D');
    const visitor = await McpVisitor.open(doomed);
    const stream = await visitor.get(doomed);
    stream.ended.catch(() => undefined);
    await doomed.child.stop('SIGKILL');
    const before = performance.now();
    expect(textOf((await visitor.post(a, call('who'))).body)).toBe('A');
    const again = await visitor.get(b);
    expect(performance.now() - before).toBeLessThan(2000);
    await visitor.post(a, call('change', { what: 'tools' }));
    await again.nextMessage(({ method }) => method === 'notifications/tools/list_changed');
    again.close();
  }, 40_000);

  it('ends its call in exactly one error for who resumes on /mcp, and never runs it again', async () => {
    const doomed = await cluster.add('D');
    const visitor = await McpVisitor.open(a);
    const cut = await visitor.stream(
      doomed,
      call('work', { label: 'dies', ms: 60_000, steps: 600 }, 4, { progressToken: 1 }),
    );
    const seen = await cut.next(({ data }) => data?.includes('progress') === true);
    cut.ended.catch(() => undefined);
    await doomed.child.stop('SIGKILL');
    // Two come back at once: the error is still one.
    const rest = await visitor.get(a, seen.id);
    const error = await rest.nextMessage(({ id }) => id === 4, LONG);
    expect(error.error).toEqual({ code: -32603, message: 'The server that ran this call is gone' });
    await rest.waitForEnd();
    const again = await visitor.get(b, seen.id);
    await again.waitForEnd();
    expect([responses(rest, 4), responses(again, 4), began('dies')]).toEqual([1, 1, 1]);
    // The session lives on, and the id may be used again.
    expect(textOf((await visitor.post(b, call('who', {}, 4))).body)).toBe('B');
  }, 40_000);

  it('ends its call in exactly one error on a legacy stream that another carries', async () => {
    const doomed = await cluster.add('D');
    const visitor = await LegacyVisitor.open(a);
    await visitor.initialize(b);
    await visitor.post(doomed, call('work', { label: 'dies too', ms: 60_000, steps: 600 }, 4, { progressToken: 1 }));
    await visitor.stream.nextMessage(({ method }) => method === 'notifications/progress');
    await doomed.child.stop('SIGKILL');
    const error = await visitor.stream.nextMessage(({ id }) => id === 4, LONG);
    expect(error.error.code).toBe(-32603);
    await visitor.post(b, call('who', {}, 4));
    expect(textOf(await visitor.answer(4))).toBe('B');
    expect([responses(visitor.stream, 4), began('dies too')]).toEqual([2, 1]);
    visitor.close();
  }, 40_000);

  it('leaves a legacy client that comes back elsewhere its session, with the error of what ran', async () => {
    const doomed = await cluster.add('D');
    const visitor = await LegacyVisitor.open(doomed);
    await visitor.initialize(doomed);
    visitor.stream.ended.catch(() => undefined);
    await visitor.post(doomed, call('work', { label: 'dies as well', ms: 60_000 }, 1));
    await visitor.post(a, call('who', {}, 2));
    await visitor.answer(2);
    const from = visitor.lastEventId;
    await doomed.child.stop('SIGKILL');
    await visitor.post(a, call('who', {}, 3));
    const back = await LegacyVisitor.open(b, from);
    expect(back.session).toBe(visitor.session);
    expect(textOf(await back.answer(3))).toBe('A');
    const error = await back.stream.nextMessage(({ id }) => id === 1, LONG);
    expect(error.error.code).toBe(-32603);
    back.close();
  }, 40_000);

  it('is not taken for dead when it only slept, or its late answer is not given on top', async () => {
    const sleepy = await cluster.add('S');
    const visitor = await LegacyVisitor.open(a);
    await visitor.initialize(a);
    await visitor.post(sleepy, call('work', { label: 'sleeps', ms: 1000 }, 1));
    sleepy.child.signal('SIGSTOP');
    const error = await visitor.stream.nextMessage(({ id }) => id === 1, LONG);
    expect(error.error.code).toBe(-32603);
    sleepy.child.signal('SIGCONT');
    await visitor.post(sleepy, call('who', {}, 2));
    expect(textOf(await visitor.answer(2))).toBe('S');
    await visitor.post(sleepy, call('work', { label: 'awake', ms: 1500 }, 3));
    await visitor.answer(3);
    expect(responses(visitor.stream, 1)).toBe(1);
    visitor.close();
    await sleepy.child.stop();
  }, 40_000);
});

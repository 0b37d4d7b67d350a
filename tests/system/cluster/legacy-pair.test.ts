import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { Cluster, type Instance } from '../../support/cluster/cluster.js';
import { describeWith } from '../../support/cluster/programs.js';
import { until } from '../../support/cluster/until.js';
import { call, LegacyVisitor, textOf } from '../../support/cluster/visitor.js';

describeWith(['redis-server'], 'the legacy pair over three instances', () => {
  let cluster: Cluster;
  let a: Instance, b: Instance, c: Instance;
  let visitor: LegacyVisitor;

  beforeAll(async () => {
    cluster = await Cluster.start();
    [a, b, c] = await cluster.addAll('A', 'B', 'C');
  }, 60_000);

  afterEach(() => visitor.close());

  afterAll(() => cluster.close(), 60_000);

  it('answers on the stream at A what was posted to B and ran on B', async () => {
    visitor = await LegacyVisitor.open(a);
    expect((await visitor.initialize(b)).result.protocolVersion).toBe('2025-06-18');
    expect((await visitor.post(b, call('who', {}, 1))).status).toBe(202);
    expect(textOf(await visitor.answer(1))).toBe('B');
  });

  it('takes the answer to a question that B asked, at C', async () => {
    visitor = await LegacyVisitor.open(a);
    await visitor.initialize(b);
    await visitor.post(b, call('ask', {}, 1));
    const question = await visitor.stream.nextMessage(({ method }) => method === 'elicitation/create');
    const result = { action: 'accept', content: { name: 'Ada' } };
    expect((await visitor.post(c, { jsonrpc: '2.0', id: question.id, result })).status).toBe(202);
    expect(textOf(await visitor.answer(1))).toBe('Ada told B');
  });

  it('cancels at C what runs on B', async () => {
    visitor = await LegacyVisitor.open(a);
    await visitor.initialize(a);
    await visitor.post(b, call('work', { label: 'cancelled', ms: 60_000, steps: 600 }, 7, { progressToken: 'p' }));
    await visitor.stream.nextMessage(({ method }) => method === 'notifications/progress');
    await visitor.post(c, { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 7 } });
    await until(() => cluster.runs.includes('B aborted cancelled'));
  });

  it('refuses an id that is in use on another instance, and leaves the first unharmed', async () => {
    visitor = await LegacyVisitor.open(a);
    await visitor.initialize(a);
    await visitor.post(b, call('work', { label: 'first', ms: 500 }, 5));
    const second = await visitor.post(c, call('who', {}, 5));
    expect([second.status, second.body.error.code]).toEqual([400, -32600]);
    expect(textOf(await visitor.answer(5))).toBe('first by B');
    await visitor.post(c, call('who', {}, 5));
    expect(textOf(await visitor.answer(5))).toBe('C');
  });

  it('goes on at C, with what was missed, when its stream at A is cut', async () => {
    visitor = await LegacyVisitor.open(a);
    await visitor.initialize(b);
    const from = visitor.lastEventId;
    visitor.close();
    await visitor.post(b, call('work', { label: 'missed', ms: 50 }, 1));
    const session = visitor.session;
    visitor = await LegacyVisitor.open(c, from);
    expect(visitor.session).toBe(session);
    expect(textOf(await visitor.answer(1))).toBe('missed by B');
    await visitor.post(a, call('who', {}, 2));
    expect(textOf(await visitor.answer(2))).toBe('A');
  });

  it('keeps the order of what instances say, and each answer for its call', async () => {
    visitor = await LegacyVisitor.open(a);
    await visitor.initialize(a);
    const instances = [a, b, c];
    const calls = Array.from({ length: 60 }, (_, n) => n);
    const posts = calls.map((n) => visitor.post(instances[n % 3] ?? a, call('add', { a: n, b: 1000 }, n)));
    expect((await Promise.all(posts)).map(({ status }) => status)).toEqual(calls.map(() => 202));
    for (const n of calls) expect((await visitor.answer(n)).result.structuredContent).toEqual({ sum: n + 1000 });
    const cursors = visitor.stream.events.flatMap(({ id }) => (id === undefined ? [] : [Number(id.split('.').at(-1))]));
    expect(cursors).toEqual(cursors.map((_, index) => index));
  });
});

import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Cluster, type Instance } from '../../support/cluster/cluster.js';
import { describeWith } from '../../support/cluster/programs.js';
import { until } from '../../support/cluster/until.js';
import { call, McpVisitor, textOf } from '../../support/cluster/visitor.js';

describeWith(['redis-server'], '/mcp over three instances', () => {
  let cluster: Cluster;
  let a: Instance, b: Instance, c: Instance;

  beforeAll(async () => {
    cluster = await Cluster.start();
    [a, b, c] = await cluster.addAll('A', 'B', 'C');
  }, 60_000);

  afterAll(() => cluster.close(), 60_000);

  it('is initialized on A, called on B, listened to on C', async () => {
    const visitor = await McpVisitor.open(a);
    expect(textOf((await visitor.post(b, call('who'))).body)).toBe('B');
    const stream = await visitor.get(c);
    await visitor.post(a, { jsonrpc: '2.0', method: 'notifications/initialized' });
    await visitor.post(b, call('change', { what: 'tools' }));
    await stream.nextMessage(({ method }) => method === 'notifications/tools/list_changed');
    stream.close();
  });

  it('resumes on C what A began, while it still runs, and in order', async () => {
    const visitor = await McpVisitor.open(a);
    const message = call('work', { label: 'resumed', ms: 600, steps: 6 }, 1, { progressToken: 1 });
    const cut = await visitor.stream(b, message);
    const seen = await cut.next(({ data }) => data?.includes('"progress":2') === true);
    cut.close();
    const rest = await visitor.get(c, seen.id);
    const progress = async (): Promise<number> =>
      (await rest.nextMessage(({ method }) => method === 'notifications/progress')).params.progress;
    expect([await progress(), await progress(), await progress(), await progress()]).toEqual([3, 4, 5, 6]);
    expect(textOf(await rest.nextMessage(({ id }) => id === 1))).toBe('resumed by B');
    await rest.waitForEnd();
    expect(cluster.runs.filter((run) => run.endsWith('began resumed'))).toHaveLength(1);
    // And as often as it is asked, also when all is over.
    const again = await visitor.get(a, seen.id);
    expect(textOf(await again.nextMessage(({ id }) => id === 1))).toBe('resumed by B');
    await again.waitForEnd();
  });

  it('resumes wherever its client comes back what nothing was said on yet', async () => {
    const visitor = await McpVisitor.open(a);
    const quiet = await visitor.get(b);
    const { id } = await quiet.next();
    quiet.close();
    for (const instance of [a, b, c]) {
      const again = await visitor.get(instance, id);
      expect((await again.next()).id).toBe(id);
      again.close();
    }
    const last = await visitor.get(b, id);
    await visitor.post(a, call('change', { what: 'tools' }));
    await last.nextMessage(({ method }) => method === 'notifications/tools/list_changed');
    last.close();
  });

  it('ends everywhere with DELETE on B: streams, calls, and the id', async () => {
    const visitor = await McpVisitor.open(a);
    const stream = await visitor.get(c);
    const running = await visitor.stream(
      a,
      call('work', { label: 'deleted', ms: 60_000, steps: 600 }, 1, { progressToken: 1 }),
    );
    await running.nextMessage();
    expect(await visitor.status(b, 'DELETE')).toBe(204);
    for (const instance of [a, b, c]) {
      const reply = await visitor.post(instance, call('who'));
      expect([reply.status, reply.body.error.code]).toEqual([404, -32001]);
    }
    await stream.waitForEnd();
    await running.waitForEnd();
    await until(() => cluster.runs.includes('A aborted deleted'));
    expect(await visitor.status(c, 'DELETE')).toBe(204);
  });

  it('does not exist any more anywhere the moment DELETE is answered', async () => {
    for (let round = 0; round < 20; round += 1) {
      const visitor = await McpVisitor.open(a);
      await Promise.all([a, b, c].map((instance) => visitor.post(instance, call('who'))));
      await visitor.status(b, 'DELETE');
      const replies = await Promise.all([a, c].map((instance) => visitor.post(instance, call('who'))));
      expect(replies.map(({ status }) => status)).toEqual([404, 404]);
    }
  });

  it('cancels on C what runs on B', async () => {
    const visitor = await McpVisitor.open(a);
    const running = await visitor.stream(
      b,
      call('work', { label: 'gone', ms: 60_000, steps: 600 }, 9, { progressToken: 1 }),
    );
    await running.nextMessage();
    const cancelled = { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 9 } };
    expect((await visitor.post(c, cancelled)).status).toBe(202);
    await running.waitForEnd();
    await until(() => cluster.runs.includes('B aborted gone'));
  });

  it('takes the answer to a question that B asked on its POST, at C', async () => {
    const visitor = await McpVisitor.open(a);
    const asking = await visitor.stream(b, call('ask', {}, 1));
    const question = await asking.nextMessage(({ method }) => method === 'elicitation/create');
    await visitor.post(c, { jsonrpc: '2.0', id: question.id, result: { action: 'accept', content: { name: 'Ada' } } });
    expect(textOf(await asking.nextMessage(({ id }) => id === 1))).toBe('Ada told B');
  });

  it('gives the stream to the second GET, on whichever instance, and nothing twice', async () => {
    const visitor = await McpVisitor.open(a);
    const first = await visitor.get(a);
    await visitor.post(b, call('change', { what: 'tools' }));
    await first.nextMessage();
    const second = await visitor.get(c);
    await first.waitForEnd();
    await visitor.post(a, call('change', { what: 'tools' }));
    await second.nextMessage();
    expect(second.events.filter(({ data }) => data?.includes('list_changed'))).toHaveLength(1);
    second.close();
  });

  it('keeps one stream of two GETs at once', async () => {
    const visitor = await McpVisitor.open(a);
    const streams = await Promise.all([a, b, c].map((instance) => visitor.get(instance)));
    let open = 3;
    for (const stream of streams) void stream.ended.then(() => (open -= 1));
    await until(() => open === 1);
    await visitor.post(b, call('change', { what: 'tools' }));
    await Promise.any(streams.map((stream) => stream.nextMessage()));
    for (const stream of streams) stream.close();
  });

  it('loses no subscription of two that are made at once on two instances', async () => {
    const visitor = await McpVisitor.open(a);
    const subscribe = (uri: string) => ({ jsonrpc: '2.0', id: uri, method: 'resources/subscribe', params: { uri } });
    const stream = await visitor.get(c);
    await Promise.all([visitor.post(a, subscribe('note://1')), visitor.post(b, { ...subscribe('note://1'), id: 2 })]);
    await visitor.post(b, { jsonrpc: '2.0', id: 3, method: 'logging/setLevel', params: { level: 'debug' } });
    await visitor.post(a, call('change', { what: 'note' }));
    const update = await stream.nextMessage(({ method }) => method === 'notifications/resources/updated');
    expect(update.params.uri).toBe('note://1');
    stream.close();
  });
});

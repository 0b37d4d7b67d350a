import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Cluster, type Instance } from '../../support/cluster/cluster.js';
import { describeWith } from '../../support/cluster/programs.js';
import { call, LegacyVisitor, McpVisitor, modern, modernStream, textOf } from '../../support/cluster/visitor.js';

describeWith(['redis-server'], 'what changes on one of three instances', () => {
  let cluster: Cluster;
  let a: Instance, b: Instance, c: Instance;

  beforeAll(async () => {
    cluster = await Cluster.start();
    [a, b, c] = await cluster.addAll('A', 'B', 'C');
  }, 60_000);

  afterAll(() => cluster.close(), 60_000);

  it('is told once to every subscriber, of every revision and door, on every instance', async () => {
    const legacy = await LegacyVisitor.open(a);
    await legacy.initialize(b);
    const session = await McpVisitor.open(b);
    const stream = await session.get(c);
    const filter = { notifications: { toolsListChanged: true, resourceSubscriptions: ['note://1'] } };
    const listening = await Promise.all([a, b, c].map((at) => modernStream(at, 'subscriptions/listen', filter)));
    for (const one of listening)
      await one.nextMessage(({ method }) => method === 'notifications/subscriptions/acknowledged');
    await legacy.post(c, { jsonrpc: '2.0', id: 1, method: 'resources/subscribe', params: { uri: 'note://1' } });
    await legacy.answer(1);
    await session.post(a, { jsonrpc: '2.0', id: 1, method: 'resources/subscribe', params: { uri: 'note://1' } });

    await modern(b, 'tools/call', { name: 'change', arguments: { what: 'tools' } });
    await modern(c, 'tools/call', { name: 'change', arguments: { what: 'note' } });

    const all = [legacy.stream, stream, ...listening];
    for (const one of all) await one.nextMessage(({ method }) => method === 'notifications/tools/list_changed');
    for (const one of all) {
      const update = await one.nextMessage(({ method }) => method === 'notifications/resources/updated');
      expect(update.params.uri).toBe('note://1');
    }
    for (const one of all) {
      expect(one.events.filter(({ data }) => data?.includes('list_changed') === true)).toHaveLength(1);
      one.close();
    }
  });

  it('waits for a client that is between two connections', async () => {
    const session = await McpVisitor.open(a);
    const cut = await session.get(b);
    await cut.next(({ id }) => id !== undefined);
    cut.close();
    await session.post(a, call('who'));
    await modern(c, 'tools/call', { name: 'change', arguments: { what: 'tools' } });
    await session.post(a, call('who'));
    const stream = await session.get(c);
    await stream.nextMessage(({ method }) => method === 'notifications/tools/list_changed');
    stream.close();
  });

  it('opens a requestState that another instance sealed', async () => {
    const asked = await modern(a, 'tools/call', { name: 'ask', arguments: {} });
    const { requestState } = asked.body.result;
    const inputResponses = { name: { action: 'accept', content: { name: 'Ada' } } };
    const answered = await modern(b, 'tools/call', { name: 'ask', arguments: {}, requestState, inputResponses });
    expect(textOf(answered.body)).toBe('Ada told B');
  });

  it('says at start that instances without a shared secret cannot open what others sealed', async () => {
    const alone = await cluster.add('D', { env: { STATE_SECRET: '' } });
    await alone.child.untilSays(/warning: .*STATE_SECRET/);
    await alone.child.stop();
  });
});

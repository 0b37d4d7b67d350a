import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Cluster, type Instance } from '../../support/cluster/cluster.js';
import { Nginx } from '../../support/cluster/nginx.js';
import { describeWith } from '../../support/cluster/programs.js';
import { call, LegacyVisitor, McpVisitor, post, textOf } from '../../support/cluster/visitor.js';
import { until } from '../../support/cluster/until.js';

describeWith(['nginx'], 'deploy/nginx.conf', () => {
  it('is accepted by nginx, where its instances are known', async () => {
    expect(await Nginx.check()).toContain('test is successful');
  });
});

describeWith(['redis-server', 'nginx'], 'two instances behind nginx without sticky sessions', () => {
  let cluster: Cluster;
  let nginx: Nginx;
  let a: Instance, b: Instance;

  beforeAll(async () => {
    cluster = await Cluster.start();
    [a, b] = (await cluster.addAll('A', 'B')) as [Instance, Instance];
    nginx = await Nginx.start([a, b]);
  }, 60_000);

  afterAll(async () => {
    expect(cluster.unhandled).toEqual([]);
    await nginx.close();
    await cluster.close();
  }, 60_000);

  it('are one server to a legacy client, whichever instance its messages reach', async () => {
    const legacy = await LegacyVisitor.open(nginx);
    await legacy.initialize(nginx);
    const servers = new Set<string>();
    for (let n = 0; n < 10; n += 1) {
      expect((await legacy.post(nginx, call('who', {}, n))).status).toBe(202);
      servers.add(textOf(await legacy.answer(n)));
    }
    expect([...servers].sort()).toEqual(['A', 'B']);
    await legacy.post(nginx, call('ask', {}, 'q'));
    const question = await legacy.stream.nextMessage(({ method }) => method === 'elicitation/create');
    const result = { action: 'accept', content: { name: 'Ada' } };
    await legacy.post(nginx, { jsonrpc: '2.0', id: question.id, result });
    expect(textOf(await legacy.answer('q'))).toContain('Ada');
    legacy.close();
  });

  it('are one server to a modern client, and its events come as they are said', async () => {
    const visitor = await McpVisitor.open(nginx);
    const main = await visitor.get(nginx);
    const answers = await Promise.all(Array.from({ length: 10 }, () => visitor.post(nginx, call('who'))));
    expect(new Set(answers.map(({ body }) => textOf(body)))).toEqual(new Set(['A', 'B']));
    const message = call('work', { label: 'proxied', ms: 2000, steps: 4 }, 1, { progressToken: 1 });
    const began = performance.now();
    const stream = await visitor.stream(nginx, message);
    await stream.nextMessage(({ method }) => method === 'notifications/progress');
    expect(performance.now() - began).toBeLessThan(1900);
    await stream.nextMessage(({ id }) => id === 1);
    await visitor.post(nginx, call('change', { what: 'tools' }));
    await main.nextMessage(({ method }) => method === 'notifications/tools/list_changed');
    expect(await visitor.status(nginx, 'DELETE')).toBe(204);
    await main.waitForEnd();
    const replies = await Promise.all(Array.from({ length: 6 }, () => visitor.post(nginx, call('who'))));
    expect(replies.map(({ status }) => status)).toEqual(Array(6).fill(404));
  });

  it('say 503 with Retry-After through nginx when Redis is away, and serve what needs none', async () => {
    const visitor = await McpVisitor.open(nginx);
    await cluster.redis.kill();
    await until(async () => (await visitor.post(nginx, call('who'))).status === 503);
    const reply = await visitor.post(nginx, call('who'));
    expect([reply.status, reply.headers.get('retry-after'), reply.body.error.code]).toEqual([503, '5', -32000]);
    expect((await post(`${nginx.url}/mcp`, call('who'))).status).toBe(200);
    await cluster.redis.restart();
    await until(async () => (await visitor.post(nginx, call('who'))).status === 200);
  }, 60_000);
});

import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Cluster, type Instance } from '../../support/cluster/cluster.js';
import { LoadClient, LegacyLoadClient } from '../../support/cluster/load.js';
import type { Front } from '../../support/cluster/front.js';
import { HaProxy } from '../../support/cluster/haproxy.js';
import { Nginx } from '../../support/cluster/nginx.js';
import { describeWith } from '../../support/cluster/programs.js';
import { call, LegacyVisitor, McpVisitor, post, type Reply, textOf } from '../../support/cluster/visitor.js';
import { until } from '../../support/cluster/until.js';

describeWith(['nginx'], 'deploy/nginx.conf', () => {
  it('is accepted by nginx, where its instances are known', async () => {
    expect(await Nginx.check()).toContain('test is successful');
  });
});

interface Installed {
  readonly program: string;
  readonly start: (instances: readonly Instance[]) => Promise<Front>;
  /** Whether it may close the client's connection without a word when it lost the instance. */
  readonly cutsOff: boolean;
}

const BALANCERS: readonly Installed[] = [
  { program: 'nginx', start: (instances) => Nginx.start(instances), cutsOff: false },
  { program: 'haproxy', start: (instances) => HaProxy.start(instances), cutsOff: true },
];

for (const { program, start, cutsOff } of BALANCERS) {
  describeWith(['redis-server', program], `two instances behind ${program} without sticky sessions`, () => {
    let cluster: Cluster;
    let balancer: Front;
    let instances: Instance[];

    beforeAll(async () => {
      cluster = await Cluster.start();
      instances = await cluster.addAll('A', 'B');
      balancer = await start(instances);
    }, 60_000);

    afterAll(async () => {
      await balancer.close();
      await cluster.close();
    }, 60_000);

    function who(): Promise<Reply> {
      return post(`${balancer.url}/mcp`, call('who'));
    }

    async function startAgain(n: number): Promise<void> {
      const { name, port } = instances[n]!;
      instances[n] = await cluster.add(name, { port });
    }

    it('are one server to a legacy client, whichever instance its messages reach', async () => {
      const legacy = await LegacyVisitor.open(balancer);
      await legacy.initialize(balancer);
      const servers = new Set<string>();
      for (let n = 0; n < 10; n += 1) {
        expect((await legacy.post(balancer, call('who', {}, n))).status).toBe(202);
        servers.add(textOf(await legacy.answer(n)));
      }
      expect([...servers].sort()).toEqual(['A', 'B']);
      await legacy.post(balancer, call('ask', {}, 'q'));
      const question = await legacy.stream.nextMessage(({ method }) => method === 'elicitation/create');
      const result = { action: 'accept', content: { name: 'Ada' } };
      await legacy.post(balancer, { jsonrpc: '2.0', id: question.id, result });
      expect(textOf(await legacy.answer('q'))).toContain('Ada');
      legacy.close();
    });

    it('are one server to a modern client, and its events come as they are said', async () => {
      const visitor = await McpVisitor.open(balancer);
      const main = await visitor.get(balancer);
      const answers = await Promise.all(Array.from({ length: 10 }, () => visitor.post(balancer, call('who'))));
      expect(new Set(answers.map(({ body }) => textOf(body)))).toEqual(new Set(['A', 'B']));
      const message = call('work', { label: 'proxied', ms: 2000, steps: 4 }, 1, { progressToken: 1 });
      const began = performance.now();
      const stream = await visitor.stream(balancer, message);
      await stream.nextMessage(({ method }) => method === 'notifications/progress');
      expect(performance.now() - began).toBeLessThan(1900);
      await stream.nextMessage(({ id }) => id === 1);
      await visitor.post(balancer, call('change', { what: 'tools' }));
      await main.nextMessage(({ method }) => method === 'notifications/tools/list_changed');
      expect(await visitor.status(balancer, 'DELETE')).toBe(204);
      await main.waitForEnd();
      const replies = await Promise.all(Array.from({ length: 6 }, () => visitor.post(balancer, call('who'))));
      expect(replies.map(({ status }) => status)).toEqual(Array(6).fill(404));
    });

    it('lose no call and run none twice while all of them are restarted, one after the other, under load', async () => {
      const clients = await Promise.all([
        ...Array.from({ length: 6 }, (_, n) => LoadClient.open(balancer, `mcp${n}`)),
        ...Array.from({ length: 4 }, (_, n) => LegacyLoadClient.open(balancer, `legacy${n}`)),
      ]);
      const load = clients.map((client) => client.run());
      try {
        await until(() => clients.every(({ answered }) => answered > 5));
        for (const [n, { child }] of instances.entries()) {
          await child.stop('SIGTERM');
          const before = clients.map(({ answered }) => answered);
          await until(() => clients.every(({ answered }, n) => answered > (before[n] ?? 0) + 5));
          await startAgain(n);
          const after = clients.map(({ answered }) => answered);
          await until(() => clients.every(({ answered }, n) => answered > (after[n] ?? 0) + 5));
        }
      } finally {
        for (const client of clients) client.stop();
        await Promise.all(load);
      }
      expect(clients.flatMap(({ failures }) => failures)).toEqual([]);
      const began = cluster.runs.filter((run) => /began (mcp|legacy)/.test(run)).map((run) => run.split(' ').at(-1));
      expect(began.length).toBe(new Set(began).size);
      expect(began.length).toBe(clients.reduce((sum, { answered }) => sum + answered, 0));
    }, 120_000);

    it('are never sent a POST that another was killed with, and are sent those that none has heard', async () => {
      const dying = post(`${balancer.url}/mcp`, call('work', { label: 'cut', ms: 60_000 }), {
        Accept: 'application/json',
      });
      const runs = (): string[] => cluster.runs.filter((run) => run.endsWith('began cut'));
      await until(() => runs().length > 0);
      const n = instances.findIndex(({ name }) => runs()[0] === `${name} began cut`);
      await instances[n]!.child.stop('SIGKILL');
      const ours = ['retry-after', 'content-type', 'x-content-type-options', 'cache-control'];
      const lost = await dying.catch((error: unknown) => String((error as Error).cause));
      if (typeof lost === 'string') expect([cutsOff, lost]).toEqual([true, 'SocketError: other side closed']);
      else {
        const { status, body, headers } = lost;
        expect([status, body.error.message]).toEqual([502, 'The instance that was asked is gone']);
        // Whoever is told to try again would have it done twice.
        expect(ours.map((name) => headers.get(name))).toEqual([null, 'application/json', 'nosniff', 'no-store']);
      }
      for (let n = 0; n < 10; n += 1) expect((await who()).status).toBe(200);
      expect(runs()).toHaveLength(1);
      await instances[1 - n]!.child.stop('SIGKILL');
      const nobody = await who();
      expect(nobody.status).toBe(503);
      expect(ours.map((name) => nobody.headers.get(name))).toEqual(['1', 'application/json', 'nosniff', 'no-store']);
      expect(nobody.body.error.message).toBe('No instance is there');
      await Promise.all([0, 1].map(startAgain));
      await until(async () => (await who()).status === 200);
    }, 60_000);

    it('say 503 with Retry-After through it when Redis is away, and serve what needs none', async () => {
      const visitor = await McpVisitor.open(balancer);
      await cluster.redis.kill();
      await until(async () => (await visitor.post(balancer, call('who'))).status === 503);
      const reply = await visitor.post(balancer, call('who'));
      expect([reply.status, reply.headers.get('retry-after'), reply.body.error.code]).toEqual([503, '5', -32000]);
      expect((await who()).status).toBe(200);
      await cluster.redis.restart();
      await until(async () => (await visitor.post(balancer, call('who'))).status === 200);
    }, 60_000);
  });
}

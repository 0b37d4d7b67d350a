import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Cluster, type Instance } from '../../support/cluster/cluster.js';
import { describeWith } from '../../support/cluster/programs.js';
import { until } from '../../support/cluster/until.js';
import { call, McpVisitor, modern, modernStream } from '../../support/cluster/visitor.js';
import type { Json } from '../../support/clients/test-client.js';

describeWith(['redis-server'], 'tasks over instances', () => {
  let cluster: Cluster;
  let a: Instance, b: Instance;

  beforeAll(async () => {
    cluster = await Cluster.start();
    [a, b] = await cluster.addAll('A', 'B');
  }, 60_000);

  afterAll(() => cluster.close(), 60_000);

  describe('of 2026-07-28', () => {
    async function begin(at: Instance, name: string, args: object = {}): Promise<string> {
      const { body } = await modern(at, 'tools/call', { name, arguments: args });
      expect(body.result.resultType).toBe('task');
      return body.result.taskId;
    }

    async function get(at: Instance, taskId: string): Promise<Json> {
      const { body } = await modern(at, 'tasks/get', { taskId });
      return body.result ?? body;
    }

    async function untilStatus(at: Instance, taskId: string, status: string): Promise<Json> {
      await until(async () => (await get(at, taskId)).status === status);
      return get(at, taskId);
    }

    it('is found on the other instance as soon as its client knows of it, and so is what came of it', async () => {
      const taskId = await begin(a, 'job', { label: 'found', ms: 300 });
      expect((await get(b, taskId)).status).toBe('working');
      const done = await untilStatus(b, taskId, 'completed');
      expect(done.result.content[0].text).toBe('found by A');
    });

    it('takes answers to what it asks on the other instance', async () => {
      const taskId = await begin(a, 'interview');
      const waiting = await untilStatus(b, taskId, 'input_required');
      expect(waiting.inputRequests.name.method).toBe('elicitation/create');
      const inputResponses = { name: { action: 'accept', content: { name: 'Ada' } } };
      await modern(b, 'tasks/update', { taskId, inputResponses });
      expect((await untilStatus(b, taskId, 'completed')).result.content[0].text).toBe('Ada told A');
    });

    it('is cancelled from the other instance', async () => {
      const taskId = await begin(a, 'job', { label: 'cancelled', ms: 60_000 });
      await modern(b, 'tasks/cancel', { taskId });
      await untilStatus(b, taskId, 'cancelled');
      await untilStatus(a, taskId, 'cancelled');
    });

    it('tells who listens on the other instance', async () => {
      const taskId = await begin(a, 'job', { label: 'heard', ms: 500 });
      const stream = await modernStream(b, 'subscriptions/listen', { notifications: { taskIds: [taskId] } });
      const told = await stream.nextMessage(
        ({ method, params }) => method === 'notifications/tasks' && params.status === 'completed',
      );
      expect(told.params.result.content[0].text).toBe('heard by A');
      stream.close();
    });

    it('does not exist for who names another', async () => {
      expect((await get(b, 'b2b6a2c0-0000-4000-8000-000000000000')).error.code).toBe(-32602);
    });

    it('has failed on its own instance too, when that was taken for dead and only slept', async () => {
      const taskId = await begin(a, 'job', { label: 'slept', ms: 500 });
      const stream = await modernStream(a, 'subscriptions/listen', { notifications: { taskIds: [taskId] } });
      await stream.nextMessage(({ method }) => method === 'notifications/subscriptions/acknowledged');
      // As another instance says it of one that is dead.
      const key = `dualgauge:t:${taskId}`;
      const { description, ...posted } = JSON.parse(String(await cluster.redis.ask('HGET', key, 'd')));
      const failed = { ...description, status: 'failed', error: { code: -32603, message: 'gone' } };
      const record = JSON.stringify({ ...posted, isTerminal: true, description: failed });
      await cluster.redis.ask('HSET', key, 'd', record, 'e', '1');
      const told = await stream.nextMessage(({ method }) => method === 'notifications/tasks');
      expect([told.params.status, told.params.error.message]).toEqual(['failed', 'gone']);
      for (const at of [a, b]) expect(await get(at, taskId)).toMatchObject({ status: 'failed' });
      stream.close();
    });

    it('has failed when its instance died, everywhere, and who listens is told', async () => {
      const doomed = await cluster.add('D');
      const taskId = await begin(doomed, 'job', { label: 'doomed', ms: 60_000 });
      const stream = await modernStream(b, 'subscriptions/listen', { notifications: { taskIds: [taskId] } });
      await stream.nextMessage(({ method }) => method === 'notifications/subscriptions/acknowledged');
      await doomed.child.stop('SIGKILL');
      const told = await stream.nextMessage(({ method }) => method === 'notifications/tasks', { waitMs: 20_000 });
      expect([told.params.status, told.params.error.code]).toEqual(['failed', -32603]);
      expect((await get(a, taskId)).status).toBe('failed');
      stream.close();
    }, 40_000);
  });

  describe('of 2025-11-25', () => {
    let count = 0;

    async function begin(visitor: McpVisitor, at: Instance, label: string, ms = 100): Promise<string> {
      const { method, params } = call('job', { label, ms }) as { method: string; params: object };
      const { body } = await visitor.post(at, { jsonrpc: '2.0', id: ++count, method, params: { ...params, task: {} } });
      return body.result.task.taskId;
    }

    async function list(visitor: McpVisitor, at: Instance): Promise<string[]> {
      const { body } = await visitor.post(at, { jsonrpc: '2.0', id: ++count, method: 'tasks/list' });
      return (body.result.tasks as { taskId: string }[]).map(({ taskId }) => taskId);
    }

    it('are over when the other instance answers that they are cancelled', async () => {
      const visitor = await McpVisitor.open(a);
      const taskId = await begin(visitor, a, 'called off', 60_000);
      const cancel = { jsonrpc: '2.0', id: ++count, method: 'tasks/cancel', params: { taskId } };
      const { body } = await visitor.post(b, cancel);
      expect(body.result).toMatchObject({ taskId, status: 'cancelled' });
      expect((await visitor.post(b, cancel)).body.error.code).toBe(-32602);
    });

    it('are listed on each instance, those of all, oldest first, to their own session alone', async () => {
      const [mine, other] = [await McpVisitor.open(a), await McpVisitor.open(b)];
      const ids: string[] = [];
      for (const at of [a, b, a]) ids.push(await begin(mine, at, 'listed'));
      const others = await begin(other, a, 'listed');
      for (const at of [a, b]) {
        expect(await list(mine, at)).toEqual(ids);
        expect(await list(other, at)).toEqual([others]);
      }
    });

    it('are listed as before when the store was away and has come back', async () => {
      const visitor = await McpVisitor.open(a);
      const id = await begin(visitor, b, 'away');
      await cluster.redis.kill();
      await until(async () => (await visitor.post(a, { jsonrpc: '2.0', id: ++count, method: 'ping' })).status === 503);
      await cluster.redis.restart();
      await until(async () => (await visitor.post(a, { jsonrpc: '2.0', id: ++count, method: 'ping' })).status === 200);
      expect(await list(visitor, a)).toEqual([id]);
    });
  });
});

import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { type Change, Changes } from '../../../protocol/changes.js';
import { ErrorCode } from '../../../protocol/errors.js';
import { MetaKey, type ServerCapabilities, TASKS_EXTENSION } from '../../../protocol/mcp.js';
import { subscriptionsListen } from '../../../protocol/subscriptions.js';
import { fakeCall, type FakeCallOptions, type Sent } from '../../support/fake-call.js';

const everything: ServerCapabilities = {
  tools: { listChanged: true },
  prompts: { listChanged: true },
  resources: { listChanged: true, subscribe: true },
};
const knowsTasks = { capabilities: { extensions: { [TASKS_EXTENSION]: {} } } };

interface Listening extends FakeCallOptions {
  readonly notifications: unknown;
  readonly capabilities?: ServerCapabilities;
  readonly maxNames?: number;
}

function listen({ notifications, capabilities = everything, maxNames = 1000, ...options }: Listening) {
  const changes = new Changes();
  const call = fakeCall({ id: 'sub-1', revision: '2026-07-28', ...options });
  const method = subscriptionsListen({
    changes,
    capabilities: () => capabilities,
    visibleResources: (uris) => uris.filter((uri) => !uri.startsWith('theirs:')),
    visibleTasks: (ids) => ids.filter((id) => id.startsWith('mine')),
    maxNames,
  });
  return { changes, call, ended: Promise.resolve(method.run({ notifications }, call)) };
}

const tag = { [MetaKey.subscriptionId]: 'sub-1' };

describe('subscriptions/listen', () => {
  it('acknowledges first, with what it will tell of, under the name of the subscription', async () => {
    const { call, ended } = listen({
      notifications: { toolsListChanged: true, promptsListChanged: false, other: true },
    });
    await setImmediate();
    expect(call.sent).toEqual([
      {
        method: 'notifications/subscriptions/acknowledged',
        params: { _meta: tag, notifications: { toolsListChanged: true } },
      },
    ]);
    call.abort('shutdown');
    await ended;
  });

  it('tells of what was asked for and of nothing else, each tagged', async () => {
    const { changes, call, ended } = listen({
      notifications: {
        toolsListChanged: true,
        resourceSubscriptions: ['a:1', 'theirs:1'],
        taskIds: ['mine-1', 'theirs-1'],
      },
      client: knowsTasks,
    });
    await setImmediate();
    const happened: Change[] = [
      { kind: 'prompts' },
      { kind: 'resources' },
      { kind: 'resource', uri: 'a:2' },
      { kind: 'task', taskId: 'theirs-1', task: {} },
      { kind: 'tools' },
      { kind: 'resource', uri: 'a:1' },
      { kind: 'task', taskId: 'mine-1', task: { taskId: 'mine-1', status: 'working' } },
    ];
    for (const change of happened) changes.publish(change);
    await setImmediate();
    expect(call.sent.slice(1)).toEqual([
      { method: 'notifications/tools/list_changed', params: { _meta: tag } },
      { method: 'notifications/resources/updated', params: { uri: 'a:1', _meta: tag } },
      { method: 'notifications/tasks', params: { taskId: 'mine-1', status: 'working', _meta: tag } },
    ]);
    expect(call.sent[0]!.params.notifications).toEqual({
      toolsListChanged: true,
      resourceSubscriptions: ['a:1'],
      taskIds: ['mine-1'],
    });
    call.abort();
    await ended;
  });

  it.each(['shutdown', 'disconnected'] as const)('ends with a result and stops listening on %s', async (cause) => {
    const { changes, call, ended } = listen({ notifications: { toolsListChanged: true } });
    await setImmediate();
    expect(changes.listeners).toBe(1);
    call.abort(cause);
    expect(await ended).toEqual({ _meta: tag });
    expect(changes.listeners).toBe(0);
    changes.publish({ kind: 'tools' });
    await setImmediate();
    expect(call.sent).toHaveLength(1);
  });

  it('ends at once when the client left before it began', async () => {
    const signal = AbortSignal.abort('disconnected');
    const changes = new Changes();
    const method = subscriptionsListen({
      changes,
      capabilities: () => everything,
      visibleResources: () => [],
      visibleTasks: () => [],
    });
    const call = { ...fakeCall({ id: 'sub-1', revision: '2026-07-28' }), signal };
    expect(await method.run({ notifications: { toolsListChanged: true } }, call)).toEqual({ _meta: tag });
    expect(changes.listeners).toBe(0);
  });

  it('stops listening when the stream fails', async () => {
    const { changes, ended } = listen({
      notifications: { toolsListChanged: true },
      notify: () => Promise.reject(new Error('stalled')),
    });
    await expect(ended).rejects.toThrow('stalled');
    expect(changes.listeners).toBe(0);
  });

  it('keeps for a slow reader the newest state of each thing, once, and loses nothing that came meanwhile', async () => {
    const sent: Sent[] = [];
    let release: () => void = () => undefined;
    const { changes, call, ended } = listen({
      notifications: { toolsListChanged: true, taskIds: ['mine'] },
      client: knowsTasks,
      notify: async (method, params) => {
        sent.push({ method, params: params as Record<string, unknown> });
        await new Promise<void>((resolve) => (release = resolve));
      },
    });
    await setImmediate();
    for (let status = 0; status < 1000; status += 1) {
      changes.publish({ kind: 'tools' });
      changes.publish({ kind: 'task', taskId: 'mine', task: { status } });
    }
    for (let round = 0; round < 5; round += 1) {
      release();
      await setImmediate();
    }
    expect(sent.slice(1).map(({ method, params }) => [method, params.status])).toEqual([
      ['notifications/tools/list_changed', undefined],
      ['notifications/tasks', 999],
    ]);
    call.abort();
    release();
    await ended;
  });

  it('promises only what the server can tell of', async () => {
    const { call, ended } = listen({
      notifications: { toolsListChanged: true, resourcesListChanged: true, resourceSubscriptions: ['a:1'] },
      capabilities: { tools: {}, resources: { listChanged: true } },
    });
    await setImmediate();
    expect(call.sent[0]!.params.notifications).toEqual({ resourcesListChanged: true });
    call.abort();
    await ended;
  });

  it.each([
    ['no filter', undefined],
    ['a filter that is a list', ['toolsListChanged']],
    ['uris that are no list', { resourceSubscriptions: 'a:1' }],
    ['uris that are no strings', { resourceSubscriptions: [1] }],
    ['more names than allowed', { resourceSubscriptions: ['a', 'b', 'c'] }],
  ])('refuses %s and listens to nothing', async (_what, notifications) => {
    const { changes, call, ended } = listen({ notifications, maxNames: 2 });
    await expect(ended).rejects.toMatchObject({ code: ErrorCode.invalidParams });
    expect(changes.listeners).toBe(0);
    expect(call.sent).toEqual([]);
  });

  it('takes as many names as allowed', async () => {
    const { call, ended } = listen({ notifications: { resourceSubscriptions: ['a', 'b'] }, maxNames: 2 });
    call.abort();
    expect(await ended).toEqual({ _meta: tag });
  });

  it('asks for the tasks extension before it tells of tasks', async () => {
    const { ended } = listen({ notifications: { taskIds: ['mine'] } });
    await expect(ended).rejects.toMatchObject({
      code: ErrorCode.missingClientCapability,
      data: { requiredCapabilities: { extensions: { [TASKS_EXTENSION]: {} } } },
    });
  });
});

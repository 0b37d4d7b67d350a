import { describe, expect, it, jest } from '@jest/globals';
import { type Change, type ChangeListener, Changes, toNotification } from '../../../protocol/changes.js';

describe('Changes', () => {
  it('are heard by everyone who listens, until they stop', () => {
    const changes = new Changes();
    const [first, second] = [jest.fn<ChangeListener>(), jest.fn<ChangeListener>()];
    const stop = changes.subscribe(first);
    changes.subscribe(second);
    changes.publish({ kind: 'tools' });
    stop();
    stop();
    changes.publish({ kind: 'prompts' });
    expect(first.mock.calls).toEqual([[{ kind: 'tools' }]]);
    expect(second.mock.calls).toEqual([[{ kind: 'tools' }], [{ kind: 'prompts' }]]);
    expect(changes.listeners).toBe(1);
  });

  it('reach the others when a listener leaves while they are told', () => {
    const changes = new Changes();
    const last = jest.fn<ChangeListener>();
    const stop = changes.subscribe(() => stop());
    changes.subscribe(last);
    changes.publish({ kind: 'tools' });
    expect(last).toHaveBeenCalledTimes(1);
    expect(changes.listeners).toBe(1);
  });
});

describe('toNotification', () => {
  it.each<[Change, object]>([
    [{ kind: 'tools' }, { method: 'notifications/tools/list_changed' }],
    [{ kind: 'prompts' }, { method: 'notifications/prompts/list_changed' }],
    [{ kind: 'resources' }, { method: 'notifications/resources/list_changed' }],
    [
      { kind: 'resource', uri: 'a:b' },
      { method: 'notifications/resources/updated', params: { uri: 'a:b' } },
    ],
    [
      { kind: 'task', taskId: 't', task: { taskId: 't' } },
      { method: 'notifications/tasks', params: { taskId: 't' } },
    ],
  ])('tells of %j', (change, notification) => {
    expect(toNotification(change)).toEqual(notification);
  });
});

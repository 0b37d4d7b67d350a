import type { Call } from '../protocol/call.js';
import type { Method } from '../protocol/dispatcher.js';
import { ErrorCode, missingCapability, RpcError } from '../protocol/errors.js';
import { isObject, type Params } from '../protocol/json-rpc.js';
import { TASKS_EXTENSION } from '../protocol/mcp.js';
import type { TaskView } from './task-view.js';
import type { Tasks } from './tasks.js';

/** `tasks/get`, `tasks/update` and `tasks/cancel` (SEP-2663). */
export function taskMethods(tasks: Tasks): Method[] {
  const define = (name: string, run: (task: TaskView, params: Params) => object | Promise<object>): Method => ({
    name,
    era: 'modern',
    async run(params, call) {
      requireExtension(call);
      return run(await tasks.find(params.taskId, call), params);
    },
  });
  return [
    define('tasks/get', (task) => task.describe()),
    define('tasks/update', update),
    define('tasks/cancel', cancel),
  ];
}

function requireExtension({ client }: Call): void {
  if (client.capabilities.extensions?.[TASKS_EXTENSION] === undefined) {
    throw missingCapability({ extensions: { [TASKS_EXTENSION]: {} } });
  }
}

async function update(task: TaskView, params: Params): Promise<object> {
  const responses = params.inputResponses;
  if (!isObject(responses)) throw new RpcError(ErrorCode.invalidParams, 'Invalid params: inputResponses is required');
  await task.answer(responses);
  return {};
}

async function cancel(task: TaskView): Promise<object> {
  await task.cancel();
  return {};
}

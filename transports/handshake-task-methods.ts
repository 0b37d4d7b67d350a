/** The experimental tasks of 2025-11-25: a client asks for one with `params.task`, and waits for its end here. */
import type { Call, Question } from '../protocol/call.js';
import type { Method } from '../protocol/dispatcher.js';
import { ErrorCode, RpcError } from '../protocol/errors.js';
import { has } from '../protocol/features.js';
import type { Params } from '../protocol/json-rpc.js';
import { pageOf, parseCursor } from '../protocol/pages.js';
import { summarizeForHandshake, type TaskView } from './task-view.js';
import type { Tasks } from './tasks.js';

const RELATED = 'io.modelcontextprotocol/related-task';
const PAGE_SIZE = 100;
/** How long the instance that runs a task may take to end it. */
const CANCEL_MS = 10_000;

/** `tasks/get`, `tasks/result`, `tasks/list` and `tasks/cancel` (2025-11-25 "Tasks"). */
export function handshakeTaskMethods(tasks: Tasks): Method[] {
  const relayed = new WeakMap<TaskView, Set<string>>();
  const define = (name: string, run: (params: Params, call: Call) => object | Promise<object>): Method => ({
    name,
    era: 'handshake',
    run(params, call) {
      if (!has(call.revision, 'toolExecution')) throw new RpcError(ErrorCode.methodNotFound, 'Method not found');
      return run(params, call);
    },
  });
  return [
    define('tasks/get', async (params, call) => summarizeForHandshake(await tasks.find(params.taskId, call))),
    define('tasks/list', (params, call) => list(tasks, params, call)),
    define('tasks/cancel', async (params, call) => cancel(await tasks.find(params.taskId, call), call)),
    define('tasks/result', async (params, call) => waitForResult(await tasks.find(params.taskId, call), call, relayed)),
  ];
}

async function list(tasks: Tasks, params: Params, call: Call): Promise<object> {
  const ids = await tasks.idsOf(call);
  const { items, ...next } = pageOf(ids, parseCursor(params, ids.length, PAGE_SIZE), PAGE_SIZE);
  const found = await Promise.all(items.map((id) => findIfThere(tasks, id, call)));
  return { tasks: found.filter((task) => task !== undefined).map(summarizeForHandshake), ...next };
}

// One of them may have expired since.
async function findIfThere(tasks: Tasks, id: string, call: Call): Promise<TaskView | undefined> {
  try {
    return await tasks.find(id, call);
  } catch (error) {
    if (error instanceof RpcError && error.code === ErrorCode.invalidParams) return undefined;
    throw error;
  }
}

// The task is over before the answer says so (2025-11-25 "Task Cancellation"), wherever it runs.
async function cancel(task: TaskView, call: Call): Promise<object> {
  if (task.isTerminal) throw new RpcError(ErrorCode.invalidParams, `The task is over: ${task.status}`);
  await task.cancel();
  if (!(await waitForEnd(task, call.signal)))
    throw new RpcError(ErrorCode.internalError, 'The instance that runs the task does not answer');
  return summarizeForHandshake(task);
}

async function waitForEnd(task: TaskView, signal: AbortSignal): Promise<boolean> {
  const end = performance.now() + CANCEL_MS;
  while (!task.isTerminal && !signal.aborted && performance.now() < end) await task.changed(signal);
  return task.isTerminal;
}

async function waitForResult(task: TaskView, call: Call, relayed: WeakMap<TaskView, Set<string>>): Promise<object> {
  const asked = relayed.get(task) ?? new Set<string>();
  relayed.set(task, asked);
  while (!task.isTerminal && !call.signal.aborted) {
    for (const [key, question] of task.questions) {
      if (asked.has(key)) continue;
      asked.add(key);
      void relay(task, key, question, call).catch(() => asked.delete(key));
    }
    await task.changed(call.signal);
  }
  if (task.error !== undefined) throw new RpcError(task.error.code, task.error.message, task.error.data);
  if (task.result === undefined) throw new RpcError(ErrorCode.requestCancelled, 'The task was cancelled');
  const { _meta } = task.result as { _meta?: object };
  return { ...task.result, _meta: { ..._meta, [RELATED]: { taskId: task.id } } };
}

// What the task asks travels on the stream of whoever waits for its result.
async function relay(
  task: TaskView,
  key: string,
  { method, params }: Pick<Question, 'method' | 'params'>,
  call: Call,
): Promise<void> {
  const related = { ...params, _meta: { [RELATED]: { taskId: task.id } } };
  const answer = await call.ask({ method, params: related, read: (result) => result });
  await task.answer({ [key]: answer });
}

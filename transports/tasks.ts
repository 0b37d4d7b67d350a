/**
 * Tasks: calls that go on without their connection (the `io.modelcontextprotocol/tasks` extension, SEP-2663). A task is
 * its principal's; to everybody else it does not exist.
 */
import { randomUUID } from 'node:crypto';
import type { AbortCause, Call, Principal, Question } from '../protocol/call.js';
import type { Changes } from '../protocol/changes.js';
import { ErrorCode, RpcError, ToolError } from '../protocol/errors.js';
import { compact } from '../protocol/fit.js';
import type { ErrorObject, Response } from '../protocol/json-rpc.js';
import { MODERN_REVISION } from '../protocol/versions.js';
import type { Asker } from './asker.js';
import type { Exchange, TaskMaker } from './exchange.js';
import { RemoteTask } from './remote-task.js';
import type { PostedTask, TaskBoard, TaskWord } from './task-board.js';
import { summarizeForHandshake, type TaskStatus, type TaskView } from './task-view.js';

export interface TasksOptions {
  readonly changes: Changes;
  readonly maxTasks: number;
  /** How long a task is kept, from its beginning. */
  readonly ttlMs: number;
  readonly pollIntervalMs?: number;
  /** Where tasks are known to other instances, where there are any. */
  readonly board?: TaskBoard | undefined;
}

const POLL_INTERVAL_MS = 1000;

/** One call that became a task. */
export class Task implements Asker, TaskView {
  readonly id = randomUUID();
  readonly createdAt = new Date();
  lastUpdatedAt = this.createdAt;
  status: TaskStatus = 'working';
  result: object | undefined;
  error: ErrorObject | undefined;
  readonly #questions = new Map<string, PendingQuestion>();
  readonly #usedKeys = new Set<string>();
  readonly #waiting = new Set<() => void>();
  readonly #onChange: (task: Task) => void | Promise<void>;

  constructor(
    readonly exchange: Exchange,
    readonly options: TasksOptions,
    onChange: (task: Task) => void | Promise<void>,
  ) {
    this.#onChange = onChange;
  }

  get principal(): Principal {
    return this.exchange.principal;
  }

  get isTerminal(): boolean {
    return this.status !== 'working' && this.status !== 'input_required';
  }

  get questions(): ReadonlyMap<string, Question> {
    return this.#questions;
  }

  ask(question: Question): Promise<unknown> {
    const key = this.#nextKey(question);
    return new Promise((resolve, reject) => {
      this.#questions.set(key, { ...question, resolve, reject });
      this.#become('input_required');
    });
  }

  /** Takes what answers open questions; the rest is ignored. What cannot be used is asked again under a new key. */
  answer(responses: Readonly<Record<string, unknown>>): void {
    for (const [key, response] of Object.entries(responses)) {
      const question = this.#questions.get(key);
      if (question === undefined) continue;
      this.#questions.delete(key);
      try {
        question.resolve(question.read(response));
      } catch {
        this.#questions.set(this.#nextKey(question), question);
      }
    }
    if (!this.isTerminal && this.#questions.size === 0) this.#become('working');
  }

  cancel(): void {
    this.exchange.abort('cancelled');
  }

  abort(cause: AbortCause): void {
    for (const { reject } of this.#questions.values()) reject(new ToolError(`The task ended: ${cause}`));
    this.#questions.clear();
  }

  settle(response: Response | undefined): void {
    if (this.isTerminal) return;
    this.#questions.clear();
    if (response === undefined) return this.#become('cancelled');
    if ('error' in response) {
      this.error = response.error;
      return this.#become('failed');
    }
    this.result = response.result;
    this.#become('completed');
  }

  /** Becomes what clients were told elsewhere that came of it. @returns false when it was that already */
  adopt({ status, result, error }: EndedAs): boolean {
    if (status === this.status) return false;
    Object.assign(this, { status, result, error, lastUpdatedAt: new Date() });
    // Nobody would hear what still comes of it.
    this.exchange.abort('cancelled');
    return true;
  }

  /** The task as 2026-07-28 clients read it (SEP-2663 "Tasks"). */
  describe(): Record<string, unknown> {
    const isWaiting = this.status === 'input_required';
    return compact({
      ...this.summarize(),
      inputRequests: isWaiting
        ? Object.fromEntries([...this.#questions].map(([key, { method, params }]) => [key, { method, params }]))
        : undefined,
      result: this.result,
      error: this.error,
    });
  }

  summarize(): Record<string, unknown> {
    return {
      taskId: this.id,
      status: this.status,
      createdAt: this.createdAt.toISOString(),
      lastUpdatedAt: this.lastUpdatedAt.toISOString(),
      ttlMs: this.options.ttlMs,
      pollIntervalMs: this.options.pollIntervalMs ?? POLL_INTERVAL_MS,
    };
  }

  /** Resolves when something about the task has changed, or the signal fires. */
  changed(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        signal.removeEventListener('abort', done);
        this.#waiting.delete(done);
        resolve();
      };
      this.#waiting.add(done);
      signal.addEventListener('abort', done, { once: true });
    });
  }

  #become(status: TaskStatus): void {
    this.status = status;
    this.lastUpdatedAt = new Date();
    const told = this.#onChange(this);
    if (told === undefined) this.wake();
    else void told.finally(() => this.wake()).catch(() => undefined);
  }

  /** Has those look who wait for a change. */
  wake(): void {
    for (const done of this.#waiting) done();
  }

  // A key means one question for the life of the task.
  #nextKey({ key, method }: Question): string {
    const base = key ?? method.replace(/^.*\//, '');
    let name = key ?? `${base}_1`;
    for (let n = 2; this.#usedKeys.has(name); n += 1) name = `${base}_${n}`;
    this.#usedKeys.add(name);
    return name;
  }
}

interface EndedAs {
  readonly status: TaskStatus;
  readonly result?: object;
  readonly error?: ErrorObject;
}

interface PendingQuestion extends Question {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: Error) => void;
}

// All who prove nothing are one principal; what tells them apart is their session, if they have one.
function isOwner(
  task: { principal: string; session: string | undefined },
  { principal, session, revision }: Call,
): boolean {
  if (task.principal !== principal.id) return false;
  if (!principal.isAnonymous || revision === MODERN_REVISION) return true;
  return session !== undefined && task.session === session.id;
}

function ownerOf({ exchange }: Task): { principal: string; session: string | undefined } {
  return { principal: exchange.principal.id, session: exchange.session?.id };
}

// A list is its principal's, or its session's where all are one principal.
function listOf({ id, isAnonymous }: Principal, session: string | undefined): string | undefined {
  if (!isAnonymous) return `principal:${id}`;
  return session === undefined ? undefined : `session:${session}`;
}

/** Every task of this server. */
export class Tasks implements TaskMaker {
  readonly #tasks = new Map<string, Task>();
  readonly #options: TasksOptions;

  constructor(options: TasksOptions) {
    this.#options = options;
    options.board?.onWord((taskId, word) => this.#hear(taskId, word));
    options.board?.onEnd(({ id, description }) => this.#adopt(id, description as unknown as EndedAs));
  }

  get size(): number {
    return this.#tasks.size;
  }

  /** @throws RpcError when there are as many tasks as there may be */
  create(exchange: Exchange): ReturnType<TaskMaker['create']> {
    this.#forgetExpired();
    if (this.#tasks.size >= this.#options.maxTasks) throw new RpcError(ErrorCode.internalError, 'Too many tasks');
    const task = new Task(exchange, this.#options, (changed) => this.#changed(changed));
    this.#tasks.set(task.id, task);
    return {
      asker: task,
      result:
        exchange.revision === MODERN_REVISION
          ? { resultType: 'task', ...task.summarize() }
          : { task: summarizeForHandshake(task) },
      settle: (response) => task.settle(response),
      isKnown: this.#post(task),
    };
  }

  /**
   * @throws RpcError -32602 for a task that is not there, or not this caller's; -32603 when it may be another instance's
   *   and the store is away
   */
  find(taskId: unknown, call: Call): TaskView | Promise<TaskView> {
    this.#forgetExpired();
    const task = typeof taskId === 'string' ? this.#tasks.get(taskId) : undefined;
    if (task !== undefined && isOwner(ownerOf(task), call)) return task;
    if (task !== undefined || typeof taskId !== 'string' || this.#options.board === undefined) throw unknownTask();
    return this.#findElsewhere(taskId, call, this.#options.board);
  }

  /**
   * The ids of the caller's tasks on all instances, oldest first; last those that other instances cannot know of yet.
   * @throws RpcError -32603 when there may be more on other instances and the store is away
   */
  async idsOf(call: Call): Promise<readonly string[]> {
    this.#forgetExpired();
    const own = [...this.#tasks.values()].filter((task) => isOwner(ownerOf(task), call)).map(({ id }) => id);
    const list = listOf(call.principal, call.session?.id);
    const { board } = this.#options;
    if (board === undefined || list === undefined) return own;
    const all = await board.idsOf(list).catch(() => undefined);
    if (all === undefined) throw storeAway();
    return [...new Set([...all, ...own])];
  }

  /** Those of the tasks that the caller may hear of. */
  async visible(ids: readonly string[], call: Call): Promise<string[]> {
    const found = await Promise.all(ids.map((id) => this.#isVisible(id, call)));
    return ids.filter((_, index) => found[index]);
  }

  async #isVisible(id: string, call: Call): Promise<boolean> {
    const task = this.#tasks.get(id);
    if (task !== undefined) return isOwner(ownerOf(task), call);
    const posted = await this.#options.board?.get(id).catch(() => undefined);
    return posted !== undefined && isOwner(posted, call);
  }

  async #findElsewhere(taskId: string, call: Call, board: TaskBoard): Promise<TaskView> {
    let posted: PostedTask | undefined;
    try {
      posted = await board.get(taskId);
    } catch {
      // Not "unknown": the client would give it up.
      throw storeAway();
    }
    if (posted === undefined || !isOwner(posted, call)) throw unknownTask();
    return new RemoteTask(posted, board, this.#options.changes);
  }

  #changed(task: Task): void | Promise<void> {
    const posted = this.#post(task);
    if (!task.isTerminal || this.#options.board === undefined) return this.#publish(task);
    // Others may have told clients of another end, and then that is it.
    const { status } = task;
    return posted.then(() => (task.status === status ? this.#publish(task) : undefined));
  }

  #publish(task: Task): void {
    this.#options.changes.publish({ kind: 'task', taskId: task.id, task: task.describe() });
  }

  #adopt(id: string, end: EndedAs): void {
    const task = this.#tasks.get(id);
    if (task?.adopt(end) !== true) return;
    this.#publish(task);
    task.wake();
  }

  async #post(task: Task): Promise<void> {
    const { board } = this.#options;
    if (board === undefined) return;
    const { id, isTerminal, principal, exchange } = task;
    await board.post({
      id,
      owner: board.owner,
      ...ownerOf(task),
      list: listOf(principal, exchange.session?.id),
      createdAt: task.createdAt.getTime(),
      isTerminal,
      description: task.describe(),
    });
  }

  #hear(taskId: string, word: TaskWord): void {
    const task = this.#tasks.get(taskId);
    if (word.kind === 'cancel') task?.cancel();
    else task?.answer(word.responses);
  }

  #forgetExpired(): void {
    const oldest = Date.now() - this.#options.ttlMs;
    for (const [id, task] of this.#tasks) {
      // Tasks stand in the order they began, so the first that may stay is followed by none that must go.
      if (task.createdAt.getTime() > oldest) return;
      this.#tasks.delete(id);
      task.exchange.abort('expired');
    }
  }
}

function storeAway(): RpcError {
  return new RpcError(ErrorCode.internalError, 'The task store does not answer');
}

function unknownTask(): RpcError {
  return new RpcError(ErrorCode.invalidParams, 'Unknown task');
}

import type { Changes } from '../protocol/changes.js';
import type { ErrorObject } from '../protocol/json-rpc.js';
import type { PostedTask, TaskBoard } from './task-board.js';
import type { TaskStatus, TaskView } from './task-view.js';

/** How long a change is waited for before one looks by oneself. */
const LOOK_MS = 5000;

interface Description extends Readonly<Record<string, unknown>> {
  readonly status: TaskStatus;
  readonly inputRequests?: Readonly<Record<string, { readonly method: string; readonly params: object }>>;
  readonly result?: object;
  readonly error?: ErrorObject;
}

/** A task that runs on another instance, as it was last heard of. */
export class RemoteTask implements TaskView {
  #posted: PostedTask;
  readonly #board: TaskBoard;
  readonly #changes: Changes;

  constructor(posted: PostedTask, board: TaskBoard, changes: Changes) {
    this.#posted = posted;
    this.#board = board;
    this.#changes = changes;
  }

  get id(): string {
    return this.#posted.id;
  }

  get status(): TaskStatus {
    return this.describe().status;
  }

  get isTerminal(): boolean {
    return this.#posted.isTerminal;
  }

  get result(): object | undefined {
    return this.describe().result;
  }

  get error(): ErrorObject | undefined {
    return this.describe().error;
  }

  get questions(): ReadonlyMap<string, { readonly method: string; readonly params: object }> {
    return new Map(Object.entries(this.describe().inputRequests ?? {}));
  }

  describe(): Description {
    return this.#posted.description as Description;
  }

  summarize(): Readonly<Record<string, unknown>> {
    const { inputRequests: _requests, result: _result, error: _error, ...summary } = this.describe();
    return summary;
  }

  answer(responses: Readonly<Record<string, unknown>>): Promise<void> {
    return this.#board.tell(this.#posted, { kind: 'answer', responses });
  }

  cancel(): Promise<void> {
    return this.#board.tell(this.#posted, { kind: 'cancel' });
  }

  async changed(signal: AbortSignal): Promise<void> {
    const enough = new AbortController();
    const news = this.#news(AbortSignal.any([signal, enough.signal]));
    // It may have changed before anybody listened.
    if (!(await this.#look())) await news;
    enough.abort();
    if (!signal.aborted) await this.#look();
  }

  #news(signal: AbortSignal): Promise<void> {
    return new Promise<void>((resolve) => {
      const done = (): void => {
        stop();
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        resolve();
      };
      const stop = this.#changes.subscribe((change) => {
        if (change.kind === 'task' && change.taskId === this.id) done();
      });
      const timer = setTimeout(done, LOOK_MS);
      signal.addEventListener('abort', done, { once: true });
    });
  }

  /** @returns whether it is another than it was */
  async #look(): Promise<boolean> {
    const before = this.#posted;
    this.#posted = (await this.#board.get(this.id)) ?? before;
    return JSON.stringify(this.#posted) !== JSON.stringify(before);
  }
}

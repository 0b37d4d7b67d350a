/** What instances know of each other's tasks. Only there where instances share their sessions. */

/** A task as every instance can tell of it. */
export interface PostedTask {
  readonly id: string;
  /** The instance it runs on. */
  readonly owner: string;
  readonly principal: string;
  /** The session it belongs to, where its principal proves nothing and its revision has sessions. */
  readonly session: string | undefined;
  /** The list it stands in; absent where nobody can ask for one. */
  readonly list: string | undefined;
  /** In ms since the epoch. */
  readonly createdAt: number;
  readonly isTerminal: boolean;
  /** As 2026-07-28 clients read it. */
  readonly description: Readonly<Record<string, unknown>>;
}

/** What is said to a task on another instance. */
export type TaskWord =
  { readonly kind: 'answer'; readonly responses: Readonly<Record<string, unknown>> } | { readonly kind: 'cancel' };

export interface TaskBoard {
  /** This instance. */
  readonly owner: string;
  /**
   * Makes known how a task is by now, unless others said it had ended. Resolves when all know the same, or that has to
   * wait. Never rejects.
   */
  post(task: PostedTask): Promise<void>;
  /** A task whose instance died has failed. Rejects with a 503 when the store is away. */
  get(id: string): Promise<PostedTask | undefined>;
  /** The ids of the tasks in a list, oldest first. Rejects with a 503 when the store is away. */
  idsOf(list: string): Promise<readonly string[]>;
  /** Reaches the task's instance. Rejects with a 503 when the store is away. */
  tell(task: PostedTask, word: TaskWord): Promise<void>;
  /** Hears what others say to the tasks of this instance. */
  onWord(listener: (taskId: string, word: TaskWord) => void): void;
  /** Hears how a task of this instance has ended to all others, who took the instance for dead. */
  onEnd(listener: (task: PostedTask) => void): void;
}

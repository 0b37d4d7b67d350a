import { isObject } from '../protocol/json-rpc.js';
import type { ErrorObject } from '../protocol/json-rpc.js';

export type TaskStatus = 'working' | 'input_required' | 'completed' | 'cancelled' | 'failed';

/** A task to those who ask for it, wherever it runs. */
export interface TaskView {
  readonly id: string;
  readonly status: TaskStatus;
  readonly isTerminal: boolean;
  readonly result: object | undefined;
  readonly error: ErrorObject | undefined;
  readonly questions: ReadonlyMap<string, { readonly method: string; readonly params: object }>;
  /** The task as 2026-07-28 clients read it (SEP-2663 "Tasks"). */
  describe(): Readonly<Record<string, unknown>>;
  /** The same, without what it asks and what came of it. */
  summarize(): Readonly<Record<string, unknown>>;
  /** Takes what answers open questions; the rest is ignored. */
  answer(responses: Readonly<Record<string, unknown>>): void | Promise<void>;
  cancel(): void | Promise<void>;
  /** Resolves when something about the task may have changed, or the signal fires. */
  changed(signal: AbortSignal): Promise<void>;
}

/** The task as 2025-11-25 clients read it. A tool that failed is a failed task there. */
export function summarizeForHandshake(task: TaskView): Record<string, unknown> {
  const { ttlMs, pollIntervalMs, ...rest } = task.summarize();
  const isFailed = isObject(task.result) && task.result.isError === true;
  return { ...rest, status: isFailed ? 'failed' : task.status, ttl: ttlMs, pollInterval: pollIntervalMs };
}

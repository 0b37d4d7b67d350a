import type { Call } from './call.js';
import { type Change, type Changes, toNotification } from './changes.js';
import type { Method } from './dispatcher.js';
import { ErrorCode, missingCapability, RpcError } from './errors.js';
import { isObject, type Params } from './json-rpc.js';
import { MetaKey, type ServerCapabilities, TASKS_EXTENSION } from './mcp.js';

/** What a `subscriptions/listen` stream carries. */
interface Filter {
  toolsListChanged?: true;
  promptsListChanged?: true;
  resourcesListChanged?: true;
  resourceSubscriptions?: string[];
  taskIds?: string[];
}

export interface SubscriptionOptions {
  readonly changes: Changes;
  readonly capabilities: () => ServerCapabilities;
  /** Which of these resources there are, for this caller. */
  readonly visibleResources: (uris: readonly string[], call: Call) => string[];
  /** Which of these tasks the caller may hear of. */
  readonly visibleTasks: (ids: readonly string[], call: Call) => readonly string[] | Promise<readonly string[]>;
  /** How many uris and tasks one stream may name. */
  readonly maxNames?: number;
}

/**
 * `subscriptions/listen`: acknowledged first, then only what was asked for, each message tagged with the subscription;
 * it ends with a result when the server goes away (2026-07-28 "Subscriptions").
 */
export function subscriptionsListen(options: SubscriptionOptions): Method {
  return { name: 'subscriptions/listen', era: 'modern', run: (params, call) => listen(params, call, options) };
}

async function listen(params: Params, call: Call, options: SubscriptionOptions): Promise<object> {
  const filter = await parseFilter(params, call, options);
  const tag = { [MetaKey.subscriptionId]: call.id };
  const backlog = new Backlog(call.signal);
  const stop = options.changes.subscribe((change) => {
    if (isWanted(change, filter)) backlog.add(change);
  });
  try {
    await call.notify('notifications/subscriptions/acknowledged', { _meta: tag, notifications: filter });
    for (;;) {
      const change = await backlog.next();
      if (change === undefined) return { _meta: tag };
      const { method, params: inner } = toNotification(change);
      await call.notify(method, { ...inner, _meta: tag });
    }
  } finally {
    stop();
  }
}

/**
 * What a subscriber has not taken yet. The same change twice is one piece of news, so a slow reader's backlog is never
 * longer than its filter.
 */
class Backlog {
  readonly #changes = new Map<string, Change>();
  readonly #signal: AbortSignal;
  #wake: () => void = () => undefined;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
    signal.addEventListener('abort', () => this.#wake(), { once: true });
  }

  add(change: Change): void {
    this.#changes.set(keyOf(change), change);
    this.#wake();
  }

  /** The oldest change; `undefined` once the signal fired. */
  async next(): Promise<Change | undefined> {
    while (!this.#signal.aborted) {
      const [entry] = this.#changes;
      if (entry !== undefined) {
        this.#changes.delete(entry[0]);
        return entry[1];
      }
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    return undefined;
  }
}

function keyOf(change: Change): string {
  if (change.kind === 'resource') return `resource ${change.uri}`;
  return change.kind === 'task' ? `task ${change.taskId}` : change.kind;
}

function isWanted(change: Change, filter: Filter): boolean {
  switch (change.kind) {
    case 'tools':
      return filter.toolsListChanged === true;
    case 'prompts':
      return filter.promptsListChanged === true;
    case 'resources':
      return filter.resourcesListChanged === true;
    case 'resource':
      return filter.resourceSubscriptions?.includes(change.uri) === true;
    case 'task':
      return filter.taskIds?.includes(change.taskId) === true;
  }
}

async function parseFilter(params: Params, call: Call, options: SubscriptionOptions): Promise<Filter> {
  const asked = params.notifications;
  if (!isObject(asked)) throw new RpcError(ErrorCode.invalidParams, 'Invalid params: notifications is required');
  const { tools, prompts, resources } = options.capabilities();
  const filter: Filter = {};
  if (asked.toolsListChanged === true && tools?.listChanged === true) filter.toolsListChanged = true;
  if (asked.promptsListChanged === true && prompts?.listChanged === true) filter.promptsListChanged = true;
  if (asked.resourcesListChanged === true && resources?.listChanged === true) filter.resourcesListChanged = true;
  const uris = parseNames(asked, 'resourceSubscriptions', options);
  if (uris !== undefined && resources?.subscribe === true) {
    filter.resourceSubscriptions = options.visibleResources(uris, call);
  }
  const tasks = parseNames(asked, 'taskIds', options);
  if (tasks !== undefined) {
    const extensions = call.client.capabilities.extensions;
    if (extensions?.[TASKS_EXTENSION] === undefined) throw missingCapability({ extensions: { [TASKS_EXTENSION]: {} } });
    filter.taskIds = [...(await options.visibleTasks(tasks, call))];
  }
  return filter;
}

function parseNames(
  asked: Record<string, unknown>,
  key: string,
  { maxNames = 1000 }: SubscriptionOptions,
): string[] | undefined {
  const value = asked[key];
  if (value === undefined) return undefined;
  if (!Array.isArray(value) || !value.every((item) => typeof item === 'string')) {
    throw new RpcError(ErrorCode.invalidParams, `Invalid params: ${key} must be a list of strings`);
  }
  if (value.length > maxNames) {
    throw new RpcError(ErrorCode.invalidParams, `Invalid params: ${key} has more than ${String(maxNames)} entries`);
  }
  return value;
}

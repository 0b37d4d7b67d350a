/** Something clients may have asked to be told of. */
export type Change =
  | { readonly kind: 'tools' | 'prompts' | 'resources' }
  | { readonly kind: 'resource'; readonly uri: string }
  | { readonly kind: 'task'; readonly taskId: string; readonly task: object };

export type ChangeListener = (change: Change) => void;

/** Where registries say that they changed, and sessions and subscriptions hear it. */
export class Changes {
  readonly #listeners = new Set<ChangeListener>();

  publish(change: Change): void {
    for (const listener of [...this.#listeners]) listener(change);
  }

  /** @returns what ends the listening */
  subscribe(listener: ChangeListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  get listeners(): number {
    return this.#listeners.size;
  }
}

/** The notification that tells a client of a change. */
export function toNotification(change: Change): { method: string; params?: Record<string, unknown> } {
  switch (change.kind) {
    case 'resource':
      return { method: 'notifications/resources/updated', params: { uri: change.uri } };
    case 'task':
      return { method: 'notifications/tasks', params: change.task as Record<string, unknown> };
    default:
      return { method: `notifications/${change.kind}/list_changed` };
  }
}

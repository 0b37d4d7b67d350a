import type { Carriage, Created, KeptSession, SessionLimits, SessionRecord, SessionStore } from '../session-store.js';

/** The sessions of one process. There is nobody else to tell anything. */
export class MemorySessionStore implements SessionStore {
  readonly isShared = false;
  readonly isAway = false;
  readonly tag = '';
  readonly #records = new Map<string, SessionRecord>();
  readonly #perPrincipal = new Map<string, number>();

  create(record: SessionRecord, { maxSessions, maxSessionsPerPrincipal }: SessionLimits): Created {
    const { id, principal } = record;
    if (this.#records.has(id)) return 'taken';
    if (this.#records.size >= maxSessions) return 'full';
    const own = this.#perPrincipal.get(principal.id) ?? 0;
    if (!principal.isAnonymous && own >= maxSessionsPerPrincipal) return 'principal full';
    this.#records.set(id, record);
    this.#perPrincipal.set(principal.id, own + 1);
    return 'created';
  }

  get(id: string): KeptSession | undefined {
    const record = this.#records.get(id);
    return record && { record, expiresInMs: Infinity };
  }

  save(record: SessionRecord): void {
    if (this.#records.has(record.id)) this.#records.set(record.id, record);
  }

  touch({ id }: SessionRecord): boolean {
    return this.#records.has(id);
  }

  detached(): void {
    return;
  }

  delete({ id, principal }: SessionRecord): number {
    if (!this.#records.delete(id)) return 0;
    const left = (this.#perPrincipal.get(principal.id) ?? 1) - 1;
    if (left > 0) this.#perPrincipal.set(principal.id, left);
    else this.#perPrincipal.delete(principal.id);
    return 0;
  }

  restore({ id }: SessionRecord): boolean {
    return this.#records.has(id);
  }

  count(): number {
    return this.#records.size;
  }

  carry({ mainCursor }: SessionRecord): Carriage {
    return { cursor: mainCursor, isElsewhere: false, turn: 0 };
  }

  announce(): number {
    return 0;
  }

  carried(): void {
    return;
  }

  signal(): void {
    return;
  }

  deliver(): void {
    return;
  }

  watch(): void {
    return;
  }

  unwatch(): void {
    return;
  }

  onDoubt(): void {
    return;
  }
}

import type { Principal } from '../protocol/call.js';
import { type Change, type Changes, toNotification } from '../protocol/changes.js';
import type { EventLog } from './event-log.js';
import { MAIN_STREAM } from './event-id.js';
import { unavailable } from './http.js';
import type { CloseReason, Door, Observer } from './observer.js';
import { Session } from './session.js';
import { createSessionId } from './session-id.js';
import type { TransportSettings } from './settings.js';

export interface SessionsOptions {
  readonly settings: TransportSettings;
  readonly log: EventLog;
  readonly changes: Changes;
  readonly observer: Observer;
}

/** How often sessions are looked through for those whose time is over. */
const SWEEP_MS = 1000;

/** Every session there is. One belongs to its principal and its door; to everybody else it does not exist. */
export class Sessions {
  readonly #sessions = new Map<string, Session>();
  readonly #perPrincipal = new Map<string, number>();
  readonly #options: SessionsOptions;
  readonly #unsubscribe: () => void;
  #timer: NodeJS.Timeout | undefined;
  #isDraining = false;

  constructor(options: SessionsOptions) {
    this.#options = options;
    this.#unsubscribe = options.changes.subscribe((change) => this.#tell(change));
  }

  get size(): number {
    return this.#sessions.size;
  }

  [Symbol.iterator](): IterableIterator<Session> {
    return this.#sessions.values();
  }

  /** @throws HttpError 503 when there are as many as there may be, or the server is going away */
  open(door: Door, principal: Principal, id = createSessionId()): Session {
    const { settings, observer } = this.#options;
    if (this.#isDraining) throw unavailable('The server is shutting down');
    if (this.#sessions.size >= settings.maxSessions) throw unavailable('Too many sessions');
    const own = this.#perPrincipal.get(principal.id) ?? 0;
    if (!principal.isAnonymous && own >= settings.maxSessionsPerPrincipal) {
      throw unavailable('Too many sessions of this caller');
    }
    const session = new Session(id, door, principal);
    this.#sessions.set(id, session);
    this.#perPrincipal.set(principal.id, own + 1);
    const sweepMs = Math.max(10, Math.min(SWEEP_MS, settings.legacyResumeMs / 2, settings.sessionIdleMs / 2));
    this.#timer ??= setInterval(() => this.#sweep(), sweepMs).unref();
    observer.sessionOpened?.(session);
    return session;
  }

  /** `undefined` when there is none, and just so when it is another principal's or came in by another door. */
  find(id: string, door: Door, principal: Principal): Session | undefined {
    const session = this.#sessions.get(id);
    if (session?.door !== door || session.principal.id !== principal.id) return undefined;
    session.lastUsedAt = performance.now();
    return session;
  }

  /** Whether the id is taken, by whomever. */
  has(id: string): boolean {
    return this.#sessions.has(id);
  }

  /** Ends a session: its calls are aborted, its streams end, its events are forgotten. */
  close(session: Session, reason: CloseReason): void {
    if (session.isClosed) return;
    session.isClosed = true;
    this.#sessions.delete(session.id);
    const left = (this.#perPrincipal.get(session.principal.id) ?? 1) - 1;
    if (left > 0) this.#perPrincipal.set(session.principal.id, left);
    else this.#perPrincipal.delete(session.principal.id);
    for (const call of [...session.calls]) call.abort(reason === 'shutdown' ? 'shutdown' : 'session closed');
    for (const writer of [...session.writers.values()])
      writer.end(reason === 'shutdown' ? 'shutdown' : 'session closed');
    void this.#options.log.drop(session.id);
    if (this.#sessions.size === 0) this.#stopSweeping();
    this.#options.observer.sessionClosed?.(session, reason);
  }

  /** Opens no more. */
  drain(): void {
    this.#isDraining = true;
  }

  closeAll(reason: CloseReason): void {
    for (const session of [...this.#sessions.values()]) this.close(session, reason);
    this.#unsubscribe();
  }

  #tell(change: Change): void {
    if (change.kind === 'task') return;
    const data = JSON.stringify({ jsonrpc: '2.0', ...toNotification(change) });
    for (const session of this.#sessions.values()) {
      if (!session.isInitialized || !session.hasMainStream) continue;
      if (change.kind === 'resource' && !session.subscriptions.has(change.uri)) continue;
      void this.#options.log.append(session.id, MAIN_STREAM, data, 'message');
    }
  }

  #sweep(): void {
    const { legacyResumeMs, sessionIdleMs } = this.#options.settings;
    const now = performance.now();
    for (const session of this.#sessions.values()) {
      if (session.door === 'legacy') {
        // Its one stream is its life: without it calls in flight have nowhere to answer to.
        const isLost = !session.writers.has(MAIN_STREAM) && now - session.detachedAt >= legacyResumeMs;
        if (isLost) this.close(session, 'stream lost');
      } else if (!session.isBusy && now - session.lastUsedAt >= sessionIdleMs) {
        this.close(session, 'idle');
      }
    }
  }

  #stopSweeping(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

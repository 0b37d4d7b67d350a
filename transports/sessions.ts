import type { Principal } from '../protocol/call.js';
import { type Change, type Changes, toNotification } from '../protocol/changes.js';
import type { Opening } from '../protocol/lifecycle.js';
import { has } from '../protocol/features.js';
import { formatRetry } from '../protocol/sse.js';
import type { EventLog } from './event-log.js';
import { MAIN_STREAM } from './event-id.js';
import { HttpError, sessionNotFound, unavailable } from './http.js';
import type { CloseReason, Door, Observer } from './observer.js';
import { Session, type SessionLink } from './session.js';
import { createSessionId } from './session-id.js';
import type { SessionStore } from './session-store.js';
import type { TransportSettings } from './settings.js';
import { SharedLife } from './shared-life.js';

export interface SessionsOptions {
  readonly settings: TransportSettings;
  readonly store: SessionStore;
  readonly log: EventLog;
  readonly changes: Changes;
  readonly observer: Observer;
}

/** How often sessions are looked through for those whose time is over. */
const SWEEP_MS = 1000;

/** Every session there is. One belongs to its principal and its door; to everybody else it does not exist. */
export class Sessions {
  readonly #live = new Map<string, Session>();
  readonly #options: SessionsOptions;
  readonly #link: SessionLink;
  readonly #unsubscribe: () => void;
  /** Only where other instances may hold the same sessions. */
  readonly #shared: SharedLife | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isDraining = false;

  constructor(options: SessionsOptions) {
    this.#options = options;
    const { store, changes } = options;
    this.#link = {
      tag: store.tag,
      save: (session) => store.save(session),
      detached: (session) => this.#shared?.detached(session),
      announce: (session, stream) => store.announce(session, stream),
      signal: (session, signal) => store.signal(session.id, signal),
      deliver: (session, instance, response) => store.deliver(session.id, instance, response),
    };
    if (store.isShared) this.#shared = this.#share();
    this.#unsubscribe = changes.subscribe((change) => this.#tell(change));
  }

  /** How many this instance holds. */
  get size(): number {
    return this.#live.size;
  }

  [Symbol.iterator](): IterableIterator<Session> {
    return this.#live.values();
  }

  /** @throws HttpError 503 when there are as many as there may be, the store is away, or the server is going away */
  async open(
    door: Door,
    principal: Principal,
    { id = createSessionId(), opening }: { readonly id?: string; readonly opening?: Opening } = {},
  ): Promise<Session> {
    const { settings, store, observer } = this.#options;
    if (this.#isDraining) throw unavailable('draining', 'The server is shutting down');
    const session = new Session(id, door, principal, this.#link);
    if (opening !== undefined) session.begin(opening);
    session.isCarrier = door === 'legacy';
    const created = store.create(session, settings, this.#shared?.lifeOf(session) ?? 0);
    switch (created instanceof Promise ? await created : created) {
      case 'full':
        throw unavailable('limit', 'Too many sessions');
      case 'principal full':
        throw unavailable('limit', 'Too many sessions of this caller');
      case 'taken':
        // Only an id that a client made up can be: to its maker, somebody else's session is none.
        throw sessionNotFound();
      case 'created':
    }
    await this.#hold(session);
    observer.sessionOpened?.(session);
    return session;
  }

  /**
   * `undefined` when there is none, and just so when it is another principal's or came in by another door.
   * @throws HttpError 503 when the store is away
   */
  find(id: string, door: Door, principal: Principal): Session | undefined | Promise<Session | undefined> {
    const shared = this.#shared;
    // A session that is held here could be served for a while; but whether it still is one cannot be told.
    if (shared !== undefined && this.#options.store.isAway)
      throw unavailable('store', 'The session store does not answer');
    const session = this.#live.get(id);
    if (session === undefined) return shared?.find(id, door, principal);
    if (session.door !== door || session.principal.id !== principal.id) return undefined;
    session.lastUsedAt = performance.now();
    return shared === undefined ? session : shared.touch(session);
  }

  /**
   * Called before a stream is opened.
   * @throws HttpError 503 when this server is going away and another instance can carry it
   */
  checkStay(): void {
    if (this.#isDraining && this.#shared !== undefined)
      throw unavailable('draining', 'The server is shutting down', { retrySeconds: 1 });
  }

  /**
   * Makes this instance the one that carries a session's main stream.
   * Rejects with a 503 when the store is away.
   */
  carry(session: Session, { wantsCursor }: { readonly wantsCursor: boolean }): void | Promise<void> {
    return this.#shared?.carry(session, wantsCursor);
  }

  /**
   * Ends a session: its calls are aborted, its streams end, its events are forgotten, on every instance.
   * Rejects with a 503 when the store is away.
   */
  close(session: Session, reason: CloseReason): void | Promise<void> {
    if (session.isClosed) return undefined;
    if (this.#shared !== undefined) return this.#shared.close(session, reason);
    this.#closeHere(session, reason);
    this.#quietly(this.#options.store.delete(session, reason));
    this.#quietly(this.#options.log.drop(session.id));
  }

  /** The session of that id that this instance holds, whoever's it is. */
  held(id: string): Session | undefined {
    return this.#live.get(id);
  }

  /** Opens no more. */
  drain(): void {
    this.#isDraining = true;
  }

  /** Lets go of all sessions. Those that other instances can serve live on. */
  closeAll(reason: CloseReason): void {
    this.#unsubscribe();
    for (const session of [...this.#live.values()]) {
      this.#shared?.leave(session);
      if (this.#shared === undefined) this.#quietly(this.close(session, reason));
      else this.#closeHere(session, reason);
    }
  }

  async #hold(session: Session): Promise<void> {
    if (this.#shared !== undefined) await this.#shared.begin(session);
    this.#holdHere(session);
  }

  #holdHere(session: Session): void {
    const { settings } = this.#options;
    this.#live.set(session.id, session);
    const sweepMs = Math.max(10, Math.min(SWEEP_MS, settings.legacyResumeMs / 3, settings.sessionIdleMs / 3));
    this.#timer ??= setInterval(() => this.#sweep(), sweepMs).unref();
  }

  #closeHere(session: Session, reason: CloseReason): void {
    if (session.isClosed) return;
    session.isClosed = true;
    this.#release(session);
    for (const call of [...session.calls]) call.abort(reason === 'shutdown' ? 'shutdown' : 'session closed');
    const isShutdown = reason === 'shutdown';
    // Who comes back after a while finds the next server; legacy clients die of the word.
    const mayRetry = isShutdown && session.door === 'streamable' && has(session.revision, 'priming');
    const last = mayRetry ? formatRetry(this.#options.settings.retryMs) : undefined;
    for (const writer of [...session.writers.values()]) writer.end(isShutdown ? 'shutdown' : 'session closed', last);
    this.#options.log.leave?.(session.id);
    this.#options.observer.sessionClosed?.(session, reason);
  }

  #release(session: Session): void {
    this.#live.delete(session.id);
    if (this.#live.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #tell(change: Change): void {
    if (change.kind === 'task') return;
    const data = JSON.stringify({ jsonrpc: '2.0', ...toNotification(change) });
    for (const session of this.#live.values()) {
      if (!session.isInitialized) continue;
      if (change.kind === 'resource' && !session.isSubscribed(change.uri)) continue;
      if (!session.hasMainStream) {
        session.unheard += 1;
        if (session.unheard === 1) this.#options.observer.unheard?.(session, toNotification(change).method);
        continue;
      }
      // Of the instances that hold a session one speaks: the one that carries its stream, or did last.
      if (this.#shared !== undefined && !session.isCarrier) continue;
      this.#quietly(this.#options.log.append(session.id, MAIN_STREAM, data, 'message'));
    }
  }

  #sweep(): void {
    const now = performance.now();
    for (const session of this.#live.values()) {
      if (this.#shared !== undefined) this.#shared.tend(session, now);
      else if (this.#isOver(session, now)) {
        this.#quietly(this.close(session, session.door === 'legacy' ? 'stream lost' : 'idle'));
      }
    }
  }

  #isOver(session: Session, now: number): boolean {
    const { legacyResumeMs, sessionIdleMs } = this.#options.settings;
    // A legacy session's one stream is its life: without it calls in flight have nowhere to answer to.
    if (session.door === 'legacy') {
      return !session.writers.has(MAIN_STREAM) && now - session.detachedAt >= legacyResumeMs;
    }
    return !session.isBusy && now - session.lastUsedAt >= sessionIdleMs;
  }

  #share(): SharedLife {
    const { store, settings } = this.#options;
    return new SharedLife({
      store,
      settings,
      link: this.#link,
      live: this.#live,
      hold: (session) => this.#holdHere(session),
      closeHere: (session, reason) => this.#closeHere(session, reason),
      forget: (session) => {
        this.#release(session);
        this.#quietly(store.unwatch(session.id));
      },
      quietly: (said) => this.#quietly(said),
    });
  }

  // For what is said to the store without anybody waiting for it.
  #quietly(said: unknown): void {
    if (!(said instanceof Promise)) return;
    said.catch((error: unknown) => {
      // That the store is away is told by whoever holds the connection.
      if (!(error instanceof HttpError)) this.#options.observer.fault?.(error, 'session store');
    });
  }
}

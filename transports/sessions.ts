import type { Principal } from '../protocol/call.js';
import { type Change, type Changes, toNotification } from '../protocol/changes.js';
import type { Opening } from '../protocol/lifecycle.js';
import type { EventLog } from './event-log.js';
import { MAIN_STREAM } from './event-id.js';
import { sessionNotFound, unavailable } from './http.js';
import type { CloseReason, Door, Observer } from './observer.js';
import { Session, type SessionLink } from './session.js';
import { createSessionId } from './session-id.js';
import type { SessionSignal, SessionStore } from './session-store.js';
import type { TransportSettings } from './settings.js';

export interface SessionsOptions {
  readonly settings: TransportSettings;
  readonly store: SessionStore;
  readonly log: EventLog;
  readonly changes: Changes;
  readonly observer: Observer;
}

/** How often sessions are looked through for those whose time is over. */
const SWEEP_MS = 1000;
/** How long a session that others may hold too is remembered here after it was last used. */
const REMEMBER_MS = 60_000;

/** Every session there is. One belongs to its principal and its door; to everybody else it does not exist. */
export class Sessions {
  readonly #live = new Map<string, Session>();
  readonly #touchedAt = new WeakMap<Session, number>();
  readonly #options: SessionsOptions;
  readonly #link: SessionLink;
  readonly #unsubscribe: () => void;
  #timer: NodeJS.Timeout | undefined;
  #isDraining = false;

  constructor(options: SessionsOptions) {
    this.#options = options;
    const { store, changes } = options;
    this.#link = {
      tag: store.tag,
      save: (session) => store.save(session),
      keep: (session) => this.#quietly(store.save(session)),
      signal: (session, signal) => this.#quietly(store.signal(session.id, signal)),
    };
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
    if (this.#isDraining) throw unavailable('The server is shutting down');
    const session = new Session(id, door, principal, this.#link);
    if (opening !== undefined) session.begin(opening);
    const created = store.create(session, settings, this.#lifeOf(session));
    switch (created instanceof Promise ? await created : created) {
      case 'full':
        throw unavailable('Too many sessions');
      case 'principal full':
        throw unavailable('Too many sessions of this caller');
      case 'taken':
        // Only an id that a client made up can be: to its maker, somebody else's session is none.
        throw sessionNotFound();
      case 'created':
    }
    await this.#keep(session);
    observer.sessionOpened?.(session);
    return session;
  }

  /**
   * `undefined` when there is none, and just so when it is another principal's or came in by another door.
   * @throws HttpError 503 when the store is away
   */
  find(id: string, door: Door, principal: Principal): Session | undefined | Promise<Session | undefined> {
    const session = this.#live.get(id);
    if (session === undefined) return this.#options.store.isShared ? this.#load(id, door, principal) : undefined;
    if (session.door !== door || session.principal.id !== principal.id) return undefined;
    const now = performance.now();
    session.lastUsedAt = now;
    return this.#options.store.isShared ? this.#touch(session, now) : session;
  }

  /**
   * Ends a session: its calls are aborted, its streams end, its events are forgotten, on every instance.
   * Rejects with a 503 when the store is away.
   */
  close(session: Session, reason: CloseReason): void | Promise<void> {
    if (!this.#closeHere(session, reason)) return undefined;
    this.#link.signal(session, { kind: 'closed', reason });
    return this.#options.store.delete(session);
  }

  /** Opens no more. */
  drain(): void {
    this.#isDraining = true;
  }

  /** Lets go of all sessions. Those that other instances can serve live on. */
  closeAll(reason: CloseReason): void {
    this.#unsubscribe();
    for (const session of [...this.#live.values()]) {
      if (this.#options.store.isShared) this.#closeHere(session, reason);
      else this.#quietly(this.close(session, reason));
    }
  }

  async #load(id: string, door: Door, principal: Principal): Promise<Session | undefined> {
    const record = await this.#options.store.get(id);
    if (record?.door !== door || record.principal.id !== principal.id) return undefined;
    // Somebody else on this instance may have been quicker.
    const quicker = this.#live.get(id);
    if (quicker !== undefined) return quicker;
    const session = new Session(id, door, principal, this.#link);
    session.adopt(record);
    await this.#keep(session);
    return this.#live.get(id);
  }

  async #keep(session: Session): Promise<void> {
    const { settings, store } = this.#options;
    if (store.isShared) await store.watch(session.id, (signal) => this.#hear(session, signal));
    if (this.#live.has(session.id)) return;
    this.#live.set(session.id, session);
    const sweepMs = Math.max(10, Math.min(SWEEP_MS, settings.legacyResumeMs / 3, settings.sessionIdleMs / 3));
    this.#timer ??= setInterval(() => this.#sweep(), sweepMs).unref();
  }

  // A session that is used lives on; saying so every time would cost a command a call.
  #touch(session: Session, now: number): Session | Promise<Session | undefined> {
    const life = this.#lifeOf(session);
    if (now - (this.#touchedAt.get(session) ?? -Infinity) < life / 10) return session;
    this.#touchedAt.set(session, now);
    return this.#touchStored(session, life);
  }

  async #touchStored(session: Session, life: number): Promise<Session | undefined> {
    if (await this.#options.store.touch(session, life)) return session;
    this.#closeHere(session, 'idle');
    return undefined;
  }

  #hear(session: Session, signal: SessionSignal): void {
    switch (signal.kind) {
      case 'closed':
        this.#closeHere(session, signal.reason);
        return;
      case 'cancel':
        return session.cancelHere(signal.requestId);
      case 'answer':
        session.takeAnswerHere(signal.response);
        return;
      case 'attached':
        session.writers.get(signal.stream)?.end('taken over');
        return;
      case 'changed':
        this.#quietly(this.#reload(session));
    }
  }

  async #reload(session: Session): Promise<void> {
    const record = await this.#options.store.get(session.id);
    if (record !== undefined) session.adopt(record);
  }

  #closeHere(session: Session, reason: CloseReason): boolean {
    if (session.isClosed) return false;
    session.isClosed = true;
    this.#forget(session);
    for (const call of [...session.calls]) call.abort(reason === 'shutdown' ? 'shutdown' : 'session closed');
    for (const writer of [...session.writers.values()])
      writer.end(reason === 'shutdown' ? 'shutdown' : 'session closed');
    this.#quietly(this.#options.log.drop(session.id));
    this.#options.observer.sessionClosed?.(session, reason);
    return true;
  }

  #forget(session: Session): void {
    this.#live.delete(session.id);
    this.#quietly(this.#options.store.unwatch(session.id));
    if (this.#live.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #tell(change: Change): void {
    if (change.kind === 'task') return;
    const data = JSON.stringify({ jsonrpc: '2.0', ...toNotification(change) });
    for (const session of this.#live.values()) {
      if (!session.isInitialized || !session.hasMainStream) continue;
      if (change.kind === 'resource' && !session.subscriptions.has(change.uri)) continue;
      // Of the instances that hold a session one speaks: the one that carries its stream.
      if (this.#options.store.isShared && !session.writers.has(MAIN_STREAM)) continue;
      void this.#options.log.append(session.id, MAIN_STREAM, data, 'message');
    }
  }

  #sweep(): void {
    const now = performance.now();
    for (const session of this.#live.values()) {
      if (this.#options.store.isShared) this.#tend(session, now);
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

  // In a shared store sessions expire by themselves, unless an instance that needs one says that it lives.
  #tend(session: Session, now: number): void {
    const isNeeded = session.door === 'legacy' ? session.writers.has(MAIN_STREAM) : session.isBusy;
    if (isNeeded) this.#quietly(this.#touch(session, now));
    else if (session.isBusy) this.#quietly(this.#check(session, now));
    else if (now - session.lastUsedAt >= REMEMBER_MS) this.#forget(session);
  }

  // Calls here, the stream elsewhere or nowhere: they end when the session does.
  async #check(session: Session, now: number): Promise<void> {
    if (now - (this.#touchedAt.get(session) ?? -Infinity) < this.#lifeOf(session) / 10) return;
    this.#touchedAt.set(session, now);
    if ((await this.#options.store.get(session.id)) === undefined) this.#closeHere(session, 'stream lost');
  }

  // Longer than asked for by what may have passed since it was last said.
  #lifeOf({ door }: Session): number {
    const { legacyResumeMs, sessionIdleMs } = this.#options.settings;
    return Math.ceil((door === 'legacy' ? legacyResumeMs : sessionIdleMs) * 1.5);
  }

  // For what is said to the store without anybody waiting for it.
  #quietly(said: unknown): void {
    if (!(said instanceof Promise)) return;
    said.catch((error: unknown) => this.#options.observer.fault?.(error, 'session store'));
  }
}

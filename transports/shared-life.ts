/** What a session needs when other instances may hold it too: to be found, to be told of, to be put back. */
import type { Principal } from '../protocol/call.js';
import { MAIN_STREAM } from './event-id.js';
import type { CloseReason, Door } from './observer.js';
import { Session, type SessionLink } from './session.js';
import type { KeptSession, SessionSignal, SessionStore } from './session-store.js';
import type { TransportSettings } from './settings.js';

export interface SharedLifeOptions {
  readonly store: SessionStore;
  readonly settings: TransportSettings;
  readonly link: SessionLink;
  /** The sessions this instance holds. */
  readonly live: ReadonlyMap<string, Session>;
  readonly hold: (session: Session) => void;
  readonly closeHere: (session: Session, reason: CloseReason) => void;
  readonly forget: (session: Session) => void;
  /** For what is said to the store without anybody waiting for it. */
  readonly quietly: (said: unknown) => void;
}

/** How long a session is remembered here after it was last used. */
const REMEMBER_MS = 60_000;
/** How long others are waited for to confirm what they were told. */
const CONFIRM_MS = 300;
/** How long a legacy session lives at least after whoever carried its stream has died. */
const LEGACY_LIFE_MS = 300_000;
/** How long a legacy session is kept beyond its time, for whoever lost its stream to end it for all. */
const ENDING_MS = 3000;
/** How many sessions are looked at together when the store is back. */
const CHECKED_TOGETHER = 100;

/** How long a session is said to live: longer than asked for by what may pass until that is said again. In ms. */
export function lifeOf(door: Door, { legacyResumeMs, sessionIdleMs }: TransportSettings): number {
  return Math.ceil(door === 'legacy' ? Math.max(2 * legacyResumeMs, LEGACY_LIFE_MS) : 1.1 * sessionIdleMs);
}

export class SharedLife {
  readonly #options: SharedLifeOptions;
  readonly #loading = new Map<string, Promise<Session | undefined>>();
  /** When the store was last asked for a session. */
  readonly #askedAt = new WeakMap<Session, number>();
  /** Until when it cannot have expired, as the store last said. */
  readonly #livesUntil = new WeakMap<Session, number>();
  /** Up to where the main stream was carried, as the store knows it. */
  readonly #keptCursors = new WeakMap<Session, string>();
  readonly #confirmed = new Map<string, (signal: SessionSignal) => void>();

  constructor(options: SharedLifeOptions) {
    this.#options = options;
    options.store.onDoubt((id) => (id === undefined ? this.#checkAll() : this.#checkOne(id)));
  }

  lifeOf({ door }: { readonly door: Door }): number {
    return lifeOf(door, this.#options.settings);
  }

  /** Begins with a session that was made here. @throws HttpError 503 when the store is away */
  async begin(session: Session): Promise<void> {
    const now = performance.now();
    this.#askedAt.set(session, now);
    this.#livesUntil.set(session, now + this.lifeOf(session));
    const { store } = this.#options;
    try {
      await store.watch(session, (signal) => this.#hear(session.id, signal));
    } catch (error) {
      // What is answered with 503 was not made.
      await Promise.resolve(store.delete(session, 'shutdown')).catch(() => undefined);
      throw error;
    }
  }

  /** Finds a session that this instance does not hold yet. @throws HttpError 503 when the store is away */
  async find(id: string, door: Door, principal: Principal): Promise<Session | undefined> {
    // Whoever asks the same at the same time gets the same one; what others ask in vain is no answer to it.
    const asked = JSON.stringify([id, door, principal.id]);
    const loading =
      this.#loading.get(asked) ?? this.#load(id, door, principal).finally(() => this.#loading.delete(asked));
    this.#loading.set(asked, loading);
    const session = await loading;
    return session?.door === door && session.principal.id === principal.id ? session : undefined;
  }

  /** Says that a session is used; not every time, that would cost a command a call. `undefined` for one that is over. */
  touch(session: Session): Session | Promise<Session | undefined> {
    if (!this.#isToBeAsked(session)) return session;
    // Of a legacy session only its stream says how long it lives.
    const isRenewed = session.door !== 'legacy' || session.writers.has(MAIN_STREAM);
    return this.#ask(session, isRenewed).then((isThere) => (isThere ? session : undefined));
  }

  /** Ends a session for all. Resolves when the others have heard it. @throws HttpError 503 when the store is away */
  async close(session: Session, reason: CloseReason): Promise<void> {
    const { store, closeHere } = this.#options;
    let missing = 0;
    const confirmed = this.#awaitConfirmation(session.id, (signal) => signal.kind === 'gone' && (missing -= 1) <= 0);
    try {
      const told = await store.delete(session, reason);
      if (told === undefined) {
        session.isCarrier = false;
        return;
      }
      missing = told;
      closeHere(session, reason);
      if (missing > 0) await confirmed.heard;
    } finally {
      confirmed.forget();
      if (session.isClosed) await store.unwatch(session.id);
    }
  }

  /**
   * Makes this instance the one that carries the main stream. For a client that does not say where it stands, the
   * instance that carried it so far is asked.
   * @throws HttpError 503 when the store is away
   */
  async carry(session: Session, wantsCursor: boolean): Promise<void> {
    const isHere = session.writers.has(MAIN_STREAM);
    // Its client is back in time, however long the store takes.
    session.detachedAt = performance.now();
    const confirmed = this.#awaitConfirmation(session.id, (signal) => {
      if (signal.kind !== 'left') return false;
      moveOn(session, signal.cursor);
      return true;
    });
    try {
      const { cursor, isElsewhere, turn } = await this.#options.store.carry(session);
      // It waited for its stream only until now.
      if (session.door === 'legacy') await this.#ask(session, true);
      moveOn(session, cursor);
      // Another may have taken over before this was heard.
      if (turn < session.turn) return;
      session.turn = turn;
      session.isCarrier = true;
      if (wantsCursor && isElsewhere && !isHere) await confirmed.heard;
    } finally {
      confirmed.forget();
    }
  }

  /** The main stream was lost here. */
  detached(session: Session): void {
    const { store, settings, quietly } = this.#options;
    if (session.door === 'streamable') this.#keepCursor(session);
    else if (session.isCarrier) {
      const waitMs = settings.legacyResumeMs + ENDING_MS;
      this.#livesUntil.set(session, performance.now() + waitMs);
      // With a stream again it is to live as long as ever, from the next look on.
      this.#askedAt.delete(session);
      quietly(store.detached(session, waitMs));
    }
  }

  /** Lets go of a session that lives on elsewhere. */
  leave(session: Session): void {
    if (session.isCarrier && session.door === 'streamable') this.#keepCursor(session);
  }

  /** In a shared store sessions expire by themselves, unless an instance that needs one says that it lives. */
  tend(session: Session, now: number): void {
    const { quietly, forget, store } = this.#options;
    if (store.isAway) return;
    // Calls in flight have nowhere to answer to, on whichever instance they run.
    if (this.#isForsaken(session, now)) return quietly(this.close(session, 'stream lost'));
    if (session.isCarrier && session.door === 'streamable') this.#keepCursor(session);
    if (isNeeded(session)) quietly(this.touch(session));
    // Who carried its stream last keeps what is said to it meanwhile; calls end when their session does.
    else if (session.isBusy || session.isCarrier) quietly(this.#isToBeAsked(session) && this.#ask(session, false));
    else if (now - session.lastUsedAt >= REMEMBER_MS) forget(session);
  }

  async #load(id: string, door: Door, principal: Principal): Promise<Session | undefined> {
    const { store, live, hold, link } = this.#options;
    const found = (await store.get(id))?.record;
    if (found?.door !== door || found.principal.id !== principal.id) return undefined;
    let isStale = true;
    await store.watch(found, (signal) => {
      if (live.has(id)) this.#hear(id, signal);
      else isStale = true;
    });
    // What was said between the look and the listening is in neither.
    let kept: KeptSession | undefined;
    let askedAt = 0;
    while (isStale) {
      isStale = false;
      askedAt = performance.now();
      kept = await store.get(id);
    }
    const quicker = live.get(id);
    if (quicker !== undefined) return quicker;
    if (kept === undefined) {
      await store.unwatch(id);
      return undefined;
    }
    const session = new Session(id, door, principal, link);
    session.adopt(kept.record);
    this.#livesUntil.set(session, askedAt + kept.expiresInMs);
    hold(session);
    return session;
  }

  #isForsaken(session: Session, now: number): boolean {
    if (session.door !== 'legacy' || !session.isCarrier || session.writers.has(MAIN_STREAM)) return false;
    return now - session.detachedAt >= this.#options.settings.legacyResumeMs;
  }

  #isToBeAsked(session: Session): boolean {
    return performance.now() - (this.#askedAt.get(session) ?? -Infinity) >= this.lifeOf(session) / 11;
  }

  // Whether it is still there, or could be put back; from now on with its whole life where it is renewed.
  async #ask(session: Session, isRenewed: boolean): Promise<boolean> {
    const { store } = this.#options;
    const now = performance.now();
    const before = this.#askedAt.get(session);
    this.#askedAt.set(session, now);
    try {
      const life = this.lifeOf(session);
      const renew = async (): Promise<number | undefined> => ((await store.touch(session, life)) ? life : undefined);
      const left = isRenewed ? await renew() : (await store.get(session.id))?.expiresInMs;
      if (left === undefined) return await this.#revive(session);
      this.#livesUntil.set(session, now + left);
      return true;
    } catch (error) {
      if (before === undefined) this.#askedAt.delete(session);
      else this.#askedAt.set(session, before);
      throw error;
    }
  }

  // The store was away: what it said meanwhile was not heard here, and what it knew it may have lost.
  async #checkAll(): Promise<boolean> {
    const sessions = [...this.#options.live.values()];
    for (let i = 0; i < sessions.length; i += CHECKED_TOGETHER) {
      await Promise.all(sessions.slice(i, i + CHECKED_TOGETHER).map((session) => this.#check(session)));
    }
    return true;
  }

  async #checkOne(id: string): Promise<boolean> {
    const session = this.#options.live.get(id);
    return session !== undefined && (await this.#check(session));
  }

  async #check(session: Session): Promise<boolean> {
    const now = performance.now();
    const kept = await this.#options.store.get(session.id);
    if (kept === undefined) return this.#revive(session);
    const { record, expiresInMs } = kept;
    this.#livesUntil.set(session, now + expiresInMs);
    const wasCarrier = session.isCarrier;
    session.adopt(record);
    if (!wasCarrier || record.isCarrier) return true;
    // Nobody carries it where another instance was quicker to put the session back.
    if (record.hasMainStream) session.writers.get(MAIN_STREAM)?.end('taken over');
    else await this.#carryOn(session);
    return true;
  }

  // What was not ended and cannot have expired was lost; so is, to its client, what is still in use.
  async #revive(session: Session): Promise<boolean> {
    const life = this.lifeOf(session);
    const now = performance.now();
    const left = isNeeded(session) ? life : (this.#livesUntil.get(session) ?? -Infinity) - now;
    // Of a legacy session only its stream says how long it lives.
    const ttl = session.door === 'legacy' ? Math.ceil(left) : life;
    if (session.isClosed || left <= 0 || !(await this.#options.store.restore(session, ttl))) {
      await this.#end(session);
      return false;
    }
    this.#livesUntil.set(session, now + ttl);
    if (session.isCarrier) await this.#carryOn(session);
    return true;
  }

  async #carryOn(session: Session): Promise<void> {
    session.isCarrier = true;
    session.hasMainStream = true;
    const { cursor, turn } = await this.#options.store.carry(session);
    session.turn = Math.max(session.turn, turn);
    moveOn(session, cursor);
  }

  async #end(session: Session): Promise<void> {
    // Others cannot know that it was to end already, and would put it back.
    if (session.door === 'legacy' && session.isCarrier && !session.isClosed) await this.close(session, 'stream lost');
    this.#options.closeHere(session, session.door === 'legacy' ? 'stream lost' : 'idle');
    await this.#options.store.unwatch(session.id);
  }

  #keepCursor(session: Session): void {
    const { store, quietly } = this.#options;
    if ((this.#keptCursors.get(session) ?? '0') === session.mainCursor) return;
    this.#keptCursors.set(session, session.mainCursor);
    quietly(store.carried(session, false));
  }

  #hear(id: string, signal: SessionSignal): void {
    this.#confirmed.get(id)?.(signal);
    const session = this.#options.live.get(id);
    if (session === undefined) return;
    switch (signal.kind) {
      case 'closed':
        this.#options.closeHere(session, signal.reason);
        this.#options.quietly(this.#confirmGone(id));
        return;
      case 'cancel':
        return session.cancelHere(signal.requestId);
      case 'answer':
        session.takeAnswerHere(signal.response);
        return;
      case 'changed':
        return session.apply(signal.change);
      case 'attached':
        return this.#makeWay(session, signal);
      case 'gone':
      case 'left':
    }
  }

  #makeWay(session: Session, { stream, turn = 0 }: { readonly stream: string; readonly turn?: number }): void {
    if (stream !== MAIN_STREAM) return session.makeWay(stream, turn);
    if (turn < session.turn) return;
    const wasCarrier = session.isCarrier;
    session.turn = turn;
    session.isCarrier = false;
    session.hasMainStream = true;
    session.writers.get(stream)?.end('taken over');
    if (wasCarrier) this.#options.quietly(this.#options.store.carried(session, true));
  }

  async #confirmGone(id: string): Promise<void> {
    await this.#options.store.signal(id, { kind: 'gone' });
    await this.#options.store.unwatch(id);
  }

  #awaitConfirmation(
    id: string,
    isIt: (signal: SessionSignal) => boolean,
  ): { heard: Promise<void>; forget: () => void } {
    let forget = (): void => undefined;
    const heard = new Promise<void>((resolve) => {
      const listener = (signal: SessionSignal): void => {
        if (isIt(signal)) resolve();
      };
      const timer = setTimeout(resolve, CONFIRM_MS);
      this.#confirmed.set(id, listener);
      forget = () => {
        clearTimeout(timer);
        if (this.#confirmed.get(id) === listener) this.#confirmed.delete(id);
      };
    });
    return { heard, forget };
  }
}

function moveOn(session: Session, cursor: string): void {
  if (Number(cursor) > Number(session.mainCursor)) session.mainCursor = cursor;
}

// An instance that needs a session says that it lives.
function isNeeded(session: Session): boolean {
  return session.door === 'legacy' ? session.writers.has(MAIN_STREAM) : session.isBusy;
}

import type { ClientFacts, Principal } from '../protocol/call.js';
import type { RequestId, Response } from '../protocol/json-rpc.js';
import type { LogLevel } from '../protocol/mcp.js';
import type { HandshakeRevision } from '../protocol/versions.js';
import type { CloseReason, Door } from './observer.js';

/** What must be known of a session to serve it anywhere. Holds no token. */
export interface SessionRecord extends SessionFrame {
  readonly id: string;
  readonly door: Door;
  readonly principal: Principal;
  /** In ms since the epoch. */
  readonly createdAt: number;
  readonly logLevel: LogLevel;
  readonly subscriptions: ReadonlySet<string>;
  readonly hasMainStream: boolean;
  /** Up to where the main stream has been given to a connection. */
  readonly mainCursor: string;
  /** Whether this instance is the one that carries the main stream, or did last. */
  readonly isCarrier: boolean;
}

/** A session as it is kept, and how long it will be unless it is used. */
export interface KeptSession {
  readonly record: SessionRecord;
  readonly expiresInMs: number;
}

/** What `initialize` settles. */
export interface SessionFrame {
  readonly revision: HandshakeRevision;
  readonly client: ClientFacts;
  readonly isInitialized: boolean;
}

/** What another instance changed. */
export interface SessionChange {
  readonly frame?: SessionFrame;
  readonly logLevel?: LogLevel;
  readonly subscribed: readonly string[];
  readonly unsubscribed: readonly string[];
}

/** What one instance tells the others that hold the same session. */
export type SessionSignal =
  | { readonly kind: 'closed'; readonly reason: CloseReason }
  /** Says that `closed` was heard. */
  | { readonly kind: 'gone' }
  | { readonly kind: 'changed'; readonly change: SessionChange }
  | { readonly kind: 'cancel'; readonly requestId: RequestId }
  | { readonly kind: 'answer'; readonly response: Response }
  | { readonly kind: 'attached'; readonly stream: string; readonly turn?: number }
  /** Says that `attached` was heard, and up to where the stream was carried. */
  | { readonly kind: 'left'; readonly cursor: string };

export type Created = 'created' | 'full' | 'principal full' | 'taken';

export interface SessionLimits {
  readonly maxSessions: number;
  readonly maxSessionsPerPrincipal: number;
}

/** Where sessions are kept: in this process, or where every instance finds them. Rejects with a 503 when it is away. */
export interface SessionStore {
  /** Whether other instances may hold the same sessions. */
  readonly isShared: boolean;
  /** What makes names of this instance differ from those of others. */
  readonly tag: string;
  /** Whether it is known not to answer, or to tell nothing of what others say, at the moment. */
  readonly isAway: boolean;
  /** Keeps a new session, unless there are as many as there may be. One step: limits hold across instances. */
  create(record: SessionRecord, limits: SessionLimits, ttlMs: number): Created | Promise<Created>;
  get(id: string): KeptSession | undefined | Promise<KeptSession | undefined>;
  /** Keeps what changed here since, and tells the others. What others changed meanwhile stays. */
  save(record: SessionRecord): void | Promise<void>;
  /** Lets a session live that long from now. @returns false when it is gone */
  touch(record: SessionRecord, ttlMs: number): boolean | Promise<boolean>;
  /** Its main stream was lost here: lets it live only that long from now, unless another instance carries it by now. */
  detached(record: SessionRecord, ttlMs: number): void | Promise<void>;
  /**
   * Ends it for all; for a lost stream only if no other instance carries that by now.
   * @returns how many other instances were told; `undefined` where it lives on
   */
  delete(record: SessionRecord, reason: CloseReason): number | undefined | Promise<number | undefined>;
  /** Puts back what the store has lost; what was ended stays so. */
  restore(record: SessionRecord, ttlMs: number): boolean | Promise<boolean>;
  /** How many there are, on all instances. */
  count(): number | Promise<number>;
  /** From now on this instance carries the main stream. @returns up to where it was carried, and whether another has it */
  carry(record: SessionRecord): Carriage | Promise<Carriage>;
  /** From now on this instance reads a stream of a call. @returns its turn, which grows with whoever takes over */
  announce(record: SessionRecord, stream: string): number | Promise<number>;
  /** Keeps up to where the main stream was carried here; with a word to whoever takes over. */
  carried(record: SessionRecord, isTold: boolean): void | Promise<void>;
  /** Tells every other instance that watches the session. A cancellation is not lost on the way. */
  signal(id: string, signal: SessionSignal): void | Promise<void>;
  /** Hands the client's answer to the instance that asked. What was taken here is not lost on the way. */
  deliver(id: string, instance: string, response: Response): void | Promise<void>;
  /** Hears what others say of the session, until `unwatch`. */
  watch(record: SessionRecord, listener: (signal: SessionSignal) => void): void | Promise<void>;
  unwatch(id: string): void | Promise<void>;
  /** Hears when the store was away and is back: of one session, or of all, what it knows may not be what was. */
  onDoubt(check: (id?: string) => Promise<boolean>): void;
}

export interface Carriage {
  readonly cursor: string;
  readonly isElsewhere: boolean;
  /** Grows with whoever takes over. */
  readonly turn: number;
}

import type { ClientFacts, Principal } from '../protocol/call.js';
import type { RequestId, Response } from '../protocol/json-rpc.js';
import type { LogLevel } from '../protocol/mcp.js';
import type { HandshakeRevision } from '../protocol/versions.js';
import type { CloseReason, Door } from './observer.js';

/** What must be known of a session to serve it anywhere. Holds no token. */
export interface SessionRecord {
  readonly id: string;
  readonly door: Door;
  readonly principal: Principal;
  readonly revision: HandshakeRevision;
  readonly client: ClientFacts;
  readonly isInitialized: boolean;
  readonly logLevel: LogLevel;
  readonly subscriptions: ReadonlySet<string>;
  readonly hasMainStream: boolean;
  /** Up to where the main stream has been given to a connection. */
  readonly mainCursor: string;
}

/** What one instance tells the others that hold the same session. */
export type SessionSignal =
  | { readonly kind: 'closed'; readonly reason: CloseReason }
  | { readonly kind: 'changed' }
  | { readonly kind: 'cancel'; readonly requestId: RequestId }
  | { readonly kind: 'answer'; readonly response: Response }
  | { readonly kind: 'attached'; readonly stream: string };

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
  /** Keeps a new session, unless there are as many as there may be. One step: limits hold across instances. */
  create(record: SessionRecord, limits: SessionLimits, ttlMs: number): Created | Promise<Created>;
  get(id: string): SessionRecord | undefined | Promise<SessionRecord | undefined>;
  save(record: SessionRecord): void | Promise<void>;
  /** Lets a session live that long from now. @returns false when it is gone */
  touch(record: SessionRecord, ttlMs: number): boolean | Promise<boolean>;
  delete(record: SessionRecord): void | Promise<void>;
  /** How many there are, on all instances. */
  count(): number | Promise<number>;
  /** Tells every other instance that watches the session. */
  signal(id: string, signal: SessionSignal): void | Promise<void>;
  /** Hears what others say of the session, until `unwatch`. */
  watch(id: string, listener: (signal: SessionSignal) => void): void | Promise<void>;
  unwatch(id: string): void | Promise<void>;
}

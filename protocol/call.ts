import type { Notification, RequestId } from './json-rpc.js';
import type { ClientCapabilities, Implementation, LogLevel, ProgressToken } from './mcp.js';
import type { Revision } from './versions.js';

/** Who is asking. `id` is stable and unique among all callers; the anonymous caller is one principal too. */
export interface Principal {
  readonly id: string;
  readonly isAnonymous: boolean;
  /** What the caller may do; `undefined` where scopes are not in use. */
  readonly scopes?: ReadonlySet<string> | undefined;
  /** When the proof of who this is runs out, in ms since the epoch. */
  readonly expiresAt?: number | undefined;
}

export const ANONYMOUS: Principal = { id: 'anonymous', isAnonymous: true };

/** What the client said of itself: in `initialize`, or in the `_meta` of each request. */
export interface ClientFacts {
  readonly info?: Implementation | undefined;
  readonly capabilities: ClientCapabilities;
}

export const UNKNOWN_CLIENT: ClientFacts = { capabilities: {} };

/** What methods may know and change of the session a call came in by. */
export interface SessionFacts {
  readonly id: string;
  /** The mildest severity the client wants to hear of. */
  logLevel: LogLevel;
  /** Uris whose updates the client asked for. */
  readonly subscriptions: Set<string>;
  /** Keeps what changed above, for every instance that serves the session. */
  save(): void | Promise<void>;
}

/** How long a call may take, and what its client reads when that is over. */
export interface CallLimits {
  /** Without a word of progress, in ms. */
  readonly timeoutMs: number;
  /** In spite of progress, in ms. */
  readonly maxMs: number;
  /** The result to answer with when time is up. */
  readonly outcome: (elapsedMs: number) => object;
}

/** A question to the client: a request of ours that it answers. */
export interface Question {
  readonly method: string;
  readonly params: object;
  /** What the question is called in an `input_required` round trip. Numbered when absent. */
  readonly key?: string | undefined;
  /** Turns the client's result into what the handler wants; what it refuses is asked again or fails the call. */
  readonly read: (result: unknown) => unknown;
}

/** Why a call's signal fired. */
export type AbortCause = 'cancelled' | 'disconnected' | 'session closed' | 'timeout' | 'shutdown' | 'expired';

/** One request on its way through the server: everything a method may use, and the way back to its client. */
export interface Call {
  readonly id: RequestId;
  readonly revision: Revision;
  readonly principal: Principal;
  readonly client: ClientFacts;
  readonly session: SessionFacts | undefined;
  /** Names the HTTP exchange in logs and in `X-Request-Id`. */
  readonly exchangeId: string;
  readonly progressToken: ProgressToken | undefined;
  /** The `_meta` of the request. */
  readonly meta: Readonly<Record<string, unknown>>;
  /** Fires once, with an `AbortCause` as its reason, when nobody waits for the result any more. */
  readonly signal: AbortSignal;
  /** Whether the client wants log messages of this severity for this call. */
  hears(level: LogLevel): boolean;
  /** Sends a notification that belongs to this call. Resolves when the client's stream can take more. */
  notify(method: string, params: object): Promise<void>;
  /** Tells how far the call is, where the client gave a token; also what keeps it from timing out. */
  progress(progress: number, total?: number, message?: string): Promise<void>;
  /** Asks the client and waits for its answer. */
  ask(question: Question): Promise<unknown>;
  /** Bounds the call in time. */
  limit(limits: CallLimits): void;
  /** Whether the client can follow a task that this call becomes. */
  readonly knowsTasks: boolean;
  /** Turns the call into a task: its client gets a handle now and fetches the result later. No-op where it may not. */
  becomeTask(): Promise<void>;
  /** Ends the connection, not the call: the client comes back for the rest (2025-11-25). No-op where it cannot. */
  closeStream(): Promise<void>;
}

/** A notification from the client, with what is known of where it came from. */
export type NotificationListener = (notification: Notification, session: SessionFacts | undefined) => void;

export function hasScopes(principal: Principal, scopes: readonly string[]): boolean {
  const held = principal.scopes;
  return held === undefined || scopes.every((scope) => held.has(scope));
}

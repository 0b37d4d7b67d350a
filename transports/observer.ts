import type { AbortCause } from '../protocol/call.js';
import type { Request, Response } from '../protocol/json-rpc.js';
import type { EventKind } from './event-log.js';
import type { Exchange } from './exchange.js';
import type { Session } from './session.js';
import type { VisitNotes } from './visit-notes.js';

export type Door = 'legacy' | 'streamable';

export type CloseReason = 'deleted' | 'stream lost' | 'idle' | 'shutdown' | 'evicted';

/** Why a stream ended, as seen from here. */
export type StreamEnd =
  | 'complete'
  | 'client closed'
  | 'connection lost'
  | 'stalled'
  | 'taken over'
  | 'session closed'
  | 'shutdown'
  | 'overrun'
  | 'polling'
  | 'expired';

export interface StreamFacts {
  readonly kind: 'legacy' | 'session' | 'post' | 'resumed' | 'debug';
  /** What it is called in the ids of its events; the same for one that goes on on another connection. */
  readonly id: string;
  readonly session: Session | undefined;
  readonly exchangeId: string;
  readonly notes: VisitNotes;
}

export interface StreamEnded {
  readonly reason: StreamEnd;
  readonly events: number;
  readonly bytes: number;
  readonly ms: number;
  /** What its client had not taken when it ended. */
  readonly unsentBytes: number;
}

export interface CallEnded {
  /** `undefined` when there is none: the call was cancelled, or its session is gone. */
  readonly response: Response | undefined;
  readonly ms: number;
  /** What ended it before its handler did. */
  readonly cause: AbortCause | undefined;
}

/** What the transports tell whoever watches them. Every listener is optional, must not throw, and should be quick. */
export interface Observer {
  sessionOpened?(session: Session): void;
  sessionClosed?(session: Session, reason: CloseReason): void;
  /** The first thing a session was not told because its client has never opened the stream it would come on. */
  unheard?(session: Session, method: string): void;
  streamOpened?(stream: StreamFacts): void;
  streamEnded?(stream: StreamFacts, end: StreamEnded): void;
  /** An event was given to its connection, that long after there was something to give; `NaN` where nobody knows. */
  eventWritten?(stream: StreamFacts, kind: EventKind, waitedMs: number, frame: string): void;
  callStarted?(call: Exchange, request: Request): void;
  /** The call has not ended soon: whoever wants to tell of it should not wait any longer. */
  callLate?(call: Exchange): void;
  /** The call has ended, and what it answers is on its way. */
  callFinished?(call: Exchange, request: Request, end: CallEnded): void;
  /** The session store answered, or did not. */
  storeAnswered?(operation: string, ms: number, isOk: boolean): void;
  /** Something of ours went wrong that no client is told of. */
  fault?(error: unknown, where: string): void;
}

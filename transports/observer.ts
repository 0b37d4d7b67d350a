import type { Call } from '../protocol/call.js';
import type { Request, Response } from '../protocol/json-rpc.js';
import type { Session } from './session.js';

export type Door = 'legacy' | 'streamable';

export type CloseReason = 'deleted' | 'stream lost' | 'idle' | 'shutdown' | 'evicted';

/** Why a stream ended, as seen from here. */
export type StreamEnd =
  'complete' | 'client closed' | 'stalled' | 'taken over' | 'session closed' | 'shutdown' | 'overrun' | 'polling';

export interface StreamFacts {
  readonly kind: 'legacy' | 'session' | 'post' | 'resumed';
  readonly session: Session | undefined;
  readonly exchangeId: string;
}

/** What the transports tell whoever watches them. Every listener is optional and must not throw. */
export interface Observer {
  sessionOpened?(session: Session): void;
  sessionClosed?(session: Session, reason: CloseReason): void;
  streamOpened?(stream: StreamFacts): void;
  streamEnded?(stream: StreamFacts, end: { reason: StreamEnd; events: number; bytes: number; ms: number }): void;
  callStarted?(call: Call, request: Request): void;
  callFinished?(call: Call, request: Request, end: { response: Response | undefined; ms: number }): void;
  /** Something of ours went wrong that no client is told of. */
  fault?(error: unknown, where: string): void;
}

import type { Notification, Request, RequestId, Response } from '../protocol/json-rpc.js';
import type { EventKind } from './event-log.js';

/** Where one call's messages go: the whole difference of the doors. */
export interface Reply {
  /** Whether a request of ours can reach the client this way. */
  readonly canAsk: boolean;
  /** Something that belongs to the call, before its response. A promise means: wait, the client is behind. */
  send(message: Notification | Request, kind: EventKind): void | Promise<void>;
  /** The response, and the end of it. */
  respond(response: Response): void | Promise<void>;
  /** The end without a response: the call was cancelled, or its session is gone. */
  cancel(id: RequestId): void;
  /** The response takes long: whoever waits should hear that we live. */
  late(): void;
  /** Lets the client come back for the rest, where that is possible. */
  closeStream(): void;
}

import { formatMessage, type Notification, type Request, type Response } from '../protocol/json-rpc.js';
import { MAIN_STREAM } from './event-id.js';
import type { EventKind, EventLog } from './event-log.js';
import type { Reply } from './reply.js';
import type { Session } from './session.js';

/** Answers on the session's own stream: all that the legacy door knows. */
export class StreamReply implements Reply {
  readonly canAsk = true;
  readonly #session: Session;
  readonly #log: EventLog;

  constructor(session: Session, log: EventLog) {
    this.#session = session;
    this.#log = log;
  }

  send(message: Notification | Request, kind: EventKind): void | Promise<void> {
    return this.#append(formatMessage(message), kind);
  }

  respond(response: Response): void | Promise<void> {
    return this.#append(formatMessage(response), 'response');
  }

  // A cancelled request gets no response (2024-11-05 "Cancellation"), and the stream has other things to carry.
  cancel(): void {
    return;
  }

  late(): void {
    return;
  }

  closeStream(): void {
    return;
  }

  #append(data: string, kind: EventKind): void | Promise<void> {
    if (this.#session.isClosed) return undefined;
    return this.#log.append(this.#session.id, MAIN_STREAM, data, kind);
  }
}

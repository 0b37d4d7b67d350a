import { formatMessage, type Notification, type Request, type RequestId, type Response } from '../protocol/json-rpc.js';
import { MAIN_STREAM } from './event-id.js';
import type { EventKind, EventLog } from './event-log.js';
import type { Reply } from './reply.js';
import type { Session } from './session.js';
import type { VisitNotes } from './visit-notes.js';

/** Answers on the session's own stream: all that the legacy door knows. */
export class StreamReply implements Reply {
  readonly canAsk = true;
  readonly #session: Session;
  readonly #log: EventLog;
  readonly #notes: VisitNotes;

  constructor(session: Session, log: EventLog, notes: VisitNotes) {
    this.#session = session;
    this.#log = log;
    this.#notes = notes;
  }

  send(message: Notification | Request, kind: EventKind): void | Promise<void> {
    return this.#append(formatMessage(message), kind);
  }

  respond(response: Response): void | Promise<void> {
    this.#notes.answeredOn = this.#session.isListening ? 'session stream' : 'no stream';
    return this.#append(formatMessage(response), 'response', response.id);
  }

  // A cancelled request gets no response (2024-11-05 "Cancellation"), and the stream has other things to carry.
  cancel(id: RequestId): void {
    void this.#log.release(this.#session.id, MAIN_STREAM, id);
  }

  late(): void {
    return;
  }

  closeStream(): void {
    return;
  }

  #append(data: string, kind: EventKind, answers?: RequestId): void | Promise<void> {
    if (this.#session.isClosed) return undefined;
    return this.#log.append(this.#session.id, MAIN_STREAM, data, kind, answers);
  }
}

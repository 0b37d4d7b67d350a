import { formatEvent } from '../protocol/sse.js';
import { formatEventId } from './event-id.js';
import { type EventLog, type EventSink, type LoggedEvent, StreamOverrun } from './event-log.js';
import type { SseWriter } from './sse-writer.js';

export interface PumpOptions {
  readonly log: EventLog;
  readonly session: string;
  readonly stream: string;
  /** Where to begin: after this one. */
  readonly after: string;
  /** Hears of every event that was given to the connection. */
  readonly onSent?: (cursor: string) => void;
}

/**
 * Begins to carry a stream of the log to its connection, at the pace of its client, until one of them ends. Ends the
 * connection when the log ends or has moved on too far.
 */
export function pump(writer: SseWriter, options: PumpOptions): void {
  if (!writer.isOpen) return;
  const { log, session, stream, after } = options;
  const following = log.follow(session, stream, after, new Outlet(writer, options));
  writer.onEnd(() => following.stop());
}

/** Where a stream of the log flows out. */
class Outlet implements EventSink {
  readonly #writer: SseWriter;
  readonly #session: string;
  readonly #stream: string;
  readonly #onSent: ((cursor: string) => void) | undefined;

  constructor(writer: SseWriter, { session, stream, onSent }: PumpOptions) {
    this.#writer = writer;
    this.#session = session;
    this.#stream = stream;
    this.#onSent = onSent;
  }

  take({ cursor, data, kind, at }: LoggedEvent): void | Promise<void> {
    const id = formatEventId(this.#session, this.#stream, cursor);
    const written = this.#writer.write(formatEvent(data, id), kind, at ?? NaN);
    return written === undefined ? this.#sent(cursor) : written.then(() => this.#sent(cursor));
  }

  end(error?: unknown): void {
    if (error === undefined) this.#writer.end('complete');
    else this.#writer.end(error instanceof StreamOverrun ? 'overrun' : 'session closed');
  }

  #sent(cursor: string): void {
    if (this.#writer.isOpen) this.#onSent?.(cursor);
  }
}

import { formatEvent } from '../protocol/sse.js';
import { formatEventId } from './event-id.js';
import { type EventLog, StreamOverrun } from './event-log.js';
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
 * Carries a stream of the log to its connection, at the pace of its client, until one of them ends. Ends the
 * connection when the log ends or has moved on too far. Never rejects.
 */
export async function pump(writer: SseWriter, { log, session, stream, after, onSent }: PumpOptions): Promise<void> {
  try {
    for await (const { cursor, data, kind, at } of log.follow(session, stream, after, writer.signal)) {
      const written = writer.write(formatEvent(data, formatEventId(session, stream, cursor)), kind, at ?? NaN);
      if (written !== undefined) await written;
      if (!writer.isOpen) return;
      onSent?.(cursor);
    }
    writer.end('complete');
  } catch (error) {
    writer.end(error instanceof StreamOverrun ? 'overrun' : 'session closed');
  }
}

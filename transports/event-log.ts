import type { RequestId } from '../protocol/json-rpc.js';

/** What an event is, to whoever writes it out: some need a moment between them. */
export type EventKind = 'response' | 'progress' | 'message';

export interface LoggedEvent {
  readonly cursor: string;
  /** One line of JSON. */
  readonly data: string;
  readonly kind: EventKind;
  /** When it was kept, as `performance.now()` of this process has it; absent where that is not known. */
  readonly at?: number | undefined;
}

/** Who is given a stream, event by event. */
export interface EventSink {
  /** Takes one event. A promise means: wait with the next. It counts as taken when this has returned or resolved. */
  take(event: LoggedEvent): void | Promise<void>;
  /**
   * There will be no more: the stream is closed, or somebody else reads it now. With an error it could not go on:
   * `StreamOverrun` when the window has moved past the place it had come to.
   */
  end(error?: unknown): void;
}

/** One who is given a stream. */
export interface Following {
  /** Nothing more is given, and nobody waits for it any longer. */
  stop(): void;
}

/** Before the first event of a stream. */
export const START = '0';

/**
 * The queue of a session: its streams as bounded logs. Sending is reading at the client's pace; replay is the same read
 * from an older cursor. All streams of a session share one window, so that a session is bounded whatever it does.
 */
export interface EventLog {
  /**
   * Keeps an event and wakes the stream's reader. A promise means: wait, the reader is behind or the store is away;
   * it resolves when the reader has caught up or is gone. `answers` names the request whose owed response this is.
   */
  append(session: string, stream: string, data: string, kind: EventKind, answers?: RequestId): void | Promise<void>;
  /**
   * Says that this instance owes the response to a request on a stream, so that others can say so if it dies.
   * @returns false when one to that id is owed there already
   */
  expect(session: string, stream: string, id: RequestId): boolean | Promise<boolean>;
  /** Says that a response is owed no more: its call was cancelled. */
  release(session: string, stream: string, id: RequestId): void | Promise<void>;
  /**
   * Gives what came after `after`, then what comes; in order, once, until the stream is closed or it is stopped. What is
   * there may be given before this returns.
   */
  follow(session: string, stream: string, after: string, sink: EventSink): Following;
  /** Whether a read from there would be whole. */
  holds(session: string, stream: string, after: string): boolean | Promise<boolean>;
  /** Whether the stream is closed and nothing comes after that. */
  isSpent(session: string, stream: string, after: string): boolean | Promise<boolean>;
  /** The oldest place a read can begin: for readers that hold no place of their own. */
  oldest(session: string, stream: string): string | Promise<string>;
  /** No more events will come; what is there stays for the window's time. */
  close(session: string, stream: string): void | Promise<void>;
  /** How many events wait to be read, on one stream or on all; absent where that is not known. */
  queued?(session: string, stream?: string): number;
  /** Lets go of a session that other instances go on with: its readers here end. Absent where there are no others. */
  leave?(session: string): void;
  /** Forgets a session. Its readers end. */
  drop(session: string): void | Promise<void>;
}

/** The window moved on before the reader had taken everything. */
export class StreamOverrun extends Error {
  override readonly name = 'StreamOverrun';

  constructor() {
    super('Events after that one are no longer kept');
  }
}

/** What an event is, to whoever writes it out: some need a moment between them. */
export type EventKind = 'response' | 'progress' | 'message';

export interface LoggedEvent {
  readonly cursor: string;
  /** One line of JSON. */
  readonly data: string;
  readonly kind: EventKind;
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
   * it resolves when the reader has caught up or is gone.
   */
  append(session: string, stream: string, data: string, kind: EventKind): void | Promise<void>;
  /**
   * What came after `after`, then what comes; in order, once. Ends when the stream is closed or the signal fires.
   * An event counts as taken when the next one is asked for.
   * @throws StreamOverrun when the window has moved past the cursor
   */
  follow(session: string, stream: string, after: string, signal: AbortSignal): AsyncIterable<LoggedEvent>;
  /** Whether a read from there would be whole. */
  holds(session: string, stream: string, after: string): boolean | Promise<boolean>;
  /** The oldest place a read can begin: for readers that hold no place of their own. */
  oldest(session: string, stream: string): string | Promise<string>;
  /** No more events will come; what is there stays for the window's time. */
  close(session: string, stream: string): void | Promise<void>;
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

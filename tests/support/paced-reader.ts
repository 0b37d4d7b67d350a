import type { EventLog, EventSink, Following, LoggedEvent } from '../../transports/event-log.js';

type Next = IteratorResult<LoggedEvent, undefined>;

/** Reads a stream of a log at the pace it is asked at: an event is taken when the next one is asked for. */
export class PacedReader implements EventSink, AsyncIterator<LoggedEvent, undefined> {
  readonly #following: Following;
  #event: LoggedEvent | undefined;
  #end: { readonly error: unknown } | undefined;
  #asking: { readonly resolve: (next: Next) => void; readonly reject: (error: unknown) => void } | undefined;
  #taken: (() => void) | undefined;

  constructor(log: EventLog, session: string, stream: string, after: string) {
    this.#following = log.follow(session, stream, after, this);
  }

  take(event: LoggedEvent): Promise<void> {
    this.#event = event;
    this.#answer();
    return new Promise((resolve) => (this.#taken = resolve));
  }

  end(error?: unknown): void {
    this.#end = { error };
    this.#answer();
  }

  next(): Promise<Next> {
    if (this.#event === undefined) this.#taken?.();
    return new Promise((resolve, reject) => {
      this.#asking = { resolve, reject };
      this.#answer();
    });
  }

  /** Its client is gone. */
  stop(): void {
    this.#following.stop();
    this.#event = undefined;
    this.#taken?.();
    this.end();
  }

  #answer(): void {
    const asking = this.#asking;
    if (asking === undefined || (this.#event === undefined && this.#end === undefined)) return;
    this.#asking = undefined;
    if (this.#event !== undefined) asking.resolve({ done: false, value: this.#event });
    else if (this.#end?.error === undefined) asking.resolve({ done: true, value: undefined });
    else asking.reject(this.#end.error);
    this.#event = undefined;
  }
}

import { type DestinationStream, pino } from 'pino';

/** How long a line may wait for company. */
const FLUSH_MS = 100;
/** How many lines may wait. */
const BATCH = 500;

/** A line that is made when it is written. */
export interface LaterLine {
  toLine(): string;
}

/**
 * Where lines go, many at a time: handing each to the system by itself costs more than making it, and making many in a
 * row costs half of making each in between other work. Whoever reads slowly
 * does not hold up the server. What still waits when the process ends is written then.
 */
export class LogSink implements DestinationStream {
  readonly #out: ReturnType<typeof pino.destination>;
  #lines: (string | LaterLine)[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(fd: number) {
    this.#out = pino.destination({ fd, sync: false });
    // A reader that went away is no reason to end everybody's sessions.
    this.#out.on('error', () => undefined);
    process.on('exit', () => {
      this.flush();
      try {
        this.#out.flushSync();
      } catch {
        // Not open yet, or nobody reads any more.
      }
    });
  }

  write(line: string | LaterLine): void {
    this.#lines.push(line);
    if (this.#lines.length >= BATCH) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), FLUSH_MS).unref();
  }

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#lines.length === 0) return;
    const lines = this.#lines;
    this.#lines = [];
    this.#out.write(lines.map((line) => (typeof line === 'string' ? line : line.toLine())).join(''));
  }
}

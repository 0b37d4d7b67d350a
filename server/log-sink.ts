import { type DestinationStream, pino } from 'pino';

/** How long a line may wait for company. */
const FLUSH_MS = 100;
/** How much may wait, in characters. */
const BATCH = 32 * 1024;

/**
 * Where lines go, many at a time: handing each to the system by itself costs more than making it. Whoever reads slowly
 * does not hold up the server. What still waits when the process ends is written then.
 */
export class LogSink implements DestinationStream {
  readonly #out: ReturnType<typeof pino.destination>;
  #lines: string[] = [];
  #size = 0;
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

  write(line: string): void {
    this.#lines.push(line);
    this.#size += line.length;
    if (this.#size >= BATCH) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), FLUSH_MS).unref();
  }

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#size === 0) return;
    this.#out.write(this.#lines.join(''));
    this.#lines = [];
    this.#size = 0;
  }
}

import { DEFAULT_WAIT_MS, within } from './within.js';

interface Waiter<T> {
  readonly fits: (item: T) => boolean;
  readonly resolve: (item: T) => void;
  readonly reject: (cause: Error) => void;
}

export interface WaitOptions {
  readonly waitMs?: number;
  /** What is awaited, for the message of the error. */
  readonly what?: string;
}

/** What has come in, in order, and a way to wait for what has not come yet. Each item is handed out once. */
export class Inbox<T> {
  /** Everything that ever came, handed out or not. */
  readonly all: readonly T[];
  readonly #all: T[] = [];
  readonly #what: string;
  #waiting: Waiter<T>[] = [];
  #untaken: T[] = [];
  #end: Error | undefined;

  constructor(what: string) {
    this.all = this.#all;
    this.#what = what;
  }

  push(item: T): void {
    this.#all.push(item);
    const waiter = this.#waiting.find(({ fits }) => fits(item));
    if (!waiter) {
      this.#untaken.push(item);
      return;
    }
    this.#waiting = this.#waiting.filter((other) => other !== waiter);
    waiter.resolve(item);
  }

  /** Nothing more will come. Whoever waits, now or later, hears why. */
  end(cause: Error): void {
    this.#end ??= cause;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { reject } of waiting) reject(this.#end);
  }

  /** The first item that fits and was not handed out yet; the others stay. */
  async next(
    fits: (item: T) => boolean = () => true,
    { waitMs = DEFAULT_WAIT_MS, what = this.#what }: WaitOptions = {},
  ): Promise<T> {
    const index = this.#untaken.findIndex(fits);
    if (index >= 0) return this.#untaken.splice(index, 1)[0]!;
    if (this.#end) throw this.#end;

    let waiter: Waiter<T> | undefined;
    const arrival = new Promise<T>((resolve, reject) => {
      waiter = { fits, resolve, reject };
      this.#waiting.push(waiter);
    });
    try {
      return await within(waitMs, what, arrival, () => `; so far came ${shorten(JSON.stringify(this.all))}`);
    } finally {
      this.#waiting = this.#waiting.filter((other) => other !== waiter);
    }
  }
}

function shorten(text: string): string {
  return text.length > 1000 ? `…${text.slice(-1000)}` : text;
}

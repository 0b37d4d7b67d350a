// Reads an event stream and believes nothing: what a browser would forgive is an error here, because some client does not forgive it.
// It reads as fast as bytes come; a slow reader is made with RawSocket.
import { type ExchangeRequest, type ExchangeResponse, fetchExchange } from './clients/exchange.js';
import { Inbox, type WaitOptions } from './clients/inbox.js';
import { DEFAULT_WAIT_MS, within } from './clients/within.js';
import type { Json } from './clients/test-client.js';

/** One block of the stream: the lines between two blank ones. */
export interface SseEvent {
  readonly event?: string;
  readonly id?: string;
  readonly data?: string;
  readonly retry?: number;
  readonly comment?: string;
}

export class SseReader implements AsyncIterable<SseEvent> {
  readonly response: Pick<ExchangeResponse, 'status' | 'header' | 'headers'>;
  /** Settles when the stream is over: fulfilled if the server ended it or we closed it, rejected if it broke or was malformed. */
  readonly ended: Promise<void>;
  readonly #inbox = new Inbox<SseEvent>('an event');
  readonly #close: () => void;
  #raw = '';
  #isClosed = false;

  constructor(response: ExchangeResponse) {
    this.response = response;
    this.#close = response.close;
    this.ended = this.#pump(response.bytes);
    this.ended.catch(() => {}); // Heard by whoever awaits `ended` or asks for the next event.
  }

  /** Opens a stream and checks that it is one. */
  static async open(
    url: string | URL,
    request: Partial<ExchangeRequest> = {},
    exchange = fetchExchange,
  ): Promise<SseReader> {
    const { method = 'GET', headers = {}, body } = request;
    const opening = exchange({
      method,
      url: new URL(url),
      headers: { Accept: 'text/event-stream', ...headers },
      ...(body !== undefined && { body }),
    });
    const response = await within(DEFAULT_WAIT_MS, `the headers of ${method} ${String(url)}`, opening);
    const type = response.header('content-type') ?? 'none';
    if (response.status === 200 && type.startsWith('text/event-stream')) return new SseReader(response);
    const text = await response.text();
    throw new Error(
      `Expected an event stream from ${method} ${String(url)}, got ${response.status} (${type}): ${text}`,
    );
  }

  /** Everything that came, character for character. */
  get raw(): string {
    return this.#raw;
  }

  get events(): readonly SseEvent[] {
    return this.#inbox.all;
  }

  /** The first event that fits and was not handed out yet; the others stay. */
  next(fits?: (event: SseEvent) => boolean, options?: WaitOptions): Promise<SseEvent> {
    return this.#inbox.next(fits, options);
  }

  /** The first JSON-RPC message that fits and was not handed out yet. */
  async nextMessage(fits: (message: Json) => boolean = () => true, options?: WaitOptions): Promise<Json> {
    const what = { what: 'a message', ...options };
    const event = await this.next((event) => isMessage(event) && fits(JSON.parse(event.data)), what);
    return JSON.parse(event.data ?? '');
  }

  /** Waits for the server to end the stream. */
  async waitForEnd(waitMs = DEFAULT_WAIT_MS): Promise<void> {
    await within(waitMs, 'the end of the stream', this.ended, () => `; so far came ${JSON.stringify(this.#raw)}`);
  }

  close(): void {
    this.#isClosed = true;
    this.#close();
  }

  /** The events that were not handed out yet, and then each as it comes, until the stream is over. */
  async *[Symbol.asyncIterator](): AsyncIterator<SseEvent> {
    for (;;) {
      let event: SseEvent;
      try {
        event = await this.next(undefined, { waitMs: Infinity });
      } catch {
        return await this.ended;
      }
      yield event;
    }
  }

  async #pump(bytes: AsyncIterable<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
    const parser = new SseParser();
    try {
      for await (const chunk of bytes) {
        const text = decoder.decode(chunk, { stream: true });
        this.#raw += text;
        for (const event of parser.push(text)) this.#inbox.push(event);
      }
      this.#raw += decoder.decode();
      parser.end();
      this.#inbox.end(new Error('The event stream has ended'));
    } catch (cause) {
      this.#inbox.end(new Error('The event stream broke', { cause }));
      if (this.#isClosed) return;
      this.#close();
      throw new Error(`The event stream broke after ${JSON.stringify(this.#raw.slice(-500))}`, { cause });
    }
  }
}

export function isMessage(event: SseEvent): event is SseEvent & { data: string } {
  // Priming events have an id and empty data.
  return (event.event ?? 'message') === 'message' && event.data !== undefined && event.data !== '';
}

type Field = 'event' | 'id' | 'data' | 'retry' | 'comment';

class SseParser {
  #rest = '';
  #block = new Map<Field, string>();

  push(text: string): SseEvent[] {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    return lines.flatMap((line) => this.#read(line.endsWith('\r') ? line.slice(0, -1) : line) ?? []);
  }

  end(): void {
    if (this.#rest !== '' || this.#block.size > 0) throw new Error('Malformed event stream: it ends inside an event');
  }

  #read(line: string): SseEvent | undefined {
    if (line === '') return this.#finish();
    if (line.includes('\r')) throw malformed('a carriage return inside a line', line);
    const colon = line.indexOf(':');
    if (colon < 0) throw malformed('a line without a colon', line);
    const field = colon === 0 ? 'comment' : line.slice(0, colon);
    const value = line.slice(colon + 1).replace(/^ /, '');
    if (!isField(field)) throw malformed('an unknown field', line);
    if (field === 'retry' && !/^\d+$/.test(value)) throw malformed('a retry that is not a number', line);
    if (field === 'id' && value.includes('\0')) throw malformed('an id with NUL in it', line);

    const before = this.#block.get(field);
    if (before === undefined) this.#block.set(field, value);
    else if (field === 'data' || field === 'comment') this.#block.set(field, `${before}\n${value}`);
    else throw malformed('the same field twice in one event', line);
    return undefined;
  }

  #finish(): SseEvent {
    const block = this.#block;
    if (block.size === 0) throw malformed('a blank line that ends nothing', '');
    if (block.has('event') && !block.has('data')) throw malformed('an event without data', block.get('event') ?? '');
    this.#block = new Map();
    const { retry, ...texts } = Object.fromEntries(block) as Partial<Record<Field, string>>;
    return { ...texts, ...(retry !== undefined && { retry: Number(retry) }) };
  }
}

function isField(name: string): name is Field {
  return ['event', 'id', 'data', 'retry', 'comment'].includes(name);
}

function malformed(what: string, line: string): Error {
  return new Error(`Malformed event stream: ${what}: ${JSON.stringify(line)}`);
}

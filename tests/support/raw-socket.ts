// HTTP/1.1 by hand, for what no HTTP library would send or show: broken requests, pipelining, a reader that does not read, how a
// connection ended. It reads from the socket only when asked, so not asking is back-pressure.
import { connect, type Socket } from 'node:net';
import { DEFAULT_WAIT_MS, within } from './clients/within.js';

export interface RawRequest {
  readonly method?: string;
  readonly path?: string;
  /** Sent as they are, in order, after Host and Content-Length, which `undefined` leaves out. */
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly body?: string | Uint8Array;
}

export interface RawHead {
  readonly statusLine: string;
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
  /** Several of one name are joined with a comma. */
  header(name: string): string | undefined;
  /** The decoded body as it comes, one piece per chunk when it is chunked. To be read before the next response. */
  readonly body: AsyncIterable<Buffer>;
}

export interface RawResponse extends Omit<RawHead, 'body'> {
  readonly body: Buffer;
  readonly text: string;
}

/** `end`: the peer closed its side in order. `reset`: it broke the connection off. */
export type Ending = 'end' | 'reset';

export class RawSocket {
  readonly socket: Socket;
  readonly host: string;
  readonly waitMs: number;
  #unread: Buffer = Buffer.alloc(0);
  #ending: Ending | undefined;
  #wake: () => void = () => {};

  private constructor(socket: Socket, host: string, waitMs: number) {
    this.socket = socket;
    this.host = host;
    this.waitMs = waitMs;
    const over = (ending: Ending) => {
      this.#ending ??= ending;
      this.#wake();
    };
    socket.on('readable', () => this.#wake());
    socket.on('end', () => over('end'));
    socket.on('error', () => over('reset'));
    socket.on('close', (hadError) => over(hadError ? 'reset' : 'end'));
  }

  static async open(url: string, { waitMs = DEFAULT_WAIT_MS }: { waitMs?: number } = {}): Promise<RawSocket> {
    const { hostname, port, host } = new URL(url);
    const socket = connect({ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port), allowHalfOpen: true });
    socket.setNoDelay(true);
    const opened = new Promise<void>((resolve, reject) => {
      socket.once('connect', () => resolve());
      socket.once('error', reject);
    });
    await within(waitMs, `a connection to ${host}`, opened);
    return new RawSocket(socket, host, waitMs);
  }

  /** Resolves when the bytes are handed to the system; waits as long as the peer does not take them. */
  async write(bytes: string | Uint8Array): Promise<void> {
    const written = new Promise<void>((resolve, reject) => {
      this.socket.write(bytes, (error) => (error ? reject(error) : resolve()));
    });
    await within(this.waitMs, 'the peer to take what was written', written);
  }

  async send(request: RawRequest): Promise<void> {
    await this.write(formatRequest(this.host, request));
  }

  /** Reads a status line and headers. `method` is the request's, since a response to HEAD has no body. */
  async head(method = 'GET'): Promise<RawHead> {
    const statusLine = await this.#line('a status line');
    const match = /^HTTP\/1\.1 (\d{3}) [^\r]*$/.exec(statusLine);
    if (!match) throw new Error(`Malformed status line: ${JSON.stringify(statusLine)}`);
    const status = Number(match[1]);
    const headers = await this.#fields('headers');
    const header = (name: string) => {
      const values = headers.filter(([key]) => key.toLowerCase() === name.toLowerCase()).map(([, value]) => value);
      return values.length === 0 ? undefined : values.join(', ');
    };
    const isBodiless = method === 'HEAD' || status < 200 || status === 204 || status === 304;
    const body = isBodiless ? noBody() : this.#body(header('transfer-encoding'), header('content-length'));
    return { statusLine, status, headers, header, body };
  }

  /** Reads one whole response. */
  async response(method?: string): Promise<RawResponse> {
    const { body: pieces, ...head } = await this.head(method);
    const read = (async () => {
      const parts: Buffer[] = [];
      for await (const piece of pieces) parts.push(piece);
      return Buffer.concat(parts);
    })();
    const body = await within(this.waitMs, `the rest of the body of ${head.statusLine}`, read, () => this.#seen());
    return { ...head, body, text: body.toString('utf8') };
  }

  /** Sends one request and reads its response. */
  async request(request: RawRequest): Promise<RawResponse> {
    await this.send(request);
    return this.response(request.method);
  }

  /** Reads whatever still comes until the peer ends the connection. */
  async waitForEnd(waitMs = this.waitMs): Promise<{ how: Ending; rest: Buffer }> {
    while (await this.#read('the peer to close the connection', waitMs));
    return { how: this.#ending ?? 'end', rest: this.#take(this.#unread.length) };
  }

  /** Reads at least this many bytes, and gives all there are. */
  async bytes(atLeast = 1): Promise<Buffer> {
    await this.#need(atLeast, 'bytes');
    return this.#take(this.#unread.length);
  }

  /** Closes our side in order; the other may still speak. */
  async end(): Promise<void> {
    await within(this.waitMs, 'our side to close', new Promise<void>((resolve) => this.socket.end(resolve)));
  }

  close(): void {
    this.socket.destroy();
  }

  /** Breaks the connection off, as a crashed client does. */
  reset(): void {
    this.socket.resetAndDestroy();
  }

  async *#body(encoding: string | undefined, length: string | undefined): AsyncIterable<Buffer> {
    if (encoding !== undefined && encoding.toLowerCase() !== 'chunked')
      throw new Error(`Unknown encoding: ${encoding}`);
    if (encoding !== undefined && length !== undefined) throw new Error('Both Transfer-Encoding and Content-Length');
    if (encoding !== undefined) yield* this.#chunks();
    else if (length !== undefined) yield* this.#counted(length);
    else yield* this.#untilEnd();
  }

  async *#chunks(): AsyncIterable<Buffer> {
    for (;;) {
      const line = await this.#line('a chunk size', Infinity);
      if (!/^[\da-f]+$/i.test(line)) throw new Error(`Malformed chunk size: ${JSON.stringify(line)}`);
      const size = Number.parseInt(line, 16);
      if (size === 0) break;
      await this.#need(size + 2, 'the rest of a chunk');
      const chunk = this.#take(size);
      if (this.#take(2).toString('latin1') !== '\r\n') throw new Error('Malformed chunk: it is longer than it says');
      yield chunk;
    }
    await this.#fields('trailers');
  }

  async *#counted(length: string): AsyncIterable<Buffer> {
    if (!/^\d+$/.test(length)) throw new Error(`Malformed Content-Length: ${length}`);
    let left = Number(length);
    while (left > 0) {
      await this.#need(1, `${left} more bytes of the body`);
      const piece = this.#take(Math.min(left, this.#unread.length));
      left -= piece.length;
      yield piece;
    }
  }

  async *#untilEnd(): AsyncIterable<Buffer> {
    for (;;) {
      if (this.#unread.length > 0) yield this.#take(this.#unread.length);
      if (!(await this.#read('the end of a body without a length', Infinity))) break;
    }
    if (this.#ending === 'reset') throw new Error('The connection was reset inside a body');
  }

  async #fields(what: string): Promise<[string, string][]> {
    const fields: [string, string][] = [];
    for (;;) {
      const line = await this.#line(what);
      if (line === '') return fields;
      const match = /^([!#$%&'*+.^_`|~\w-]+): ?(.*)$/.exec(line);
      if (!match) throw new Error(`Malformed header: ${JSON.stringify(line)}`);
      fields.push([match[1]!, match[2]!]);
    }
  }

  async #line(what: string, waitMs?: number): Promise<string> {
    for (;;) {
      const end = this.#unread.indexOf('\n');
      if (end >= 0) {
        const line = this.#take(end + 1).toString('latin1');
        if (!line.endsWith('\r\n')) throw new Error(`Malformed line, no CRLF: ${JSON.stringify(line)}`);
        return line.slice(0, -2);
      }
      await this.#need(this.#unread.length + 1, what, waitMs);
    }
  }

  async #need(size: number, what: string, waitMs?: number): Promise<void> {
    while (this.#unread.length < size) {
      if (await this.#read(what, waitMs)) continue;
      throw new Error(`The connection is over (${this.#ending}) where ${what} should be${this.#seen()}`);
    }
  }

  /** Waits for more bytes. False when there will be none. */
  async #read(what: string, waitMs = this.waitMs): Promise<boolean> {
    for (;;) {
      const woken = new Promise<void>((resolve) => (this.#wake = resolve));
      const bytes = this.socket.read() as Buffer | null;
      if (bytes) {
        this.#unread = Buffer.concat([this.#unread, bytes]);
        return true;
      }
      if (this.#ending) return false;
      await within(waitMs, what, woken, () => this.#seen());
    }
  }

  #take(size: number): Buffer {
    const taken = this.#unread.subarray(0, size);
    this.#unread = this.#unread.subarray(size);
    return taken;
  }

  #seen(): string {
    return `; unread: ${JSON.stringify(this.#unread.subarray(0, 300).toString('latin1'))}`;
  }
}

/** The bytes of a request. Host and Content-Length are there unless `headers` says otherwise. */
export function formatRequest(
  host: string,
  { method = 'GET', path = '/', headers = {}, body }: RawRequest = {},
): Buffer {
  const bytes = Buffer.from(body ?? '');
  const given = new Set(Object.keys(headers).map((name) => name.toLowerCase()));
  const fields = Object.entries(headers).filter(([, value]) => value !== undefined);
  const isCounted = body !== undefined && !given.has('content-length') && !given.has('transfer-encoding');
  if (isCounted) fields.unshift(['Content-Length', String(bytes.length)]);
  if (!given.has('host')) fields.unshift(['Host', host]);
  const lines = [`${method} ${path} HTTP/1.1`, ...fields.map(([name, value]) => `${name}: ${value}`)];
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), bytes]);
}

async function* noBody(): AsyncIterable<Buffer> {
  yield* [];
}

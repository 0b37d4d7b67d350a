import { connect, type Socket } from 'node:net';

/** What came back on one exchange. */
export interface Answer {
  readonly status: number;
  /** Head and body as they came, chunk sizes included: enough to look for something, cheap to get. */
  text(): string;
}

const HEAD_END = Buffer.from('\r\n\r\n');
const LAST_CHUNK = Buffer.from('0\r\n\r\n');

/**
 * One keep-alive connection, one exchange at a time, by hand: a client that does more than this would be what is
 * measured on a machine with two cores. A connection that the server closed while nobody used it is opened again.
 */
export class Wire {
  readonly #port: number;
  #socket: Socket;
  #settle: { resolve: (answer: Answer) => void; reject: (error: Error) => void } | undefined;
  #request: Buffer | undefined;
  #chunks: Buffer[] = [];
  #size = 0;
  /** How long the answer is, head included; 0 while unknown, Infinity when it is chunked. */
  #expected = 0;

  constructor(port: number) {
    this.#port = port;
    this.#socket = this.#connect();
  }

  exchange(request: Buffer): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
      this.#chunks = [];
      this.#size = 0;
      this.#expected = 0;
      this.#request = request;
      if (this.#socket.destroyed) this.#socket = this.#connect();
      this.#socket.write(request);
    });
  }

  close(): void {
    this.#settle = undefined;
    this.#socket.destroy();
  }

  #connect(): Socket {
    const socket = connect({ port: this.#port, host: '127.0.0.1', noDelay: true });
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    socket.on('error', () => undefined);
    socket.on('end', () => socket.destroy());
    socket.on('close', () => {
      if (socket === this.#socket) this.#onClose();
    });
    return socket;
  }

  // The request may have crossed with the end of an idle connection: once is no failure.
  #onClose(): void {
    const { reject } = this.#settle ?? {};
    const request = this.#request;
    if (reject === undefined) return;
    if (request === undefined || this.#size > 0) return reject(new Error('The server closed the connection'));
    this.#request = undefined;
    this.#socket = this.#connect();
    this.#socket.write(request);
  }

  #take(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    if (this.#expected === 0) this.#expected = lengthOf(chunk);
    const isWhole =
      this.#expected === Infinity
        ? chunk.subarray(-LAST_CHUNK.length).equals(LAST_CHUNK)
        : this.#size >= this.#expected && this.#expected > 0;
    if (!isWhole) return;
    const chunks = this.#chunks;
    const [first = chunk] = chunks;
    const settle = this.#settle;
    this.#settle = undefined;
    settle?.resolve({
      status: (first[9] ?? 0) * 100 + (first[10] ?? 0) * 10 + (first[11] ?? 0) - 48 * 111,
      text: () => Buffer.concat(chunks).toString(),
    });
  }
}

// A head always came in one piece so far; one that did not would end the run with a timeout, not with a wrong number.
function lengthOf(chunk: Buffer): number {
  const end = chunk.indexOf(HEAD_END);
  if (end < 0) return 0;
  const head = chunk.toString('latin1', 0, end);
  const declared = /content-length: *(\d+)/i.exec(head)?.[1];
  if (declared !== undefined) return end + HEAD_END.length + Number(declared);
  return /transfer-encoding: *chunked/i.test(head) ? Infinity : end + HEAD_END.length;
}

/** The reading end of an event stream: hands over each piece as it comes. */
export class EventWire {
  readonly #socket: Socket;
  #onPiece: ((text: string) => void) | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => {
      if (this.#onPiece !== undefined) this.#onPiece(chunk.toString('latin1'));
    });
    socket.on('error', () => undefined);
  }

  static open(port: number, request: Buffer): Promise<EventWire> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true }, () => {
        socket.write(request);
        resolve(new EventWire(socket));
      });
      socket.once('error', reject);
    });
  }

  /** Resolves with the next piece that says it. */
  next(what: string): Promise<string> {
    return new Promise((resolve) => {
      this.#onPiece = (text) => {
        if (!text.includes(what)) return;
        this.#onPiece = undefined;
        resolve(text);
      };
    });
  }

  close(): void {
    this.#socket.destroy();
  }
}

export interface RequestFacts {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: object;
}

/** The bytes of one request. */
export function formatRequest({ method = 'POST', path, headers = {}, body }: RequestFacts): Buffer {
  const json = body === undefined ? undefined : JSON.stringify(body);
  const lines = [
    `${method} ${path} HTTP/1.1`,
    'Host: 127.0.0.1',
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    ...(json === undefined ? [] : ['Content-Type: application/json', `Content-Length: ${Buffer.byteLength(json)}`]),
  ];
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n${json ?? ''}`);
}

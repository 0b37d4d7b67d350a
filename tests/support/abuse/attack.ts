import { RawSocket, formatRequest, type RawRequest, type RawResponse } from '../raw-socket.js';
import type { Json } from '../clients/test-client.js';
import type { Victim } from './victim-process.js';

/** How long an answer may take on a machine that has other things to do. */
const PATIENCE_MS = 15_000;

/** Everything one case does, and everything it was answered. */
export class Attack {
  readonly victim: Victim;
  /** What came back, whole. */
  readonly answers: RawResponse[] = [];
  /** Whatever else came: streams, rests. */
  readonly seen: string[] = [];
  readonly #sockets: RawSocket[] = [];

  constructor(victim: Victim) {
    this.victim = victim;
  }

  get host(): string {
    return new URL(this.victim.url).host;
  }

  async connect(): Promise<RawSocket> {
    const socket = await RawSocket.open(this.victim.url, { waitMs: PATIENCE_MS });
    this.#sockets.push(socket);
    return socket;
  }

  /** Sends bytes on a connection of their own and reads as many answers; `undefined` when it is hung up on instead. */
  async send(bytes: string | Uint8Array, answers = 1, method?: string): Promise<RawResponse | undefined> {
    const socket = await this.connect();
    // Who is hung up on while still talking hears of it by the answer that does not come.
    await socket.write(bytes).catch(() => undefined);
    let last: RawResponse | undefined;
    for (let n = 0; n < answers; n += 1) last = await this.answer(socket, method);
    socket.close();
    return last;
  }

  /** One request, one answer. */
  async ask(request: RawRequest): Promise<RawResponse> {
    const answer = await this.send(formatRequest(this.host, request), 1, request.method);
    if (answer === undefined) throw new Error(`${request.method ?? 'GET'} ${request.path ?? '/'} was hung up on`);
    return answer;
  }

  /** A JSON body to /mcp. */
  async post(body: unknown, headers: Readonly<Record<string, string>> = {}, path = '/mcp'): Promise<RawResponse> {
    return this.ask({ method: 'POST', path, headers: { ...JSON_HEADERS, ...headers }, body: toText(body) });
  }

  /** Reads one answer; `undefined` when the connection ends first. */
  async answer(socket: RawSocket, method?: string): Promise<RawResponse | undefined> {
    try {
      const answer = await socket.response(method);
      this.answers.push(answer);
      return answer;
    } catch (error) {
      if (error instanceof Error && error.message.includes('The connection is over')) return undefined;
      throw error;
    }
  }

  /** Opens an event stream and leaves it open. */
  async stream(request: RawRequest): Promise<RawSocket> {
    const socket = await this.connect();
    await socket.send({ ...request, headers: { Accept: 'text/event-stream', ...request.headers } });
    const head = await socket.head();
    if (head.status !== 200) throw new Error(`Expected a stream, got ${head.statusLine}`);
    return socket;
  }

  /** Opens a legacy session and gives its id. */
  async legacy(headers: Readonly<Record<string, string>> = {}): Promise<{ socket: RawSocket; id: string }> {
    const socket = await this.stream({ path: '/sse', headers });
    const text = (await socket.bytes(60)).toString('utf8');
    this.seen.push(text);
    const id = /session_id=([\w-]+)/.exec(text)?.[1];
    if (id === undefined) throw new Error(`Expected an endpoint event, got ${text}`);
    return { socket, id };
  }

  /** Opens a session of /mcp and gives its id. */
  async session(headers: Readonly<Record<string, string>> = {}): Promise<string> {
    const { headers: given } = await this.post(INITIALIZE, headers);
    const id = given.find(([name]) => name.toLowerCase() === 'mcp-session-id')?.[1];
    if (id === undefined) throw new Error('Expected a session id');
    return id;
  }

  close(): void {
    for (const socket of this.#sockets) socket.close();
  }
}

export const JSON_HEADERS = {
  'Content-Type': 'application/json',
  Accept: 'application/json, text/event-stream',
} as const;

export const INITIALIZE = {
  jsonrpc: '2.0',
  id: 'i',
  method: 'initialize',
  params: {
    protocolVersion: '2025-11-25',
    capabilities: { elicitation: {} },
    clientInfo: { name: 'attacker', version: '1' },
  },
} as const;

export function request(method: string, params?: Json, id: unknown = 1): Json {
  return { jsonrpc: '2.0', id, method, ...(params !== undefined && { params }) };
}

export function callTool(name: string, args: Json = {}, id: unknown = 1): Json {
  return request('tools/call', { name, arguments: args }, id);
}

function toText(body: unknown): string | Uint8Array {
  return typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body);
}

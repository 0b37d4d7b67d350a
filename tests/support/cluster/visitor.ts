// A client that goes to whichever instance a test sends it: one session, any door of any instance.
import { randomUUID } from 'node:crypto';
import { isMessage, SseReader } from '../sse-reader.js';
import type { Json } from '../clients/test-client.js';
import type { Instance } from './cluster.js';

type Headers = Record<string, string>;
type Where = Pick<Instance, 'url'>;

const JSON_AND_STREAM = 'application/json, text/event-stream';
const CLIENT = { name: 'visitor', version: '1' };
const CAPABILITIES = { elicitation: {}, sampling: {} };

export interface Reply {
  readonly status: number;
  readonly headers: globalThis.Headers;
  /** Parsed, where there was JSON. */
  readonly body: Json;
}

export async function post(url: string, message: unknown, headers: Headers = {}): Promise<Reply> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Accept: JSON_AND_STREAM, ...headers },
    body: JSON.stringify(message),
  });
  const text = await response.text();
  const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') === true;
  const body: Json = isStream ? lastMessage(text) : text.startsWith('{') ? JSON.parse(text) : text;
  return { status: response.status, headers: response.headers, body };
}

function lastMessage(stream: string): Json {
  const data = stream.split('\n').filter((line) => line.startsWith('data: {'));
  return data.length === 0 ? undefined : JSON.parse((data.at(-1) ?? '').slice('data: '.length));
}

export function call(name: string, args: object = {}, id: number | string = randomUUID(), meta?: object): Json {
  return { jsonrpc: '2.0', id, method: 'tools/call', params: { name, arguments: args, ...(meta && { _meta: meta }) } };
}

export function textOf(message: Json): string {
  return message?.result?.content?.[0]?.text ?? JSON.stringify(message);
}

/** A session of /mcp. */
export class McpVisitor {
  readonly #headers: Headers;

  private constructor(headers: Headers) {
    this.#headers = headers;
  }

  static async open(at: Where, { version = '2025-11-25' } = {}): Promise<McpVisitor> {
    const params = { protocolVersion: version, capabilities: CAPABILITIES, clientInfo: CLIENT };
    const reply = await post(`${at.url}/mcp`, { jsonrpc: '2.0', id: 0, method: 'initialize', params });
    const session = reply.headers.get('mcp-session-id');
    if (reply.status !== 200 || session === null)
      throw new Error(`initialize: ${reply.status} ${JSON.stringify(reply.body)}`);
    return new McpVisitor({ 'Mcp-Session-Id': session, 'MCP-Protocol-Version': version });
  }

  get session(): string {
    return this.#headers['Mcp-Session-Id'] ?? '';
  }

  post(at: Where, message: unknown): Promise<Reply> {
    return post(`${at.url}/mcp`, message, this.#headers);
  }

  /** A call whose answer is read as a stream, event by event. */
  stream(at: Where, message: unknown): Promise<SseReader> {
    return SseReader.open(`${at.url}/mcp`, {
      method: 'POST',
      headers: { ...this.#headers, 'Content-Type': 'application/json', Accept: 'text/event-stream' },
      body: JSON.stringify(message),
    });
  }

  get(at: Where, lastEventId?: string): Promise<SseReader> {
    const headers = lastEventId === undefined ? this.#headers : { ...this.#headers, 'Last-Event-ID': lastEventId };
    return SseReader.open(`${at.url}/mcp`, { headers });
  }

  async status(at: Where, method: 'GET' | 'DELETE'): Promise<number> {
    const headers = { ...this.#headers, Accept: 'text/event-stream' };
    const response = await fetch(`${at.url}/mcp`, { method, headers });
    await response.body?.cancel();
    return response.status;
  }
}

/** A session of the legacy pair: its stream on one instance, its messages to any. */
export class LegacyVisitor {
  readonly stream: SseReader;
  readonly #path: string;

  private constructor(stream: SseReader, path: string) {
    this.stream = stream;
    this.#path = path;
  }

  static async open(at: Where, lastEventId?: string): Promise<LegacyVisitor> {
    const headers: Headers = lastEventId === undefined ? {} : { 'Last-Event-ID': lastEventId };
    const stream = await SseReader.open(`${at.url}/sse`, { headers });
    const endpoint = await stream.next(({ event }) => event === 'endpoint');
    return new LegacyVisitor(stream, endpoint.data ?? '');
  }

  get session(): string {
    return this.#path.slice(this.#path.indexOf('=') + 1);
  }

  /** Where the client stands: what it would come back with. */
  get lastEventId(): string {
    return this.stream.events.findLast(({ id }) => id !== undefined)?.id ?? '';
  }

  post(at: Where, message: unknown): Promise<Reply> {
    return post(`${at.url}${this.#path}`, message);
  }

  async initialize(at: Where, version = '2025-06-18'): Promise<Json> {
    const params = { protocolVersion: version, capabilities: CAPABILITIES, clientInfo: CLIENT };
    await this.post(at, { jsonrpc: '2.0', id: 'init', method: 'initialize', params });
    return this.answer('init');
  }

  answer(id: number | string): Promise<Json> {
    return this.stream.nextMessage((message) => message.id === id && message.method === undefined);
  }

  close(): void {
    this.stream.close();
  }
}

/** A request of 2026-07-28: no session, everything in the request. */
export function modern(
  at: Where,
  method: string,
  params: Json = {},
  id: number | string = randomUUID(),
): Promise<Reply> {
  const { message, headers } = modernRequest(method, params, id);
  return post(`${at.url}/mcp`, message, headers);
}

export function modernStream(at: Where, method: string, params: Json, id: number | string = 1): Promise<SseReader> {
  const { message, headers } = modernRequest(method, params, id);
  return SseReader.open(`${at.url}/mcp`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers, Accept: 'text/event-stream' },
    body: JSON.stringify(message),
  });
}

function modernRequest(method: string, params: Json, id: number | string): { message: Json; headers: Headers } {
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientInfo': CLIENT,
    'io.modelcontextprotocol/clientCapabilities': {
      ...CAPABILITIES,
      extensions: { 'io.modelcontextprotocol/tasks': {} },
    },
  };
  const name = params.name ?? params.uri ?? params.taskId;
  return {
    message: { jsonrpc: '2.0', id, method, params: { ...params, _meta } },
    headers: {
      'MCP-Protocol-Version': '2026-07-28',
      'Mcp-Method': method,
      ...(name !== undefined && { 'Mcp-Name': name }),
    },
  };
}

export { isMessage };

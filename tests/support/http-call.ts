// One call on a connection of its own, byte by byte. What every answer owes (contract, opening words) is checked on every answer.
import { rawExchange, type ExchangeResponse } from './clients/exchange.js';
import type { Json, Revision } from './clients/test-client.js';
import { DEFAULT_WAIT_MS, within } from './clients/within.js';
import { checkMessage } from './schema-check.js';
import { isMessage, SseReader, type SseEvent } from './sse-reader.js';

/** Foreign JSON that is an object; a test may say what it knows to be there. */
export type JsonObject = Record<string, Json>;

export interface HttpCall {
  readonly method?: string;
  /** Added to those that a POST has by itself; `undefined` takes one away. */
  readonly headers?: Readonly<Record<string, string | undefined>>;
  /** Text goes as it is, anything else as JSON. */
  readonly body?: unknown;
  /** What the session agreed on, where no message says it. */
  readonly speaks?: Revision;
  /** False where somebody else's app answers too. */
  readonly isOurs?: boolean;
}

export interface HttpReply {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
  header(name: string): string | undefined;
  readonly text: string;
  /** The one JSON body. */
  readonly json: Json;
  /** What came as events, if it was a stream. */
  readonly events: readonly SseEvent[];
  /** All messages, however they came; each is as the schema says. */
  readonly messages: readonly JsonObject[];
}

const POST_HEADERS = { 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream' };

/** Makes a call and reads its answer to the end. */
export async function call(url: string, request: HttpCall = {}): Promise<HttpReply> {
  const response = await exchange(url, request);
  const isStream = (response.header('content-type') ?? '').startsWith('text/event-stream');
  return isStream ? readStream(response, request) : readBody(response, request);
}

/** Makes a call whose answer is a stream, and gives it while it runs. */
export async function openStream(url: string, request: HttpCall = {}): Promise<SseReader> {
  const reader = await SseReader.open(
    url,
    { method: request.method ?? (request.body === undefined ? 'GET' : 'POST') },
    () => exchange(url, { ...request, headers: { Accept: 'text/event-stream', ...request.headers } }),
  );
  return reader;
}

/** The messages of a stream so far; each is as the schema says. */
export function messagesOf(reader: SseReader, revision: Revision): JsonObject[] {
  const messages = parseAll(reader.events);
  for (const message of messages) checkMessage(message, { revision });
  return messages;
}

/** A request as it goes into a body. */
export function rpc(method: string, params?: object, id: string | number = 1): JsonObject {
  return { jsonrpc: '2.0', id, method, ...(params !== undefined && { params }) };
}

async function exchange(url: string, request: HttpCall): Promise<ExchangeResponse> {
  const { body, isOurs = true } = request;
  const method = request.method ?? (body === undefined ? 'GET' : 'POST');
  const merged = { ...(body !== undefined && POST_HEADERS), ...request.headers };
  const headers = Object.fromEntries(
    Object.entries<string | undefined>(merged).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const response = await within(
    DEFAULT_WAIT_MS,
    `an answer to ${method} ${url}`,
    rawExchange({ method, url: new URL(url), headers, ...(body !== undefined && { body: text }) }),
  );
  if (isOurs) checkHeaders(response);
  return response;
}

/** What the contract says of every answer. */
function checkHeaders({ status, header }: ExchangeResponse): void {
  const type = header('content-type');
  const wrong = [
    header('x-content-type-options') === 'nosniff' ? '' : 'no nosniff',
    header('x-powered-by') === undefined ? '' : 'X-Powered-By',
    type?.includes('html') === true ? 'HTML' : '',
    type?.startsWith('application/json') === true && header('cache-control') !== 'no-store'
      ? 'JSON that is stored'
      : '',
    status >= 300 && status < 400 ? 'a redirect' : '',
    status >= 400 && type !== undefined && !type.startsWith('application/json') ? `an error as ${type}` : '',
  ].filter((problem) => problem !== '');
  if (type?.startsWith('text/event-stream') === true) {
    if (type !== 'text/event-stream; charset=utf-8') wrong.push(`a stream as ${type}`);
    if (header('cache-control') !== 'no-cache, no-transform') wrong.push('a stream that is cached');
    if (header('x-accel-buffering') !== 'no') wrong.push('a stream that is buffered');
  }
  if (wrong.length > 0) throw new Error(`An answer (${status}) with: ${wrong.join(', ')}`);
}

async function readBody(response: ExchangeResponse, request: HttpCall): Promise<HttpReply> {
  const text = await within(DEFAULT_WAIT_MS, 'the body', response.text());
  const isJson = (response.header('content-type') ?? '').startsWith('application/json');
  const json: Json = isJson && text !== '' ? JSON.parse(text) : undefined;
  const messages = Array.isArray(json) ? json : json?.jsonrpc === undefined ? [] : [json];
  return toReply(response, { text, json, events: [], messages }, request);
}

async function readStream(response: ExchangeResponse, request: HttpCall): Promise<HttpReply> {
  const reader = new SseReader(response);
  try {
    await reader.waitForEnd();
  } finally {
    reader.close();
  }
  const messages = parseAll(reader.events);
  return toReply(response, { text: reader.raw, json: undefined, events: reader.events, messages }, request);
}

function toReply(
  { status, headers, header }: ExchangeResponse,
  content: Pick<HttpReply, 'text' | 'json' | 'events' | 'messages'>,
  request: HttpCall,
): HttpReply {
  const asked = new Map([request.body].flat().map((message) => [(message as Json)?.id, (message as Json)?.method]));
  for (const message of content.messages) {
    const revision = revisionOf(message, request);
    checkMessage(message, { revision, method: asked.get(message.id) });
  }
  return { status, headers, header, ...content };
}

function parseAll(events: readonly SseEvent[]): JsonObject[] {
  return events.filter(isMessage).map(({ data }) => JSON.parse(data) as JsonObject);
}

const REVISIONS: readonly Revision[] = ['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25', '2026-07-28'];

function revisionOf(message: Json, { speaks, body, headers = {} }: HttpCall): Revision {
  const said = [
    speaks,
    message.result?.protocolVersion,
    (body as Json)?.params?._meta?.['io.modelcontextprotocol/protocolVersion'],
    Object.entries(headers).find(([name]) => name.toLowerCase() === 'mcp-protocol-version')?.[1],
  ];
  return REVISIONS.find((revision) => said.includes(revision)) ?? '2025-03-26';
}

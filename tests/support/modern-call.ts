// Requests of 2026-07-28: everything they say of themselves, in the body and again in the headers.
import { CLIENT_INFO, type Json } from './clients/test-client.js';
import { call, openStream, type HttpReply, type JsonObject } from './http-call.js';
import type { SseReader } from './sse-reader.js';

export const MODERN = '2026-07-28';

export interface ModernOptions {
  readonly id?: string | number;
  readonly capabilities?: Json;
  readonly logLevel?: string;
  /** More for `_meta`. */
  readonly meta?: Json;
  /** In the place of those that the body asks for; `undefined` takes one away. */
  readonly headers?: Readonly<Record<string, string | undefined>>;
}

const KEY = 'io.modelcontextprotocol/';
const NAMED_BY = new Map([
  ['tools/call', 'name'],
  ['prompts/get', 'name'],
  ['resources/read', 'uri'],
]);

/** The body and the headers of a request. */
export function modern(
  method: string,
  params: Json = {},
  options: ModernOptions = {},
): { body: JsonObject; headers: Record<string, string | undefined> } {
  const { id = 1, capabilities = {}, logLevel, meta, headers } = options;
  const name = params[NAMED_BY.get(method) ?? ''];
  return {
    body: {
      jsonrpc: '2.0',
      id,
      method,
      params: {
        ...params,
        _meta: {
          ...meta,
          [`${KEY}protocolVersion`]: MODERN,
          [`${KEY}clientInfo`]: CLIENT_INFO,
          [`${KEY}clientCapabilities`]: capabilities,
          ...(logLevel !== undefined && { [`${KEY}logLevel`]: logLevel }),
        },
      },
    },
    headers: {
      'MCP-Protocol-Version': MODERN,
      'Mcp-Method': method,
      ...(typeof name === 'string' && { 'Mcp-Name': name }),
      ...headers,
    },
  };
}

/** Asks, and reads the whole answer. `url` is the server's, without a path. */
export function callModern(url: string, method: string, params?: Json, options?: ModernOptions): Promise<HttpReply> {
  return call(`${url}/mcp`, modern(method, params, options));
}

/** Asks for a stream, and gives it while it runs. */
export function streamModern(
  url: string,
  method: string,
  params?: Json,
  options: ModernOptions = {},
): Promise<SseReader> {
  return openStream(`${url}/mcp`, modern(method, params, options));
}

/** Calls again with the answers until there is a result, as a client does; gives every round's result, the last one last. */
export async function callRounds(
  url: string,
  method: string,
  params: Json,
  answer: (method: string, params: Json, key: string) => unknown,
  options: ModernOptions = {},
): Promise<Json[]> {
  const rounds: Json[] = [];
  let more: Json = {};
  for (let round = 1; round <= 10; round += 1) {
    const { messages } = await callModern(url, method, { ...params, ...more }, { ...options, id: round });
    const { result, error } = messages.at(-1)!;
    if (error !== undefined) throw Object.assign(new Error(error.message), { code: error.code });
    rounds.push(result);
    if (result.resultType !== 'input_required') return rounds;
    const asked = Object.entries<Json>(result.inputRequests ?? {});
    const inputResponses = Object.fromEntries(
      asked.map(([key, { method, params }]) => [key, answer(method, params, key)]),
    );
    more = { inputResponses, requestState: result.requestState };
  }
  throw new Error('The server asks without end');
}

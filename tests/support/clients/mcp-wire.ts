import { SseReader, isMessage } from '../sse-reader.js';
import { fetchExchange, type ExchangeResponse } from './exchange.js';
import { toHttpFailure } from './http-failure.js';
import type { WireOptions } from './legacy-wire.js';
import type { Message, RpcPeer, Wire } from './rpc-peer.js';
import type { Json } from './test-client.js';
import { DEFAULT_WAIT_MS, within } from './within.js';

/** Streamable HTTP, strictly: what a request is owed must come in the response of its own POST. */
export function openMcpWire(url: URL, peer: RpcPeer, options: WireOptions = {}): Wire {
  const { exchange = fetchExchange } = options;
  const reading = new Set<Promise<void>>();
  const open = new Set<() => void>();
  let headers: Record<string, string> = { ...options.headers };
  let isClosed = false;

  async function send(message: Message): Promise<void> {
    const response = await exchange({
      method: 'POST',
      url,
      headers: { 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream', ...headers },
      body: JSON.stringify(message),
    });
    const session = response.header('mcp-session-id');
    if (message.method === 'initialize' && session !== undefined) headers['Mcp-Session-Id'] = session;
    const isRequest = message.method !== undefined && message.id !== undefined;
    const type = response.header('content-type') ?? '';
    if (isRequest && response.status === 200 && type.startsWith('text/event-stream')) {
      return track(readStream(response, message));
    }
    const text = await response.text();
    if (isRequest ? response.status !== 200 : response.status !== 202) throw toHttpFailure(response.status, text);
    if (isRequest) receiveFor(message, JSON.parse(text));
    else if (text !== '') throw new Error(`A 202 has no body, but got ${text}`);
  }

  async function readStream(response: ExchangeResponse, request?: Message): Promise<void> {
    const reader = new SseReader(response);
    open.add(response.close);
    try {
      let isAnswered = false;
      for await (const event of reader) {
        if (isMessage(event)) isAnswered = receiveFor(request, JSON.parse(event.data)) || isAnswered;
      }
      if (request && !isAnswered) throw new Error(`The POST ended without an answer to ${JSON.stringify(request)}`);
    } finally {
      open.delete(response.close);
      reader.close();
    }
  }

  /** Whether this was the answer. An answer to another request has no business here. */
  function receiveFor(request: Message | undefined, message: Json): boolean {
    const isAnswer = message?.method === undefined;
    if (isAnswer && message?.id !== request?.id) throw new Error(`A foreign answer: ${JSON.stringify(message)}`);
    peer.receive(message);
    return isAnswer;
  }

  async function openStandaloneStream(): Promise<void> {
    const opening = exchange({ method: 'GET', url, headers: { Accept: 'text/event-stream', ...headers } });
    const response = await within(DEFAULT_WAIT_MS, `the headers of GET ${url.href}`, opening);
    if (response.status === 200) {
      // Not awaited: it ends with the session. What goes wrong in it is told to the peer.
      track(readStream(response)).catch((cause: unknown) => {
        if (!isClosed) peer.errors.push(new Error('The GET stream broke', { cause }));
      });
      return;
    }
    const text = await response.text();
    if (response.status !== 405) throw new Error(`GET ${url.href} was answered ${response.status}: ${text}`);
  }

  function track(promise: Promise<void>): Promise<void> {
    const settled = promise.catch(() => {}).finally(() => reading.delete(settled));
    reading.add(settled);
    return promise;
  }

  return {
    send,
    async ready(protocolVersion) {
      headers = { ...headers, 'MCP-Protocol-Version': protocolVersion };
      if (headers['Mcp-Session-Id'] !== undefined) await openStandaloneStream();
    },
    async close() {
      isClosed = true;
      for (const hangUp of open) hangUp();
      await within(DEFAULT_WAIT_MS, 'the streams to end', Promise.all(reading));
      if (headers['Mcp-Session-Id'] === undefined) return;
      const leaving = exchange({ method: 'DELETE', url, headers });
      const response = await within(DEFAULT_WAIT_MS, `the answer to DELETE ${url.href}`, leaving);
      delete headers['Mcp-Session-Id'];
      const text = await response.text();
      if (![200, 204, 404, 405].includes(response.status)) throw toHttpFailure(response.status, text);
    },
  };
}

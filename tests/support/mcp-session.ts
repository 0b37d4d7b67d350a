// A session on /mcp as a client sees it, nothing hidden: its headers, and calls made with them.
import type { Json, Revision } from './clients/test-client.js';
import { CLIENT_INFO } from './clients/test-client.js';
import { call, openStream, rpc, type HttpCall, type HttpReply } from './http-call.js';
import type { SseReader } from './sse-reader.js';

export interface McpSession {
  readonly id: string;
  /** What `initialize` was answered. */
  readonly opened: HttpReply;
  readonly headers: Readonly<Record<string, string>>;
  /** Posts a message, reads the whole answer. */
  post(body: unknown, request?: HttpCall): Promise<HttpReply>;
  /** Posts a request whose answer is a stream. */
  stream(body: unknown, request?: HttpCall): Promise<SseReader>;
  /** Opens the session's own stream, or the rest of another. */
  get(lastEventId?: string): Promise<SseReader>;
  delete(): Promise<HttpReply>;
}

export interface SessionOptions {
  readonly revision?: Revision;
  readonly capabilities?: Json;
}

/** Shakes hands. `url` is the server's, without a path, or the endpoint's own. */
export async function openSession(
  url: string,
  { revision = '2025-11-25', capabilities = {} }: SessionOptions = {},
): Promise<McpSession> {
  const at = new URL(url);
  if (at.pathname === '/') at.pathname = '/mcp';
  const params = { protocolVersion: revision, capabilities, clientInfo: CLIENT_INFO };
  const opened = await call(at.href, { body: rpc('initialize', params, 'initialize'), speaks: revision });
  const id = opened.header('mcp-session-id');
  if (id === undefined) throw new Error(`There is no session: ${opened.status} ${opened.text}`);
  const headers = { 'Mcp-Session-Id': id };
  const withSession = (request: HttpCall): HttpCall => ({
    speaks: revision,
    ...request,
    headers: { ...headers, ...request.headers },
  });
  return {
    id,
    opened,
    headers,
    post: (body, request = {}) => call(at.href, withSession({ ...request, body })),
    stream: (body, request = {}) => openStream(at.href, withSession({ ...request, body })),
    get: (lastEventId) => openStream(at.href, withSession({ headers: { 'Last-Event-ID': lastEventId } })),
    delete: () => call(at.href, withSession({ method: 'DELETE' })),
  };
}

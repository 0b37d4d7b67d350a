// The legacy pair as a client sees it, nothing hidden: the stream, the id in the endpoint event, and a way to post.
import type { Json } from './clients/test-client.js';
import { call, openStream, type HttpCall, type HttpReply } from './http-call.js';
import type { SseReader } from './sse-reader.js';

export interface LegacyPair {
  readonly reader: SseReader;
  /** The session's, as the endpoint event says it. */
  readonly id: string;
  /** What the endpoint event said, and the id of that event. */
  readonly endpoint: string;
  readonly firstEventId: string;
  /** Posts to the endpoint. */
  post(body: unknown, request?: HttpCall): Promise<HttpReply>;
  /** Posts what must be accepted. */
  send(message: Json): Promise<void>;
  /** Hangs up. */
  close(): void;
}

/** Opens the stream and reads its first event. `url` is the server's, without a path, or the endpoint's own. */
export async function openLegacy(url: string, request: HttpCall = {}): Promise<LegacyPair> {
  const at = new URL(url);
  if (at.pathname === '/') at.pathname = '/sse';
  const reader = await openStream(at.href, request);
  const { event, data = '', id = '' } = await reader.next(undefined, { what: 'the endpoint event' });
  const endpoint = new URL(data, at);
  const session = endpoint.searchParams.get('session_id');
  if (event !== 'endpoint' || session === null) throw new Error(`Expected the endpoint event, got ${event}: ${data}`);

  async function post(body: unknown, more: HttpCall = {}): Promise<HttpReply> {
    return call(endpoint.href, { body, ...more, headers: { ...request.headers, Accept: undefined, ...more.headers } });
  }

  return {
    reader,
    id: session,
    endpoint: data,
    firstEventId: id,
    post,
    async send(message) {
      const { status, text } = await post(message);
      if (status !== 202) throw new Error(`The POST was answered ${status}: ${text}`);
    },
    close: () => reader.close(),
  };
}

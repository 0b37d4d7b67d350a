import { SseReader, isMessage } from '../sse-reader.js';
import { fetchExchange, type Exchange } from './exchange.js';
import { toHttpFailure } from './http-failure.js';
import type { Message, RpcPeer, Wire } from './rpc-peer.js';
import { DEFAULT_WAIT_MS, within } from './within.js';

export interface WireOptions {
  readonly exchange?: Exchange;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The 2024-11-05 pair, strictly: `endpoint` first and once, then only messages, all of them on the stream. */
export async function openLegacyWire(url: URL, peer: RpcPeer, options: WireOptions = {}): Promise<Wire> {
  const { exchange = fetchExchange, headers = {} } = options;
  const reader = await SseReader.open(url, { headers }, exchange);
  const first = await reader.next(undefined, { what: 'the endpoint event' });
  if (first.event !== 'endpoint' || !first.data) {
    reader.close();
    throw new Error(`Expected the endpoint event first, got ${JSON.stringify(first)}`);
  }
  const endpoint = new URL(first.data, url);
  if (endpoint.origin !== url.origin) {
    reader.close();
    throw new Error(`The endpoint ${endpoint.href} is of another origin than ${url.href}`);
  }
  let isClosed = false;
  const read = readMessages();

  async function readMessages(): Promise<void> {
    try {
      for await (const event of reader) {
        if (isMessage(event)) peer.receive(JSON.parse(event.data));
        else if (event.comment === undefined) throw new Error(`Unexpected event ${JSON.stringify(event)}`);
      }
      peer.end(new Error('The event stream has ended'));
    } catch (cause) {
      const broken = new Error('The event stream broke', { cause });
      if (!isClosed) peer.errors.push(broken);
      peer.end(broken);
      reader.close();
    }
  }

  return {
    async send(message: Message) {
      const posting = exchange({
        method: 'POST',
        url: endpoint,
        headers: { 'Content-Type': 'application/json', ...headers },
        body: JSON.stringify(message),
      });
      const response = await within(DEFAULT_WAIT_MS, `the POST to ${endpoint.href} to be accepted`, posting);
      const text = await response.text();
      if (response.status !== 202) throw toHttpFailure(response.status, text);
    },
    ready: () => Promise.resolve(),
    async close() {
      isClosed = true;
      reader.close();
      await within(DEFAULT_WAIT_MS, 'the event stream to end', read);
    },
  };
}

// The client people write themselves: an EventSource, and a fetch to the endpoint it names. It reconnects when the stream drops.
import { EventSource } from 'eventsource';
import { toHttpFailure } from './http-failure.js';
import { connectPeerClient } from './peer-client.js';
import type { RpcPeer, Wire } from './rpc-peer.js';
import { toEndpoint, type ClientDriver, type Feature } from './test-client.js';
import { DEFAULT_WAIT_MS, within } from './within.js';

const SUPPORTS: readonly Feature[] = [
  'progress',
  'cancel',
  'notifications',
  'logging',
  'headers',
  'sampling',
  'elicitation',
  'roots',
  'version',
];

export const eventSourceClient: ClientDriver = {
  name: 'hand-written on eventsource',
  door: 'legacy',
  speaks: '2025-11-25',
  supports: new Set(SUPPORTS),
  connect(url, options) {
    const open = (peer: RpcPeer) => openEventSourceWire(toEndpoint(url, 'legacy'), peer, options?.headers);
    return connectPeerClient(this.name, this.door, open, options);
  },
};

async function openEventSourceWire(
  url: URL,
  peer: RpcPeer,
  headers: Readonly<Record<string, string>> = {},
): Promise<Wire> {
  const source = new EventSource(url, {
    fetch: (target, init) => fetch(target, { ...init, headers: { ...init.headers, ...headers } }),
  });
  let endpoint: URL | undefined;
  const named = new Promise<void>((resolve, reject) => {
    source.addEventListener('endpoint', ({ data }) => {
      endpoint = new URL(String(data), url);
      resolve();
    });
    source.addEventListener('error', ({ code, message }) => {
      const error = new Error(`The EventSource failed: ${code ?? ''} ${message ?? ''}`);
      // After the first connection it tries again by itself.
      if (endpoint) peer.errors.push(error);
      else reject(error);
    });
  });
  source.addEventListener('message', ({ data }) => peer.receive(JSON.parse(String(data))));
  try {
    await within(DEFAULT_WAIT_MS, 'the endpoint event', named);
  } catch (cause) {
    source.close();
    throw cause;
  }

  return {
    async send(message) {
      const response = await fetch(endpoint!, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', ...headers },
        body: JSON.stringify(message),
      });
      const text = await response.text();
      if (!response.ok) throw toHttpFailure(response.status, text);
    },
    ready: () => Promise.resolve(),
    close: () => Promise.resolve(source.close()),
  };
}

// Our own clients on bare sockets. They forgive nothing: framing of HTTP and SSE, statuses, which response an answer comes on.
import { rawExchange } from './exchange.js';
import { openLegacyWire } from './legacy-wire.js';
import { openMcpWire } from './mcp-wire.js';
import { connectPeerClient } from './peer-client.js';
import { toEndpoint, type ClientDriver, type ConnectOptions, type Feature } from './test-client.js';

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

export const rawLegacyClient: ClientDriver = {
  name: 'raw socket, legacy pair',
  door: 'legacy',
  speaks: '2025-11-25',
  supports: new Set(SUPPORTS),
  connect(url, options) {
    const endpoint = toEndpoint(url, 'legacy');
    const open = openLegacyWire.bind(undefined, endpoint);
    return connectPeerClient(this.name, this.door, (peer) => open(peer, toWireOptions(options)), options);
  },
};

export const rawMcpClient: ClientDriver = {
  name: 'raw socket, streamable http',
  door: 'mcp',
  speaks: '2025-11-25',
  supports: new Set(SUPPORTS),
  connect(url, options) {
    const endpoint = toEndpoint(url, 'mcp');
    return connectPeerClient(
      this.name,
      this.door,
      (peer) => openMcpWire(endpoint, peer, toWireOptions(options)),
      options,
    );
  },
};

function toWireOptions({ headers = {} }: ConnectOptions = {}) {
  return { exchange: rawExchange, headers };
}

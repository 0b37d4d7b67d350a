import { Client } from 'sdk-1/client/index.js';
import { SSEClientTransport } from 'sdk-1/client/sse.js';
import { StreamableHTTPClientTransport } from 'sdk-1/client/streamableHttp.js';
import { CreateMessageRequestSchema, ElicitRequestSchema, ListRootsRequestSchema } from 'sdk-1/types.js';
import { connectSdk1Client, type Sdk1Transport } from './sdk-1-family.js';
import {
  CLIENT_INFO,
  toCapabilities,
  toEndpoint,
  type ClientDriver,
  type ConnectOptions,
  type Door,
  type Feature,
} from './test-client.js';

const SUPPORTS = new Set<Feature>([
  'progress',
  'cancel',
  'notifications',
  'logging',
  'headers',
  'sampling',
  'elicitation',
  'roots',
  'version',
]);

/** 1.32.2: what most hosts are built on. Negotiates up to 2025-11-25 over either door. */
export const sdk1Sse: ClientDriver = {
  name: 'sdk 1.32 over sse',
  door: 'legacy',
  speaks: '2025-11-25',
  supports: SUPPORTS,
  connect(url, options) {
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- what is deprecated is what we serve
    const transport = new SSEClientTransport(toEndpoint(url, 'legacy'), toTransportOptions(options));
    return connect(this.name, this.door, transport, options);
  },
};

export const sdk1Http: ClientDriver = {
  name: 'sdk 1.32 over http',
  door: 'mcp',
  speaks: '2025-11-25',
  supports: SUPPORTS,
  connect(url, options) {
    const transport = new StreamableHTTPClientTransport(toEndpoint(url, 'mcp'), toTransportOptions(options));
    letGoOfTimers(transport);
    return connect(this.name, this.door, transport, options);
  },
};

function connect(name: string, door: Door, transport: Sdk1Transport, options: ConnectOptions = {}) {
  const client = new Client(CLIENT_INFO, { capabilities: toCapabilities(options.answers ?? {}) });
  const schemas = {
    sampling: CreateMessageRequestSchema,
    elicitation: ElicitRequestSchema,
    roots: ListRootsRequestSchema,
  };
  return connectSdk1Client({ name, door, client, transport, schemas }, options);
}

function toTransportOptions({ headers = {} }: ConnectOptions = {}) {
  return { requestInit: { headers } };
}

// It remembers one reconnection timer only and clears no other when it closes; those would keep the test process alive.
function letGoOfTimers(transport: StreamableHTTPClientTransport): void {
  let timer: NodeJS.Timeout | undefined;
  Object.defineProperty(transport, '_reconnectionTimeout', {
    get: () => timer,
    set: (next: NodeJS.Timeout | undefined) => {
      timer = next?.unref();
    },
  });
}

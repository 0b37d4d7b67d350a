import { Client } from 'sdk-1-10/client/index.js';
import { SSEClientTransport } from 'sdk-1-10/client/sse.js';
import { StreamableHTTPClientTransport } from 'sdk-1-10/client/streamableHttp.js';
import { CreateMessageRequestSchema, ListRootsRequestSchema } from 'sdk-1-10/types.js';
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

const SUPPORTS = new Set<Feature>(['progress', 'cancel', 'notifications', 'logging', 'headers', 'sampling', 'roots']);

/** 1.10.0: the first SDK with Streamable HTTP; it still asks for 2024-11-05, over http too. */
export const sdk110Sse: ClientDriver = {
  name: 'sdk 1.10 over sse',
  door: 'legacy',
  speaks: '2024-11-05',
  supports: SUPPORTS,
  connect(url, options) {
    const transport = new SSEClientTransport(toEndpoint(url, 'legacy'), toTransportOptions(options));
    return connect(this.name, this.door, transport, options);
  },
};

export const sdk110Http: ClientDriver = {
  name: 'sdk 1.10 over http',
  door: 'mcp',
  speaks: '2024-11-05',
  supports: SUPPORTS,
  connect(url, options) {
    const transport = new StreamableHTTPClientTransport(toEndpoint(url, 'mcp'), toTransportOptions(options));
    return connect(this.name, this.door, transport, options);
  },
};

function connect(name: string, door: Door, transport: Sdk1Transport, options: ConnectOptions = {}) {
  const client = new Client(CLIENT_INFO, { capabilities: toCapabilities(options.answers ?? {}) });
  const schemas = { sampling: CreateMessageRequestSchema, roots: ListRootsRequestSchema };
  return connectSdk1Client({ name, door, client, transport, schemas }, options);
}

function toTransportOptions({ headers = {} }: ConnectOptions = {}) {
  return { requestInit: { headers } };
}

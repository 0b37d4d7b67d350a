import { EventSource } from 'eventsource';
import { Client } from 'sdk-1-0/client/index.js';
import { SSEClientTransport } from 'sdk-1-0/client/sse.js';
import { CreateMessageRequestSchema, ListRootsRequestSchema } from 'sdk-1-0/types.js';
import { connectSdk1Client } from './sdk-1-family.js';
import { CLIENT_INFO, toCapabilities, toEndpoint, type ClientDriver } from './test-client.js';

/** The first SDK, 1.0.0: knows 2024-11-05 and SSE only. It cancels with the method `cancelled`, which no revision ever had. */
export const sdk10Sse: ClientDriver = {
  name: 'sdk 1.0 over sse',
  door: 'legacy',
  speaks: '2024-11-05',
  supports: new Set(['progress', 'notifications', 'logging', 'sampling', 'roots']),
  connect(url, options) {
    // It takes the EventSource of the browser, which Node 20 does not have.
    (globalThis as { EventSource?: unknown }).EventSource ??= EventSource;
    const client = new Client(CLIENT_INFO, { capabilities: toCapabilities(options?.answers ?? {}) });
    const transport = new SSEClientTransport(toEndpoint(url, 'legacy'));
    const schemas = { sampling: CreateMessageRequestSchema, roots: ListRootsRequestSchema };
    return connectSdk1Client({ name: this.name, door: this.door, client, transport, schemas }, options);
  },
};

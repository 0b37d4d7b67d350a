import { aiSdkHttp, aiSdkSse } from './ai-sdk-client.js';
import { client2Auto, client2Http, client2Modern, client2Sse } from './client-2.js';
import { eventSourceClient } from './eventsource-client.js';
import { rawLegacyClient, rawMcpClient } from './raw-client.js';
import { sdk10Sse } from './sdk-1-0-client.js';
import { sdk110Http, sdk110Sse } from './sdk-1-10-client.js';
import { sdk1Http, sdk1Sse } from './sdk-1-client.js';
import type { ClientDriver } from './test-client.js';

/** Every client we have, oldest first; the ones made for the legacy pair before the ones for /mcp. */
export const allClients: readonly ClientDriver[] = [
  sdk10Sse,
  sdk110Sse,
  sdk1Sse,
  client2Sse,
  aiSdkSse,
  eventSourceClient,
  rawLegacyClient,
  sdk110Http,
  sdk1Http,
  client2Http,
  client2Auto,
  client2Modern,
  aiSdkHttp,
  rawMcpClient,
];

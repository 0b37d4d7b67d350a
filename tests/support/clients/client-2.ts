// @modelcontextprotocol/client 2.4. The era is chosen by `versionNegotiation.mode`: 'legacy' (the default) shakes hands as 1.x does,
// 'auto' asks server/discover first and falls back, { pin } speaks that revision or fails.
import {
  Client,
  LOG_LEVEL_META_KEY,
  SSEClientTransport,
  StreamableHTTPClientTransport,
  type Transport,
  type VersionNegotiationMode,
} from '@modelcontextprotocol/client';
import { Inbox } from './inbox.js';
import { toSdkOptions } from './sdk-1-family.js';
import {
  CLIENT_INFO,
  toCapabilities,
  toEndpoint,
  type ClientDriver,
  type ConnectOptions,
  type Door,
  type Feature,
  type Json,
  type LogLevel,
  type Notification,
  type TestClient,
} from './test-client.js';
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

export const client2Sse: ClientDriver = {
  name: 'client 2.4 over sse',
  door: 'legacy',
  speaks: '2025-11-25',
  supports: new Set(SUPPORTS),
  connect(url, options) {
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- what is deprecated is what we serve
    const transport = new SSEClientTransport(toEndpoint(url, 'legacy'), toTransportOptions(options));
    return connect(this.name, this.door, transport, 'legacy', options);
  },
};

export const client2Http: ClientDriver = {
  ...overHttp('client 2.4 over http, handshake', 'legacy'),
  speaks: '2025-11-25',
  supports: new Set(SUPPORTS),
};

export const client2Modern: ClientDriver = {
  ...overHttp('client 2.4 over http, 2026-07-28', { pin: '2026-07-28' }),
  speaks: '2026-07-28',
  supports: new Set<Feature>([...SUPPORTS, 'listen']),
};

export const client2Auto: ClientDriver = {
  ...overHttp('client 2.4 over http, auto', 'auto'),
  speaks: '2026-07-28',
  supports: new Set<Feature>([...SUPPORTS, 'listen']),
};

function overHttp(name: string, mode: VersionNegotiationMode): Omit<ClientDriver, 'supports' | 'speaks'> {
  return {
    name,
    door: 'mcp',
    connect(url, options) {
      const transport = new StreamableHTTPClientTransport(toEndpoint(url, 'mcp'), {
        ...toTransportOptions(options),
        reconnectionScheduler,
      });
      return connect(name, 'mcp', transport, mode, options);
    },
  };
}

async function connect(
  name: string,
  door: Door,
  transport: Transport,
  mode: VersionNegotiationMode,
  { answers = {} }: ConnectOptions = {},
): Promise<TestClient> {
  const { sampling, elicitation, roots } = answers;
  const capabilities = toCapabilities(answers);
  const client = new Client(CLIENT_INFO, { capabilities, versionNegotiation: { mode } });
  if (sampling) client.setRequestHandler('sampling/createMessage', async ({ params }) => sampling(params) as never);
  if (elicitation) client.setRequestHandler('elicitation/create', async ({ params }) => elicitation(params) as never);
  if (roots) client.setRequestHandler('roots/list', async ({ params }) => roots(params) as never);

  const notifications = new Inbox<Notification>('a notification');
  const errors: Error[] = [];
  let isClosed = false;
  client.fallbackNotificationHandler = async (notification) => notifications.push(notification);
  client.onerror = (error) => {
    if (!isClosed) errors.push(error);
  };
  try {
    await within(DEFAULT_WAIT_MS, `${name} to connect`, client.connect(transport));
  } catch (cause) {
    isClosed = true;
    await client.close();
    throw cause;
  }

  const isModern = client.getProtocolEra() === 'modern';
  let meta: Json;
  async function setLogLevel(level: LogLevel): Promise<void> {
    // 2026-07-28 has no logging/setLevel: each request says what it wants to hear.
    if (isModern) meta = { _meta: { [LOG_LEVEL_META_KEY]: level } };
    else await client.request({ method: 'logging/setLevel', params: { level } });
  }

  return {
    name,
    door,
    server: {
      ...client.getServerVersion(),
      protocolVersion: client.getNegotiatedProtocolVersion(),
      capabilities: client.getServerCapabilities(),
    },
    notifications,
    errors,
    listTools: async () => (await client.listTools(undefined, toSdkOptions())).tools,
    callTool: (tool, args, options) =>
      client.callTool({ name: tool, ...(args && { arguments: args }), ...meta }, toSdkOptions(options)),
    listResources: async () => (await client.listResources(undefined, toSdkOptions())).resources,
    readResource: (uri) => client.readResource({ uri, ...meta }, toSdkOptions()),
    listPrompts: async () => (await client.listPrompts(undefined, toSdkOptions())).prompts,
    getPrompt: (prompt, args) =>
      client.getPrompt({ name: prompt, ...(args && { arguments: args }), ...meta }, toSdkOptions()),
    setLogLevel,
    ...(isModern && { listen: (filter: Json) => client.listen(filter) }),
    async close() {
      isClosed = true;
      if (transport instanceof StreamableHTTPClientTransport) {
        await within(DEFAULT_WAIT_MS, `${name} to end its session`, transport.terminateSession());
      }
      await client.close();
    },
  };
}

function toTransportOptions({ headers = {} }: ConnectOptions = {}) {
  return { requestInit: { headers } };
}

// By itself it remembers only its last reconnection timer; the others would keep the test process alive after it is closed.
function reconnectionScheduler(reconnect: () => void, delayMs: number): () => void {
  const timer = setTimeout(reconnect, delayMs).unref();
  return () => clearTimeout(timer);
}

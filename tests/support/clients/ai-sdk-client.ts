import { createMCPClient, ElicitationRequestSchema, type ElicitResult } from '@ai-sdk/mcp';
import { Inbox } from './inbox.js';
import {
  CLIENT_INFO,
  toCapabilities,
  toEndpoint,
  type CallOptions,
  type ClientDriver,
  type ConnectOptions,
  type Door,
  type Notification,
  type TestClient,
  type ToolResult,
} from './test-client.js';
import { DEFAULT_WAIT_MS, within } from './within.js';

/**
 * Vercel's own client, no relative of the SDK: no progress, no cancellation, and a notification is an error to it.
 * It says MCP-Protocol-Version on everything, GET /sse and initialize included, and over http it tries a GET before it initializes.
 */
export const aiSdkSse: ClientDriver = overTransport('@ai-sdk/mcp over sse', 'legacy', 'sse');
export const aiSdkHttp: ClientDriver = overTransport('@ai-sdk/mcp over http', 'mcp', 'http');

function overTransport(name: string, door: Door, type: 'sse' | 'http'): ClientDriver {
  return {
    name,
    door,
    speaks: '2025-11-25',
    supports: new Set(['headers', 'elicitation']),
    connect: (url, options) => connect(name, door, { type, url: toEndpoint(url, door).href }, options),
  };
}

async function connect(
  name: string,
  door: Door,
  transport: { type: 'sse' | 'http'; url: string },
  { answers = {}, headers = {} }: ConnectOptions = {},
): Promise<TestClient> {
  const { elicitation, ...others } = answers;
  if (Object.keys(others).length > 0) throw new Error(`${name} cannot answer ${Object.keys(others).join(', ')}`);
  const errors: Error[] = [];
  let isClosed = false;
  const client = await createMCPClient({
    transport: { ...transport, headers: { ...headers } },
    clientName: CLIENT_INFO.name,
    version: CLIENT_INFO.version,
    capabilities: toCapabilities(answers),
    initializationOptions: { timeout: DEFAULT_WAIT_MS },
    onUncaughtError: (cause) => {
      if (!isClosed && !isOfPriming(cause)) errors.push(cause instanceof Error ? cause : new Error(String(cause)));
    },
  });
  if (elicitation)
    client.onElicitationRequest(ElicitationRequestSchema, ({ params }) => elicitation(params) as ElicitResult);

  async function callTool(
    tool: string,
    args: Record<string, unknown> = {},
    { onProgress, signal, timeoutMs = DEFAULT_WAIT_MS }: CallOptions = {},
  ): Promise<ToolResult> {
    if (onProgress) throw new Error(`${name} has no progress`);
    // Its callTool is private: tools are called as the agent does, through what was made of their definitions.
    const tools = client.toolsFromDefinitions({ tools: [{ name: tool, inputSchema: { type: 'object' } }] });
    const context = { messages: [], toolCallId: tool, ...(signal && { abortSignal: signal }) };
    const called = Promise.resolve(tools[tool]!.execute(args, context)) as Promise<ToolResult>;
    return within(timeoutMs, `the answer to ${tool}`, called);
  }

  const options = { timeout: DEFAULT_WAIT_MS };
  return {
    name,
    door,
    server: { name: client.serverInfo.name, version: client.serverInfo.version },
    notifications: new Inbox<Notification>(`a notification, which ${name} never shows`),
    errors,
    listTools: async () => (await client.listTools({ options })).tools,
    callTool,
    listResources: async () => (await client.listResources({ options })).resources,
    readResource: (uri) => client.readResource({ uri, options }),
    listPrompts: async () => (await client.experimental_listPrompts({ options })).prompts,
    getPrompt: (prompt, args = {}) => client.experimental_getPrompt({ name: prompt, arguments: args, options }),
    async close() {
      isClosed = true;
      await within(DEFAULT_WAIT_MS, `${name} to close`, client.close());
    },
  };
}

// It takes the empty data of a priming event (2025-11-25) for a broken message and says so; nothing else comes of it.
function isOfPriming(cause: unknown): boolean {
  return cause instanceof Error && (cause.cause as { text?: unknown } | undefined)?.text === '';
}

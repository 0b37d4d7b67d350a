import { Inbox } from './inbox.js';
import type {
  Answers,
  CallOptions,
  ConnectOptions,
  Door,
  Json,
  Listed,
  LogLevel,
  Notification,
  TestClient,
} from './test-client.js';
import { DEFAULT_WAIT_MS, within } from './within.js';

interface SdkRequestOptions {
  timeout: number;
  signal?: AbortSignal;
  onprogress?: (progress: Json) => void;
}

/** The part of the 1.x SDK's Client that all its versions have alike. */
export interface Sdk1Client {
  fallbackNotificationHandler?: (notification: Json) => Promise<void>;
  onerror?: (error: Error) => void;
  connect(transport: Json): Promise<void>;
  close(): Promise<void>;
  getServerVersion(): { name: string; version: string } | undefined;
  getServerCapabilities(): Json;
  setRequestHandler(schema: Json, handler: Json): void;
  listTools(params: undefined, options: SdkRequestOptions): Promise<Json>;
  callTool(params: Json, schema: undefined, options: SdkRequestOptions): Promise<Json>;
  listResources(params: undefined, options: SdkRequestOptions): Promise<Json>;
  readResource(params: { uri: string }, options: SdkRequestOptions): Promise<Json>;
  listPrompts(params: undefined, options: SdkRequestOptions): Promise<Json>;
  getPrompt(params: Json, options: SdkRequestOptions): Promise<Json>;
  setLoggingLevel(level: LogLevel, options: SdkRequestOptions): Promise<Json>;
}

export interface Sdk1Transport {
  close(): Promise<void>;
  setProtocolVersion?(version: string): void;
  terminateSession?(): Promise<void>;
}

export interface Sdk1Parts {
  readonly name: string;
  readonly door: Door;
  readonly client: Sdk1Client;
  readonly transport: Sdk1Transport;
  /** The request schemas of the same SDK version, for the questions it knows. */
  readonly schemas: Partial<Record<keyof Answers, Json>>;
}

/** Connects a client of the 1.x SDK and puts it behind our interface. */
export async function connectSdk1Client(parts: Sdk1Parts, { answers = {} }: ConnectOptions = {}): Promise<TestClient> {
  const { name, door, client, transport, schemas } = parts;
  const notifications = new Inbox<Notification>('a notification');
  const errors: Error[] = [];
  let isClosed = false;
  client.fallbackNotificationHandler = async (notification) => notifications.push(notification);
  client.onerror = (error) => {
    if (!isClosed) errors.push(error);
  };
  for (const question of ['sampling', 'elicitation', 'roots'] as const) {
    const answer = answers[question];
    if (!answer) continue;
    if (!schemas[question]) throw new Error(`${name} cannot answer ${question}`);
    client.setRequestHandler(schemas[question], async ({ params }: Json) => answer(params));
  }

  // Later versions tell their transport what was negotiated; early ones tell nobody.
  let protocolVersion: string | undefined;
  const setProtocolVersion = transport.setProtocolVersion?.bind(transport);
  transport.setProtocolVersion = (version: string) => {
    protocolVersion = version;
    setProtocolVersion?.(version);
  };
  try {
    await within(DEFAULT_WAIT_MS, `${name} to connect`, client.connect(transport));
  } catch (cause) {
    isClosed = true;
    await client.close();
    throw cause;
  }

  return {
    name,
    door,
    server: { ...client.getServerVersion(), protocolVersion, capabilities: client.getServerCapabilities() },
    notifications,
    errors,
    listTools: async () => (await client.listTools(undefined, toSdkOptions())).tools as Listed[],
    callTool: (tool, args, options) =>
      client.callTool({ name: tool, arguments: args }, undefined, toSdkOptions(options)),
    listResources: async () => (await client.listResources(undefined, toSdkOptions())).resources as Listed[],
    readResource: (uri) => client.readResource({ uri }, toSdkOptions()),
    listPrompts: async () => (await client.listPrompts(undefined, toSdkOptions())).prompts as Listed[],
    getPrompt: (prompt, args) => client.getPrompt({ name: prompt, arguments: args }, toSdkOptions()),
    async setLogLevel(level) {
      await client.setLoggingLevel(level, toSdkOptions());
    },
    async close() {
      isClosed = true;
      if (transport.terminateSession) {
        await within(DEFAULT_WAIT_MS, `${name} to end its session`, transport.terminateSession());
      }
      await client.close();
    },
  };
}

export function toSdkOptions({ onProgress, signal, timeoutMs = DEFAULT_WAIT_MS }: CallOptions = {}): SdkRequestOptions {
  return { timeout: timeoutMs, ...(signal && { signal }), ...(onProgress && { onprogress: onProgress }) };
}

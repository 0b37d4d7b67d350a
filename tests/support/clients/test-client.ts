// What every client can do for a test, whoever wrote it. The drivers beside this file put it on real clients, one file each.
import type { Inbox } from './inbox.js';

/** The door a client was made for. With an explicit URL it may be sent to the other one. */
export type Door = 'legacy' | 'mcp';

export type Revision = '2024-11-05' | '2025-03-26' | '2025-06-18' | '2025-11-25' | '2026-07-28';

/** What not every client has; `version` is telling which revision was negotiated. */
export type Feature =
  | 'progress'
  | 'cancel'
  | 'notifications'
  | 'logging'
  | 'headers'
  | 'sampling'
  | 'elicitation'
  | 'roots'
  | 'version'
  | 'listen';

/** Foreign JSON: a test may say what it knows to be there. */
export type Json = ReturnType<typeof JSON.parse>;

export interface ClientDriver {
  readonly name: string;
  readonly door: Door;
  /** The revision it negotiates with a server that serves them all. */
  readonly speaks: Revision;
  readonly supports: ReadonlySet<Feature>;
  /**
   * Connects and shakes hands. `url` is the server's base URL, to which the client's own path is added,
   * or an endpoint (`…/sse`, `…/mcp`), which is taken as it is.
   */
  connect(url: string, options?: ConnectOptions): Promise<TestClient>;
}

export interface ConnectOptions {
  /** How the client answers what the server asks. Capabilities are declared for what is here, and for nothing else. */
  readonly answers?: Answers;
  /** Sent with every HTTP request, by the clients that can. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Each gets the `params` of the server's request and gives its result. */
export interface Answers {
  readonly sampling?: (params: Json) => unknown;
  readonly elicitation?: (params: Json) => unknown;
  readonly roots?: (params: Json) => unknown;
}

export interface TestClient {
  readonly name: string;
  readonly door: Door;
  readonly server: ServerFacts;
  /** What the server said unasked, as far as the client shows it. Log messages are among them, progress is not. */
  readonly notifications: Inbox<Notification>;
  /** What the client itself complained about before it was closed. */
  readonly errors: readonly Error[];
  listTools(): Promise<Listed[]>;
  /** Rejects with the client's own error, whose `code` is the JSON-RPC one. */
  callTool(name: string, args?: Record<string, unknown>, options?: CallOptions): Promise<ToolResult>;
  listResources(): Promise<Listed[]>;
  readResource(uri: string): Promise<Json>;
  listPrompts(): Promise<Listed[]>;
  getPrompt(name: string, args?: Record<string, string>): Promise<Json>;
  /** A request in the handshake revisions, a mark on every later call in 2026-07-28. */
  setLogLevel?(level: LogLevel): Promise<void>;
  /** 2026-07-28 only: what it brings arrives in `notifications`. */
  listen?(filter: Json): Promise<{ close(): Promise<void> }>;
  /** Leaves as a well-behaved host does: a session that can be ended is ended. */
  close(): Promise<void>;
}

/** What the client tells of the handshake; not every client tells everything. */
export interface ServerFacts {
  readonly name?: string | undefined;
  readonly version?: string | undefined;
  readonly protocolVersion?: string | undefined;
  readonly capabilities?: Json;
}

export interface CallOptions {
  readonly onProgress?: (progress: Progress) => void;
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
}

export interface Progress {
  readonly progress: number;
  readonly total?: number | undefined;
  readonly message?: string | undefined;
}

export interface Notification {
  readonly method: string;
  readonly params?: Json;
}

/** A tool, resource or prompt as it was listed. */
export interface Listed {
  readonly name: string;
  readonly [key: string]: Json;
}

export interface ToolResult {
  readonly content: Json[];
  readonly structuredContent?: Json;
  readonly isError?: boolean | undefined;
  readonly _meta?: Json;
}

export type LogLevel = 'debug' | 'info' | 'notice' | 'warning' | 'error' | 'critical' | 'alert' | 'emergency';

export const CLIENT_INFO = { name: 'dualgauge-tests', version: '1.0.0' };

/** The URL a client of this door connects to. */
export function toEndpoint(url: string, door: Door): URL {
  const endpoint = new URL(url);
  if (!/\/(sse|mcp)\/?$/.test(endpoint.pathname)) {
    endpoint.pathname = endpoint.pathname.replace(/\/?$/, door === 'legacy' ? '/sse' : '/mcp');
  }
  return endpoint;
}

/** The capabilities a client declares when it can answer these. */
export function toCapabilities(answers: Answers): Record<string, object> {
  return {
    ...(answers.sampling && { sampling: {} }),
    ...(answers.elicitation && { elicitation: { form: {}, url: {} } }),
    ...(answers.roots && { roots: { listChanged: true } }),
  };
}

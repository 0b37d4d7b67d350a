/**
 * MCP as data: the newest revision's shapes, from which older revisions get what their schema knows (`fit.ts`).
 * Names and fields are those of schema/2026-07-28/schema.ts.
 */
import type { RequestId } from './json-rpc.js';

export type Meta = Readonly<Record<string, unknown>>;
export type JsonSchema = Readonly<Record<string, unknown>>;
export type Role = 'user' | 'assistant';

export interface Icon {
  readonly src: string;
  readonly mimeType?: string | undefined;
  readonly sizes?: readonly string[] | undefined;
  readonly theme?: 'light' | 'dark' | undefined;
}

export interface Implementation {
  readonly name: string;
  readonly version: string;
  readonly title?: string | undefined;
  readonly description?: string | undefined;
  readonly websiteUrl?: string | undefined;
  readonly icons?: readonly Icon[] | undefined;
}

export interface Annotations {
  readonly audience?: readonly Role[] | undefined;
  readonly priority?: number | undefined;
  /** ISO 8601. */
  readonly lastModified?: string | undefined;
}

export interface ToolAnnotations {
  readonly title?: string | undefined;
  readonly readOnlyHint?: boolean | undefined;
  readonly destructiveHint?: boolean | undefined;
  readonly idempotentHint?: boolean | undefined;
  readonly openWorldHint?: boolean | undefined;
}

interface BlockBase {
  readonly annotations?: Annotations | undefined;
  readonly _meta?: Meta | undefined;
}

export interface TextContent extends BlockBase {
  readonly type: 'text';
  readonly text: string;
}

export interface ImageContent extends BlockBase {
  readonly type: 'image';
  /** Base64. */
  readonly data: string;
  readonly mimeType: string;
}

export interface AudioContent extends BlockBase {
  readonly type: 'audio';
  /** Base64. */
  readonly data: string;
  readonly mimeType: string;
}

export interface ResourceContents {
  readonly uri: string;
  readonly mimeType?: string | undefined;
  readonly text?: string | undefined;
  /** Base64. */
  readonly blob?: string | undefined;
  readonly _meta?: Meta | undefined;
}

export interface EmbeddedResource extends BlockBase {
  readonly type: 'resource';
  readonly resource: ResourceContents;
}

export interface ResourceLink extends BlockBase {
  readonly type: 'resource_link';
  readonly uri: string;
  readonly name: string;
  readonly title?: string | undefined;
  readonly description?: string | undefined;
  readonly mimeType?: string | undefined;
  readonly size?: number | undefined;
  readonly icons?: readonly Icon[] | undefined;
}

export type ContentBlock = TextContent | ImageContent | AudioContent | EmbeddedResource | ResourceLink;

export interface CallToolResult {
  readonly content: readonly ContentBlock[];
  readonly structuredContent?: unknown;
  readonly isError?: boolean | undefined;
  readonly _meta?: Meta | undefined;
}

export interface PromptMessage {
  readonly role: Role;
  readonly content: ContentBlock;
}

export interface GetPromptResult {
  readonly description?: string | undefined;
  readonly messages: readonly PromptMessage[];
  readonly _meta?: Meta | undefined;
}

export interface ReadResourceResult {
  readonly contents: readonly ResourceContents[];
  readonly _meta?: Meta | undefined;
}

/** The severities of RFC 5424, mildest first. */
export const LOG_LEVELS = ['debug', 'info', 'notice', 'warning', 'error', 'critical', 'alert', 'emergency'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface ClientCapabilities {
  readonly experimental?: Record<string, unknown> | undefined;
  readonly roots?: { readonly listChanged?: boolean } | undefined;
  readonly sampling?: { readonly tools?: object; readonly context?: object } | undefined;
  readonly elicitation?: { readonly form?: object; readonly url?: object } | undefined;
  readonly extensions?: Readonly<Record<string, object>> | undefined;
}

export interface ServerCapabilities {
  readonly tools?: { readonly listChanged?: boolean } | undefined;
  readonly resources?: { readonly subscribe?: boolean; readonly listChanged?: boolean } | undefined;
  readonly prompts?: { readonly listChanged?: boolean } | undefined;
  readonly logging?: object | undefined;
  readonly completions?: object | undefined;
  readonly tasks?: object | undefined;
  readonly extensions?: Readonly<Record<string, object>> | undefined;
}

export type ProgressToken = string | number;

export interface SamplingMessage {
  readonly role: Role;
  readonly content: object;
}

export interface CreateMessageParams {
  readonly messages: readonly SamplingMessage[];
  readonly maxTokens: number;
  readonly systemPrompt?: string | undefined;
  readonly temperature?: number | undefined;
  readonly stopSequences?: readonly string[] | undefined;
  readonly modelPreferences?: object | undefined;
  readonly includeContext?: 'none' | 'thisServer' | 'allServers' | undefined;
  readonly metadata?: object | undefined;
  readonly tools?: readonly object[] | undefined;
  readonly toolChoice?: object | undefined;
}

export interface CreateMessageResult {
  readonly role: Role;
  readonly content: { readonly type: string; readonly text?: string } | readonly object[];
  readonly model: string;
  readonly stopReason?: string;
}

export interface Root {
  readonly uri: string;
  readonly name?: string;
}

/** The `_meta` keys of 2026-07-28 ("Reserved keys"). */
export const MetaKey = {
  protocolVersion: 'io.modelcontextprotocol/protocolVersion',
  clientInfo: 'io.modelcontextprotocol/clientInfo',
  clientCapabilities: 'io.modelcontextprotocol/clientCapabilities',
  logLevel: 'io.modelcontextprotocol/logLevel',
  serverInfo: 'io.modelcontextprotocol/serverInfo',
  subscriptionId: 'io.modelcontextprotocol/subscriptionId',
} as const;

export const TASKS_EXTENSION = 'io.modelcontextprotocol/tasks';

export interface CancelledParams {
  readonly requestId: RequestId;
  readonly reason?: string;
}

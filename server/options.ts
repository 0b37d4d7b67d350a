import type { Logger } from 'pino';
import type { Implementation } from '../protocol/mcp.js';
import type { Prompt } from '../prompts/define-prompt.js';
import type { Resource, ResourceTemplate } from '../resources/define-resource.js';
import type { Tool } from '../tools/define-tool.js';
import type { Authenticate } from './auth.js';
import type { RateLimit } from './rate-limit.js';
import type { StaticToken } from './static-tokens.js';
import { DEFAULT_SETTINGS, type TransportSettings } from '../transports/settings.js';

/** What a server is made of. Only `name` and `version` are needed. */
export interface McpAppOptions extends Partial<ServerSettings> {
  readonly name: string;
  readonly version: string;
  readonly title?: string;
  readonly description?: string;
  readonly websiteUrl?: string;
  readonly icons?: Implementation['icons'];
  /** How a model should use the server. */
  readonly instructions?: string;
  readonly tools?: Iterable<Tool>;
  readonly resources?: Iterable<Resource>;
  readonly resourceTemplates?: Iterable<ResourceTemplate>;
  readonly prompts?: Iterable<Prompt>;
  readonly log?: Logger;
  /** Tells who is asking, in an application that knows its callers already. */
  readonly authenticate?: Authenticate;
}

/** Everything an operator may set; `config.ts` reads it from the environment. Times in ms, sizes in bytes. */
export interface ServerSettings extends TransportSettings {
  /** Path prefix of all routes: empty, or `/like/this`. */
  readonly basePath: string;
  /** How many proxies in front are believed. */
  readonly trustProxy: number;
  /** Origins of pages that may use the server; `loopback` stands for this machine, `*` for all. */
  readonly allowedOrigins: readonly string[];
  /** Names the server is reached by; `undefined` for loopback names on a loopback bind and any name elsewhere. */
  readonly allowedHosts: readonly string[] | undefined;
  /** Bearer tokens the operator handed out. */
  readonly authTokens: readonly StaticToken[];
  /** The authorization server whose access tokens are taken. */
  readonly oauthIssuer: string | undefined;
  /** What a token must name as its audience, one of them. None: the server's own URLs. */
  readonly oauthAudience: readonly string[];
  /** Where the keys of the issuer are. Without it the issuer's metadata says. */
  readonly oauthJwksUrl: string | undefined;
  /** What every caller with such a token needs, whatever it does. */
  readonly oauthScopes: readonly string[];
  /** How long the issuer may take to say what its keys are. */
  readonly oauthTimeoutMs: number;
  /** How soon a key nobody knows makes us ask the issuer again. */
  readonly oauthCooldownMs: number;
  /** Whether lists leave out what a caller lacks the scopes for. */
  readonly hideForbiddenTools: boolean;
  /** What one caller may do. Unset: 600 calls and 60 sessions a minute where others can reach the server. */
  readonly rateLimitCalls: RateLimit | 'off' | undefined;
  readonly rateLimitSessions: RateLimit | 'off' | undefined;
  /** How long a client may take to send its headers, and its whole request. */
  readonly headersTimeoutMs: number;
  readonly requestTimeoutMs: number;
  /** A tool's time without progress, and in spite of it. */
  readonly toolTimeoutMs: number;
  readonly toolMaxMs: number;
  /** How long calls in flight may take to finish when the server is told to stop. */
  readonly drainMs: number;
  /** What seals `requestState`; the same on all instances. Random when absent. */
  readonly stateSecret: string | undefined;
  /** Where instances share their sessions; in this process when absent. */
  readonly redisUrl: string | undefined;
  /** What every key of ours begins with there. */
  readonly redisPrefix: string;
  /** What lets an operator read `/debug` and `/metrics` from elsewhere than this machine. */
  readonly debugToken: string | undefined;
  /** Whether bodies are logged, with secrets masked. */
  readonly logWire: boolean;
  /** How many entries a list gives at once. */
  readonly pageSize: number;
}

export const DEFAULT_ORIGINS = [
  'loopback',
  'https://api.openai.com',
  'https://chatgpt.com',
  'https://claude.ai',
] as const;

export const DEFAULT_SERVER_SETTINGS: ServerSettings = {
  ...DEFAULT_SETTINGS,
  basePath: '',
  trustProxy: 0,
  allowedOrigins: DEFAULT_ORIGINS,
  allowedHosts: undefined,
  authTokens: [],
  oauthIssuer: undefined,
  oauthAudience: [],
  oauthJwksUrl: undefined,
  oauthScopes: [],
  oauthTimeoutMs: 5000,
  oauthCooldownMs: 30_000,
  hideForbiddenTools: false,
  rateLimitCalls: undefined,
  rateLimitSessions: undefined,
  headersTimeoutMs: 15_000,
  requestTimeoutMs: 30_000,
  toolTimeoutMs: 60_000,
  toolMaxMs: 600_000,
  drainMs: 25_000,
  stateSecret: undefined,
  redisUrl: undefined,
  redisPrefix: 'dualgauge:',
  debugToken: undefined,
  logWire: false,
  pageSize: 250,
};

/** The options with what they leave out. */
export function settingsOf(options: Partial<ServerSettings>): ServerSettings {
  const given = Object.entries(options).filter(([key, value]) => key in DEFAULT_SERVER_SETTINGS && value !== undefined);
  return { ...DEFAULT_SERVER_SETTINGS, ...Object.fromEntries(given) };
}

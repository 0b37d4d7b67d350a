/** The environment, read once: every variable, what it means, and what it may be. */
import { isLoopback } from './hosts.js';
import { DEFAULT_ORIGINS, DEFAULT_SERVER_SETTINGS, type ServerSettings } from './options.js';

export interface Config {
  readonly host: string;
  readonly port: number;
  readonly logLevel: string;
  readonly settings: ServerSettings;
  /** What the operator should know before anybody connects. */
  readonly warnings: readonly string[];
}

type Environment = Readonly<Record<string, string | undefined>>;

/** A variable that cannot be used, in one line: its name, what came, and what is expected. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** Variables with a meaning that this version cannot honour: refused, so that nobody relies on them. */
const NOT_YET = [
  'AUTH_TOKENS',
  'OAUTH_ISSUER',
  'OAUTH_AUDIENCE',
  'OAUTH_JWKS_URL',
  'OAUTH_SCOPES',
  'RATE_LIMIT_CALLS',
  'RATE_LIMIT_SESSIONS',
  'DEBUG_TOKEN',
  'LOG_WIRE',
];

const MAX_TIMER_MS = 2_147_483_647;

/** @throws ConfigError for the first variable that is wrong */
export function readConfig(env: Environment): Config {
  for (const name of NOT_YET)
    if (given(env, name) !== undefined) throw new ConfigError(`${name} is not supported yet: unset it`);
  const isReplit = ['REPL_ID', 'REPLIT_DOMAINS', 'REPLIT_DEPLOYMENT'].some((name) => given(env, name) !== undefined);
  const host = given(env, 'HOST') ?? (isReplit ? '0.0.0.0' : '127.0.0.1');
  const settings = readSettings(env);
  return {
    host,
    port: integer(env, 'PORT', 8080, { max: 65_535 }),
    logLevel: choice(env, 'LOG_LEVEL', 'info', ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']),
    settings,
    warnings: warningsOf(host, settings),
  };
}

function readSettings(env: Environment): ServerSettings {
  const defaults = DEFAULT_SERVER_SETTINGS;
  const ms = (name: string, fallback: number, min = 1): number =>
    integer(env, name, fallback, { min, max: MAX_TIMER_MS });
  const count = (name: string, fallback: number): number => integer(env, name, fallback, { min: 1 });
  const publicUrl = url(env, 'PUBLIC_URL');
  const replit = list(env, 'REPLIT_DOMAINS').concat(list(env, 'REPLIT_DEV_DOMAIN'));
  const legacyEndpoint = choice(env, 'LEGACY_ENDPOINT', defaults.legacyEndpoint, ['relative', 'absolute']);
  if (legacyEndpoint === 'absolute' && publicUrl === undefined) {
    throw new ConfigError('LEGACY_ENDPOINT=absolute needs PUBLIC_URL: set it to the URL clients use');
  }
  return {
    basePath: path(env, 'BASE_PATH'),
    publicUrl,
    trustProxy: integer(env, 'TRUST_PROXY', 0, { max: 100 }),
    allowedOrigins: origins(env, replit),
    allowedHosts: hosts(env, replit, publicUrl),
    sessions: choice(env, 'MCP_SESSIONS', defaults.sessions, ['optional', 'lenient', 'required', 'off']),
    legacyEndpoint,
    responseMode: choice(env, 'MCP_RESPONSE_MODE', defaults.responseMode, ['auto', 'json', 'sse']),
    responseRouting: choice(env, 'MCP_RESPONSE_ROUTING', defaults.responseRouting, ['post', 'stream']),
    streamAfterMs: ms('STREAM_AFTER_MS', defaults.streamAfterMs),
    keepAliveMs: ms('KEEP_ALIVE_MS', defaults.keepAliveMs, 100),
    retryMs: ms('RETRY_MS', defaults.retryMs, 0),
    legacyResumeMs: ms('LEGACY_RESUME_MS', defaults.legacyResumeMs),
    sessionIdleMs: ms('SESSION_IDLE_MS', defaults.sessionIdleMs),
    replayEvents: count('REPLAY_EVENTS', defaults.replayEvents),
    replayBytes: count('REPLAY_BYTES', defaults.replayBytes),
    replayMs: ms('REPLAY_MS', defaults.replayMs),
    streamBufferBytes: count('STREAM_BUFFER_BYTES', defaults.streamBufferBytes),
    stallMs: ms('STALL_MS', defaults.stallMs),
    maxBodyBytes: count('MAX_BODY_BYTES', defaults.maxBodyBytes),
    maxSessions: count('MAX_SESSIONS', defaults.maxSessions),
    maxSessionsPerPrincipal: count('MAX_SESSIONS_PER_PRINCIPAL', defaults.maxSessionsPerPrincipal),
    maxCallsPerSession: count('MAX_CALLS_PER_SESSION', defaults.maxCallsPerSession),
    toolTimeoutMs: ms('TOOL_TIMEOUT_MS', defaults.toolTimeoutMs),
    toolMaxMs: ms('TOOL_MAX_MS', defaults.toolMaxMs),
    drainMs: ms('DRAIN_MS', defaults.drainMs, 0),
    askTimeoutMs: ms('ASK_TIMEOUT_MS', defaults.askTimeoutMs),
    stateTtlMs: ms('STATE_TTL_MS', defaults.stateTtlMs),
    stateSecret: secret(env, 'STATE_SECRET'),
    redisUrl: redisUrl(env),
    redisPrefix: prefix(env, 'REDIS_PREFIX', defaults.redisPrefix),
    maxTasks: count('MAX_TASKS', defaults.maxTasks),
    taskTtlMs: ms('TASK_TTL_MS', defaults.taskTtlMs),
    pageSize: count('PAGE_SIZE', defaults.pageSize),
  };
}

function warningsOf(host: string, settings: ServerSettings): string[] {
  const { allowedHosts, allowedOrigins, redisUrl, stateSecret } = settings;
  const warnings: string[] = [];
  if (!isLoopback(host) && allowedHosts === undefined) {
    warnings.push(
      `Anybody who reaches ${host} can use this server: set ALLOWED_HOSTS to the names it is reached by, or HOST=127.0.0.1`,
    );
  }
  if (redisUrl !== undefined && stateSecret === undefined) {
    warnings.push('Each instance seals requestState with a key of its own: set STATE_SECRET to the same value on all');
  }
  if (allowedOrigins.includes('*')) warnings.push('ALLOWED_ORIGINS=* lets every web page use this server');
  return warnings;
}

function given(env: Environment, name: string): string | undefined {
  const value = env[name]?.trim();
  return value === undefined || value === '' ? undefined : value;
}

function integer(env: Environment, name: string, fallback: number, { min = 0, max = Number.MAX_SAFE_INTEGER }): number {
  const value = given(env, name);
  if (value === undefined) return fallback;
  const number = /^\d{1,16}$/.test(value) ? Number(value) : NaN;
  if (number >= min && number <= max) return number;
  throw wrong(name, value, `a whole number from ${min} to ${max}`);
}

function choice<const T extends string>(env: Environment, name: string, fallback: T, allowed: readonly T[]): T {
  const value = given(env, name);
  if (value === undefined) return fallback;
  const found = allowed.find((item) => item === value);
  if (found !== undefined) return found;
  throw wrong(name, value, `one of ${allowed.join(', ')}`);
}

function list(env: Environment, name: string): string[] {
  return (given(env, name) ?? '')
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

function url(env: Environment, name: string): string | undefined {
  const value = given(env, name);
  if (value === undefined) return undefined;
  if (/^https?:\/\//.test(value) && URL.canParse(value)) return value.replace(/\/$/, '');
  throw wrong(name, value, 'a URL that begins with http:// or https://');
}

function redisUrl(env: Environment): string | undefined {
  const value = given(env, 'REDIS_URL');
  if (value === undefined || (/^rediss?:\/\//.test(value) && URL.canParse(value))) return value;
  // Not shown: it may hold a password.
  throw new ConfigError('REDIS_URL cannot be used: expected a URL that begins with redis:// or rediss://');
}

function prefix(env: Environment, name: string, fallback: string): string {
  const value = given(env, name) ?? fallback;
  if (/^[A-Za-z0-9:._-]{1,64}$/.test(value)) return value;
  throw wrong(name, value, 'up to 64 letters, digits and ":._-"');
}

function path(env: Environment, name: string): string {
  const value = given(env, name)?.replace(/\/$/, '') ?? '';
  if (value === '' || /^(\/[A-Za-z0-9._~-]+)+$/.test(value)) return value;
  throw wrong(name, value, 'a path like /tools');
}

function secret(env: Environment, name: string): string | undefined {
  const value = given(env, name);
  if (value === undefined || value.length >= 32) return value;
  throw new ConfigError(`${name} has ${value.length} characters: expected at least 32`);
}

function origins(env: Environment, replit: readonly string[]): readonly string[] {
  const own = list(env, 'ALLOWED_ORIGINS');
  for (const origin of own) {
    if (origin === '*' || origin === 'loopback') continue;
    if (!URL.canParse(origin) || new URL(origin).origin !== origin.toLowerCase()) {
      throw wrong('ALLOWED_ORIGINS', origin, 'origins like https://example.com, without a path, "loopback" or "*"');
    }
  }
  const public_ = replit.map((domain) => `https://${domain}`);
  return own.length > 0 ? own : [...DEFAULT_ORIGINS, ...public_];
}

function hosts(
  env: Environment,
  replit: readonly string[],
  publicUrl: string | undefined,
): readonly string[] | undefined {
  const own = list(env, 'ALLOWED_HOSTS').concat(replit);
  for (const host of own) {
    if (!/^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)$/i.test(host)) {
      throw wrong('ALLOWED_HOSTS', host, 'host names without a scheme or port');
    }
  }
  if (own.length === 0) return undefined;
  const canonical = publicUrl === undefined ? [] : [new URL(publicUrl).hostname];
  // A host's own health check comes from inside, under a loopback name.
  const inside = replit.length > 0 ? ['localhost', '127.0.0.1'] : [];
  return [...own, ...canonical, ...inside];
}

function wrong(name: string, value: string, expected: string): ConfigError {
  const shown = value.length > 60 ? `${value.slice(0, 60)}…` : value;
  return new ConfigError(`${name}=${shown} cannot be used: expected ${expected}`);
}

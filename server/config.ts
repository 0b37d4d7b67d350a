/** The environment, read once: every variable, what it means, and what it may be. */
import { isLoopback } from './hosts.js';
import type { RateLimit } from './rate-limit.js';
import { canBeSent } from './operator.js';
import { isGuessable, problemOf, type StaticToken } from './static-tokens.js';
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

const MAX_TIMER_MS = 2_147_483_647;

/** @throws ConfigError for the first variable that is wrong */
export function readConfig(env: Environment): Config {
  const isReplit = ['REPL_ID', 'REPLIT_DOMAINS', 'REPLIT_DEPLOYMENT'].some((name) => given(env, name) !== undefined);
  const host = given(env, 'HOST') ?? (isReplit ? '0.0.0.0' : '127.0.0.1');
  const settings = readSettings(env);
  checkAccess(host, settings);
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
    replayTotalBytes: count('REPLAY_TOTAL_BYTES', defaults.replayTotalBytes),
    streamBufferBytes: count('STREAM_BUFFER_BYTES', defaults.streamBufferBytes),
    stallMs: ms('STALL_MS', defaults.stallMs),
    maxBodyBytes: count('MAX_BODY_BYTES', defaults.maxBodyBytes),
    maxSessions: count('MAX_SESSIONS', defaults.maxSessions),
    maxSessionsPerPrincipal: count('MAX_SESSIONS_PER_PRINCIPAL', defaults.maxSessionsPerPrincipal),
    maxCallsPerSession: count('MAX_CALLS_PER_SESSION', defaults.maxCallsPerSession),
    maxCalls: count('MAX_CALLS', defaults.maxCalls),
    authTokens: tokens(env),
    oauthIssuer: trusted(env, 'OAUTH_ISSUER'),
    oauthAudience: list(env, 'OAUTH_AUDIENCE'),
    oauthJwksUrl: trusted(env, 'OAUTH_JWKS_URL'),
    oauthScopes: scopes(env, 'OAUTH_SCOPES'),
    oauthTimeoutMs: ms('OAUTH_TIMEOUT_MS', defaults.oauthTimeoutMs),
    oauthCooldownMs: ms('OAUTH_COOLDOWN_MS', defaults.oauthCooldownMs),
    hideForbiddenTools: choice(env, 'HIDE_FORBIDDEN_TOOLS', 'off', ['on', 'off']) === 'on',
    rateLimitCalls: rateLimit(env, 'RATE_LIMIT_CALLS'),
    rateLimitSessions: rateLimit(env, 'RATE_LIMIT_SESSIONS'),
    headersTimeoutMs: ms('HEADERS_TIMEOUT_MS', defaults.headersTimeoutMs),
    requestTimeoutMs: ms('REQUEST_TIMEOUT_MS', defaults.requestTimeoutMs),
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
    debugToken: operatorToken(env),
    logWire: flag(env, 'LOG_WIRE'),
    pageSize: count('PAGE_SIZE', defaults.pageSize),
  };
}

function warningsOf(host: string, settings: ServerSettings): string[] {
  const { allowedHosts, allowedOrigins, authTokens, redisUrl, stateSecret, debugToken, logWire } = settings;
  const warnings: string[] = [];
  if (!isLoopback(host) && allowedHosts === undefined && !hasAccess(settings)) {
    warnings.push(
      `ANYBODY who reaches ${host} can use this server and its tools: set AUTH_TOKENS or OAUTH_ISSUER so that callers prove who they are, ALLOWED_HOSTS to the names it is reached by, or HOST=127.0.0.1`,
    );
  }
  if (redisUrl !== undefined && stateSecret === undefined) {
    warnings.push('Each instance seals requestState with a key of its own: set STATE_SECRET to the same value on all');
  }
  if (logWire)
    warnings.push('LOG_WIRE logs what clients send and get: known kinds of secrets are masked, others are not');
  if (debugToken !== undefined && isGuessable({ token: debugToken }))
    warnings.push('DEBUG_TOKEN is short: anybody may guess it');
  for (const token of authTokens.filter(isGuessable)) {
    warnings.push(`AUTH_TOKENS: the token of ${token.name} has fewer than 16 characters: somebody may guess it`);
  }
  if (allowedOrigins.includes('*')) warnings.push('ALLOWED_ORIGINS=* lets every web page use this server');
  return warnings;
}

function hasAccess({ authTokens, oauthIssuer }: ServerSettings): boolean {
  return authTokens.length > 0 || oauthIssuer !== undefined;
}

// What would be dangerous, or would turn everybody away, without anybody having said so.
function checkAccess(host: string, settings: ServerSettings): void {
  const { oauthIssuer, oauthAudience, oauthJwksUrl, oauthScopes, publicUrl, allowedOrigins } = settings;
  if (oauthIssuer === undefined && (oauthAudience.length > 0 || oauthJwksUrl !== undefined || oauthScopes.length > 0)) {
    throw new ConfigError(
      'OAUTH_AUDIENCE, OAUTH_JWKS_URL and OAUTH_SCOPES need OAUTH_ISSUER: nobody is let in by them',
    );
  }
  if (oauthIssuer !== undefined && publicUrl === undefined && !isLoopback(host)) {
    throw new ConfigError('OAUTH_ISSUER needs PUBLIC_URL: set it to the URL clients use, which is what tokens are for');
  }
  if (hasAccess(settings) && allowedOrigins.includes('*')) {
    throw new ConfigError(
      'ALLOWED_ORIGINS=* cannot be used together with AUTH_TOKENS or OAUTH_ISSUER: expected a list of origins',
    );
  }
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
  if (value === undefined) return undefined;
  // Not shown: it may hold a password.
  const refuse = (expected: string): ConfigError =>
    new ConfigError(`REDIS_URL cannot be used: expected ${expected}, like redis://user:password@host:6379/0`);
  if (!/^rediss?:\/\//.test(value) || !URL.canParse(value)) {
    throw refuse('a URL that begins with redis:// or rediss://');
  }
  const { pathname, username, password } = new URL(value);
  if (!/^\/?\d{0,9}$/.test(pathname)) throw refuse('the number of a database, or nothing, behind the "/"');
  if (![username, password].every(isEncoded)) throw refuse('a user and password with "%" written as %25');
  return value;
}

function isEncoded(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

function prefix(env: Environment, name: string, fallback: string): string {
  const value = given(env, name) ?? fallback;
  if (/^[A-Za-z0-9:._-]{1,64}$/.test(value)) return value;
  throw wrong(name, value, 'up to 64 letters, digits and ":._-"');
}

function path(env: Environment, name: string): string {
  const value = given(env, name)?.replace(/\/$/, '') ?? '';
  if (value === '' || /^(\/(?!\.{1,2}(\/|$))[A-Za-z0-9._~-]+)+$/.test(value)) return value;
  throw wrong(name, value, 'a path like /tools');
}

function flag(env: Environment, name: string): boolean {
  return ['1', 'true', 'on'].includes(choice(env, name, '0', ['1', 'true', 'on', '0', 'false', 'off']));
}

function secret(env: Environment, name: string): string | undefined {
  const value = given(env, name);
  if (value === undefined || value.length >= 32) return value;
  throw new ConfigError(`${name} has ${value.length} characters: expected at least 32`);
}

// Never shows what came: a token with a typing error is most of a token.
function tokens(env: Environment): StaticToken[] {
  return list(env, 'AUTH_TOKENS').map((entry, index) => {
    const [name = '', token = '', scopeText, ...more] = entry.split(':');
    const scopes = scopeText?.split('+');
    const problem = more.length > 0 ? 'it has too many ":"' : problemOf({ name, token, scopes });
    if (problem === undefined) return { name, token, scopes };
    throw new ConfigError(
      `AUTH_TOKENS cannot be used: expected name:token or name:token:scope+scope, but in entry ${index + 1} ${problem}`,
    );
  });
}

// Not shown either.
function operatorToken(env: Environment): string | undefined {
  const value = given(env, 'DEBUG_TOKEN');
  if (value === undefined || canBeSent(value)) return value;
  throw new ConfigError('DEBUG_TOKEN cannot be sent in a header: expected one word of visible ASCII characters');
}

/** A URL that what we are told is believed: over TLS, or on this machine. */
function trusted(env: Environment, name: string): string | undefined {
  const value = given(env, name);
  if (value === undefined) return undefined;
  const { protocol, hostname, search, hash } = URL.canParse(value) ? new URL(value) : new URL('about:blank');
  const isSafe = protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname));
  if (isSafe && (name !== 'OAUTH_ISSUER' || (search === '' && hash === ''))) return value;
  throw wrong(name, value, 'an https:// URL (http:// only on this machine)');
}

function scopes(env: Environment, name: string): string[] {
  const value = given(env, name);
  const found = value?.split(/[\s,+]+/).filter((scope) => scope !== '') ?? [];
  if (found.every((scope) => /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(scope))) return found;
  throw wrong(name, value ?? '', 'scopes separated by spaces or commas');
}

function rateLimit(env: Environment, name: string): RateLimit | 'off' | undefined {
  const value = given(env, name);
  if (value === undefined || value === 'off') return value;
  const [, count = 0, seconds = 0] = /^(\d{1,9})\/(\d{1,6})$/.exec(value)?.map(Number) ?? [];
  if (count >= 1 && seconds >= 1) return { count, seconds };
  throw wrong(name, value, 'count/seconds like 600/60, or off');
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
  // A host's own health check comes from inside, under a loopback name or an address.
  const inside = replit.length > 0 ? ['localhost', 'ip'] : [];
  return [...own, ...canonical, ...inside];
}

function wrong(name: string, value: string, expected: string): ConfigError {
  const shown = value.length > 60 ? `${value.slice(0, 60)}…` : value;
  return new ConfigError(`${name}=${shown} cannot be used: expected ${expected}`);
}

import type { IncomingHttpHeaders } from 'node:http';
import { randomUUID } from 'node:crypto';
import type { Request, RequestHandler, Response } from 'express';
import { ErrorCode } from '../protocol/errors.js';
import { admit } from '../routes/visit-of.js';
import { HttpError } from '../transports/http.js';
import { hostName, isAllowedOrigin, isLoopback } from './hosts.js';

export interface GuardOptions {
  readonly allowedOrigins: ReadonlySet<string>;
  /** The names a `Host` may say; `undefined` when any will do. */
  readonly allowedHosts: () => ReadonlySet<string> | 'loopback' | undefined;
  /** How many proxies in front are believed. */
  readonly trustProxy: number;
}

const EXPOSED = 'Mcp-Session-Id, Mcp-Protocol-Version, WWW-Authenticate, X-Request-Id, Retry-After';

/** The first to see every request: names it, and turns away pages and names that have no business here. */
export function createGuard(options: GuardOptions): RequestHandler {
  const nextId = exchangeIds();
  return function guard(req, res, next) {
    const exchangeId = saneId(req.headers['x-request-id']) ?? nextId();
    res.setHeader('X-Content-Type-Options', 'nosniff');
    res.setHeader('X-Request-Id', exchangeId);
    admit(res, { exchangeId, prefix: prefixOf(req, options) });
    checkHost(req.headers, options);
    const { origin } = req.headers;
    if (origin !== undefined) checkOrigin(origin, res, options);
    next();
  };
}

function checkHost(headers: IncomingHttpHeaders, { allowedHosts }: GuardOptions): void {
  const allowed = allowedHosts();
  if (allowed === undefined) return;
  const name = hostName(headers.host);
  const isAllowed = name !== undefined && (allowed === 'loopback' ? isLoopback(name) : allowed.has(name));
  if (!isAllowed) throw forbidden('This Host is not allowed: set ALLOWED_HOSTS to the names this server is reached by');
}

function checkOrigin(origin: string, res: Response, { allowedOrigins }: GuardOptions): void {
  if (!isAllowedOrigin(origin, allowedOrigins)) {
    throw forbidden('This Origin is not allowed: set ALLOWED_ORIGINS to the pages that may use this server');
  }
  res.setHeader('Access-Control-Allow-Origin', origin);
  res.setHeader('Access-Control-Expose-Headers', EXPOSED);
  res.vary('Origin');
}

function forbidden(message: string): HttpError {
  return new HttpError(403, ErrorCode.transport, message);
}

// A proxy that takes a prefix off says so; without a trusted one anybody could.
function prefixOf(req: Request, { trustProxy }: GuardOptions): string {
  const forwarded = trustProxy > 0 ? req.headers['x-forwarded-prefix'] : undefined;
  const isSane = typeof forwarded === 'string' && /^(\/[A-Za-z0-9._~-]+)+\/?$/.test(forwarded);
  return `${isSane ? forwarded.replace(/\/$/, '') : ''}${req.baseUrl}`;
}

function saneId(id: string | string[] | undefined): string | undefined {
  return typeof id === 'string' && /^[A-Za-z0-9._-]{1,64}$/.test(id) ? id : undefined;
}

function exchangeIds(): () => string {
  const process = randomUUID().slice(0, 8);
  let count = 0;
  return () => `${process}-${(count += 1).toString(36)}`;
}

import { randomUUID } from 'node:crypto';
import type { Request, Response } from 'express';
import { ErrorCode } from '../protocol/errors.js';
import { isPageFile } from '../routes/root.js';
import { admit } from '../routes/visit-of.js';
import { HttpError } from '../transports/http.js';
import { setCommonHeaders } from './app-response.js';
import { hostName, isAllowedHost, isAllowedOrigin, isLoopback, isSameHost } from './hosts.js';
import { requestIdOf } from './request-id.js';

export interface GuardOptions {
  readonly allowedOrigins: ReadonlySet<string>;
  /** The names a `Host` may say; `undefined` when any will do. */
  readonly allowedHosts: () => ReadonlySet<string> | 'loopback' | undefined;
  /** How many proxies in front are believed. */
  readonly trustProxy: number;
}

/** Node counts the bytes of headers; how many there are is counted here. Real clients send a few dozen at most. */
const MAX_HEADERS = 200;

const EXPOSED = 'Mcp-Session-Id, Mcp-Protocol-Version, WWW-Authenticate, X-Request-Id, Retry-After';

/** @throws HttpError for whoever has no business here */
export type Guard = (req: Request, res: Response) => void;

/** The first to look at every request: names it, and turns away pages and names that have no business here. */
export function createGuard(options: GuardOptions): Guard {
  const nextId = exchangeIds();
  const checkHost = hostCheck(options);
  return function guard(req, res) {
    const exchangeId = requestIdOf(req) ?? nextId();
    setCommonHeaders(res, ['X-Content-Type-Options', 'nosniff', 'X-Request-Id', exchangeId]);
    admit(res, { exchangeId, prefix: prefixOf(req, options) });
    checkFraming(req);
    checkHost(req.headers.host);
    if (req.headers.origin !== undefined) checkOrigin(req.headers.origin, req, res, options);
  };
}

// Where two readers could come to two conclusions, the request is refused: what stands in front of us may have gone by
// the other one (RFC 9112 §3.2).
function checkFraming({ rawHeaders, headers, url, httpVersionMinor }: Request): void {
  if (rawHeaders.length > 2 * MAX_HEADERS) throw ambiguous(431, `More than ${MAX_HEADERS} headers`);
  let hosts = 0;
  let authorizations = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? '';
    if (name.length === 4 && name.toLowerCase() === 'host') hosts += 1;
    else if (name.length === 13 && name.toLowerCase() === 'authorization') authorizations += 1;
  }
  if (hosts > 1 || authorizations > 1) throw ambiguous(400, 'Host and Authorization can be sent once');
  if (headers.expect !== undefined && headers.expect.toLowerCase() !== '100-continue') {
    throw ambiguous(417, 'Nothing but 100-continue can be expected');
  }
  if (hosts === 0 && httpVersionMinor > 0) throw ambiguous(400, 'Host is required');
  if (url.startsWith('/')) return;
  const target = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i.exec(url);
  if (target !== null && target[1]?.toLowerCase() !== headers.host?.toLowerCase()) {
    throw ambiguous(400, 'The target and the Host header name different hosts');
  }
}

function hostCheck({ allowedHosts }: GuardOptions): (host: string | undefined) => void {
  // Nearly all requests come by the same name.
  let last:
    { readonly host: string | undefined; readonly allowed: ReturnType<GuardOptions['allowedHosts']> } | undefined;
  return (host) => {
    const allowed = allowedHosts();
    if (allowed === undefined || (host === last?.host && allowed === last?.allowed)) return;
    const name = hostName(host);
    const isAllowed = name !== undefined && (allowed === 'loopback' ? isLoopback(name) : isAllowedHost(name, allowed));
    if (!isAllowed) {
      throw forbidden('This Host is not allowed: set ALLOWED_HOSTS to the names this server is reached by', 'host');
    }
    last = { host, allowed };
  };
}

function checkOrigin(origin: string, req: Request, res: Response, { allowedOrigins }: GuardOptions): void {
  if (isAllowedOrigin(origin, allowedOrigins)) {
    res.setHeader('Access-Control-Allow-Origin', origin);
    res.setHeader('Access-Control-Expose-Headers', EXPOSED);
  } else if (!isPageFile(req) || !isSameHost(origin, req.headers.host)) {
    throw forbidden('This Origin is not allowed: set ALLOWED_ORIGINS to the pages that may use this server', 'origin');
  }
  // Else our own page asks for its scripts, under a name nobody told us: browsers send an Origin with those, though not
  // with the page itself. It gets what anybody gets who sends none, so that it can say what is to be set.
  res.vary('Origin');
}

function ambiguous(status: number, message: string): HttpError {
  return new HttpError(status, ErrorCode.transport, message);
}

function forbidden(message: string, refusal: string): HttpError {
  return new HttpError(403, ErrorCode.transport, message, { refusal });
}

// A proxy that takes a prefix off says so; without a trusted one anybody could.
function prefixOf(req: Request, { trustProxy }: GuardOptions): string {
  const forwarded = trustProxy > 0 ? req.headers['x-forwarded-prefix'] : undefined;
  const isSane = typeof forwarded === 'string' && /^(\/(?!\.{1,2}(\/|$))[A-Za-z0-9._~-]+)+\/?$/.test(forwarded);
  return `${isSane ? forwarded.replace(/\/$/, '') : ''}${req.baseUrl}`;
}

function exchangeIds(): () => string {
  const process = randomUUID().slice(0, 8);
  let count = 0;
  return () => `${process}-${(count += 1).toString(36)}`;
}

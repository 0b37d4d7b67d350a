/** Who is asking: what stands between the guard and the doors when callers have to prove it. */
import type { IncomingMessage } from 'node:http';
import type { Request, RequestHandler, Response } from 'express';
import { hasScopes, type Principal } from '../protocol/call.js';
import { ErrorCode } from '../protocol/errors.js';
import { admissionOf, admit } from '../routes/visit-of.js';
import { HttpError, unavailable } from '../transports/http.js';
import { formatChallenge } from './challenge.js';
import { KeysUnavailable } from './key-set.js';
import type { OAuth } from './oauth.js';
import type { StaticTokens } from './static-tokens.js';

/**
 * An application's own way to tell who is asking. `undefined` means: I do not know; others are asked then, and in the
 * end the caller is turned away. What it throws is a fault of ours: the caller is let do nothing.
 */
export type Authenticate = (req: IncomingMessage) => Principal | undefined | Promise<Principal | undefined>;

export interface AuthOptions {
  readonly tokens?: StaticTokens | undefined;
  readonly authenticate?: Authenticate | undefined;
  readonly oauth?: OAuth | undefined;
  /** What callers with tokens of the authorization server need whatever they do. */
  readonly scopes: readonly string[];
  /** Where clients of this door read how to get a token; `undefined` where there is none to get. */
  readonly metadataUrl: () => string | undefined;
  /** Hears why a token could not be checked. */
  readonly onFault: (error: unknown, where: string) => void;
}

/** Lets only those pass whom it knows. Preflights carry no token, so they pass. */
export function createAuth(options: AuthOptions): RequestHandler {
  const { tokens, authenticate, oauth } = options;
  return function auth(req, res, next) {
    if (req.method === 'OPTIONS') return next();
    const token = bearerToken(req);
    const known = token === undefined ? undefined : tokens?.find(token);
    if (known !== undefined) {
      welcome(known, res, options);
      return next();
    }
    if (authenticate === undefined && (oauth === undefined || token === undefined)) throw unauthorized(token, options);
    return identify(req, token, options).then((principal) => {
      if (principal === undefined) throw unauthorized(token, options);
      welcome(principal, res, options);
      next();
    });
  };
}

async function identify(req: Request, token: string | undefined, options: AuthOptions): Promise<Principal | undefined> {
  const { authenticate, oauth, scopes, onFault } = options;
  const own = await authenticate?.(req);
  if (own !== undefined || oauth === undefined || token === undefined) return own;
  try {
    const principal = await oauth.verify(token);
    if (principal !== undefined && !hasScopes(principal, scopes)) throw insufficient(scopes, options);
    return principal;
  } catch (error) {
    if (!(error instanceof KeysUnavailable)) throw error;
    onFault(error, 'auth');
    // Not 401: the token may be the best there is, and a client that is told otherwise throws it away.
    throw unavailable('issuer', 'Tokens cannot be checked at the moment', { retrySeconds: oauth.retrySeconds });
  }
}

function welcome(principal: Principal, res: Response, options: AuthOptions): void {
  const { exchangeId = '', prefix = '' } = admissionOf(res) ?? {};
  admit(res, { exchangeId, prefix, principal, challenge: (scopes) => scopeChallenge(scopes, options) });
}

/**
 * The token of the one `Authorization` header. A token in the query is none: it would end up in logs (OAuth 2.1 §5.1).
 */
function bearerToken({ headers }: Request): string | undefined {
  return /^bearer +([A-Za-z0-9._~+/-]+=*) *$/i.exec(headers.authorization ?? '')?.[1];
}

function unauthorized(token: string | undefined, { scopes, metadataUrl }: AuthOptions): HttpError {
  const challenge = formatChallenge({
    error: token === undefined ? undefined : 'invalid_token',
    description: token === undefined ? undefined : 'The token is unknown, expired or not for this server',
    scopes,
    metadataUrl: metadataUrl(),
  });
  const message = token === undefined ? 'Unauthorized: a bearer token is required' : 'Unauthorized: invalid token';
  return new HttpError(401, ErrorCode.transport, message, { headers: { 'WWW-Authenticate': challenge } });
}

function insufficient(scopes: readonly string[], options: AuthOptions): HttpError {
  const headers = { 'WWW-Authenticate': scopeChallenge(scopes, options) };
  const message = `This needs the scope: ${scopes.join(' ')}`;
  return new HttpError(403, ErrorCode.insufficientScope, message, { headers, data: { scopes } });
}

function scopeChallenge(scopes: readonly string[], { metadataUrl }: AuthOptions): string {
  return formatChallenge({
    error: 'insufficient_scope',
    description: 'The token lacks a scope this needs',
    scopes,
    metadataUrl: metadataUrl(),
  });
}

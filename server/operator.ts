import { createHash, timingSafeEqual } from 'node:crypto';
import type { Request, RequestHandler } from 'express';
import { ErrorCode } from '../protocol/errors.js';
import { HttpError } from '../transports/http.js';
import { hostName, isLoopback, isSameHost } from './hosts.js';

/** What a proxy adds: a request that has one did not begin on this machine, whatever its socket says. */
const FORWARDED = [
  'forwarded',
  'via',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-forwarded-port',
  'x-forwarded-server',
  'x-forwarded-prefix',
  'x-real-ip',
  'x-client-ip',
  'x-cluster-client-ip',
  'cf-connecting-ip',
  'true-client-ip',
  'fly-client-ip',
  'x-original-forwarded-for',
  'x-replit-user-id',
] as const;

const WITHOUT_TOKEN = 'Only from this machine, without a proxy: set DEBUG_TOKEN to read this otherwise';
const WITHOUT_TOKEN_BEHIND_PROXY = 'Only with a token, since there is a proxy in front: set DEBUG_TOKEN to read this';
const WRONG_TOKEN = 'Only from this machine, or with DEBUG_TOKEN as a bearer token';
const WRONG_TOKEN_BEHIND_PROXY =
  'Only with DEBUG_TOKEN as a bearer token, also from this machine, since there is a proxy in front';

export interface OperatorOptions {
  readonly token: string | undefined;
  /** Whether there is a proxy in front, which may send the whole world's requests on as if they began here. */
  readonly isBehindProxy: boolean;
}

/** Whether a token can come as a bearer token: in one word, of characters that a header may have. */
export function canBeSent(token: string): boolean {
  return /^[\x21-\x7e]+$/.test(token);
}

/**
 * Lets only the operator by: somebody on this machine, or whoever has the token. A page of another origin is neither,
 * though it may use the doors. Behind a proxy only the token counts: some send no word of whose requests they carry.
 * @throws Error for a token that no header can carry
 */
export function operatorOnly({ token, isBehindProxy }: OperatorOptions): RequestHandler {
  if (token !== undefined && !canBeSent(token)) throw new Error('debugToken: no header can carry it');
  const expected = token === undefined ? undefined : digest(token);
  return function operatorOnly(req, _res, next) {
    if (!isOwnOrigin(req)) throw refuse(403, 'Only pages of this server may read this');
    const given = /^Bearer +(\S+)$/i.exec(req.headers.authorization ?? '')?.[1];
    const hasToken = expected !== undefined && given !== undefined && timingSafeEqual(digest(given), expected);
    if (hasToken || (!isBehindProxy && isLocal(req))) return next();
    if (expected === undefined) throw refuse(403, isBehindProxy ? WITHOUT_TOKEN_BEHIND_PROXY : WITHOUT_TOKEN);
    throw refuse(401, isBehindProxy ? WRONG_TOKEN_BEHIND_PROXY : WRONG_TOKEN, {
      'WWW-Authenticate': 'Bearer realm="operator"',
    });
  };
}

function isLocal({ socket, headers }: Request): boolean {
  const address = socket.remoteAddress?.replace(/^::ffff:/i, '') ?? '';
  const name = hostName(headers.host);
  const isDirect = FORWARDED.every((header) => headers[header] === undefined);
  return isDirect && isLoopback(address) && name !== undefined && isLoopback(name);
}

function isOwnOrigin({ headers }: Request): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return false;
  const { origin, host } = headers;
  return origin === undefined || isSameHost(origin, host);
}

function refuse(status: number, message: string, headers: Record<string, string> = {}): HttpError {
  return new HttpError(status, ErrorCode.transport, message, { headers, refusal: 'operator' });
}

function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

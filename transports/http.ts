import type { ServerResponse } from 'node:http';
import { ErrorCode, type RpcError } from '../protocol/errors.js';
import { errorResponse, formatMessage, type RequestId, type Response } from '../protocol/json-rpc.js';

/** The headers of an answer, each of which is said once. */
export type Headers = Readonly<Record<string, string>>;

/** A refusal with its HTTP status; what reaches a client is JSON-RPC either way. */
export class HttpError extends Error {
  override readonly name = 'HttpError';

  constructor(
    readonly status: number,
    readonly code: number,
    message: string,
    readonly extra: {
      readonly headers?: Headers;
      readonly data?: unknown;
      readonly id?: RequestId | undefined;
      /** What it is counted as, where its status does not say enough. */
      readonly refusal?: string | undefined;
    } = {},
  ) {
    super(message);
  }
}

/** 404 for a session nobody may use: unknown, expired, closed, or somebody else's. Always the same bytes. */
export function sessionNotFound(id?: RequestId): HttpError {
  return new HttpError(404, ErrorCode.sessionNotFound, 'Session not found', { id, refusal: 'unknown session' });
}

/** What makes a request come too early: there is no room, the server goes away, or what it needs does not answer. */
export type Unavailability = 'limit' | 'draining' | 'store' | 'issuer';

/** 503: nothing was made; come back later. */
export function unavailable(
  refusal: Unavailability,
  message: string,
  { id, retrySeconds = 5 }: { readonly id?: RequestId; readonly retrySeconds?: number } = {},
): HttpError {
  return new HttpError(503, ErrorCode.transport, message, {
    headers: { 'Retry-After': String(retrySeconds) },
    id,
    refusal,
  });
}

export function badRequest(error: RpcError, id?: RequestId): HttpError {
  return new HttpError(400, error.code, error.message, { data: error.data, id });
}

/** The status a response travels with, when it is all that a POST gets. */
export function statusOf(response: Response, isModern: boolean): number {
  if (!('error' in response)) return 200;
  switch (response.error.code) {
    case ErrorCode.insufficientScope:
      return 403;
    case ErrorCode.methodNotFound:
      return isModern ? 404 : 200;
    case ErrorCode.headerMismatch:
    case ErrorCode.missingClientCapability:
    case ErrorCode.unsupportedVersion:
      return isModern ? 400 : 200;
    default:
      return 200;
  }
}

/** One JSON body, in one write. */
export function sendJson(res: ServerResponse, status: number, json: string, headers?: Headers): void {
  if (res.headersSent) return;
  const length = String(Buffer.byteLength(json));
  const head = ['Content-Type', 'application/json', 'Cache-Control', 'no-store', 'Content-Length', length];
  res.writeHead(status, withHeaders(head, headers));
  endWith(res, json);
}

/**
 * Sends the body, and ends. `end(body)` makes two pieces of it, the second one empty, and has the system gather them;
 * one piece that is let go at once costs a small answer a tenth less.
 */
export function endWith(res: ServerResponse, body: string): void {
  res.write(body);
  res.socket?.uncork();
  res.end();
}

export function sendError(res: ServerResponse, error: HttpError): void {
  const { status, code, message, extra } = error;
  sendJson(res, status, formatMessage(errorResponse(extra.id, { code, message, data: extra.data })), extra.headers);
}

/** 204: it is done, and there is nothing more to say. */
export function sendNothing(res: ServerResponse): void {
  res.writeHead(204, NO_STORE);
  res.end();
}

/** 202 for what has no response on this POST. Some clients accept only an empty body or the word `Accepted`. */
export function sendAccepted(res: ServerResponse, body: '' | 'Accepted' = '', headers?: Headers): void {
  const head = body === '' ? EMPTY : ACCEPTED;
  res.writeHead(202, withHeaders(head, headers));
  if (body === '') res.end();
  else endWith(res, body);
}

/** A head as Node takes it in one go (name, value, name, value), with these behind it where there are any. */
export function withHeaders(head: string[], headers: Headers | undefined): string[] {
  if (headers === undefined) return head;
  const whole = [...head];
  for (const [name, value] of Object.entries(headers)) whole.push(name, value);
  return whole;
}

const NO_STORE = ['Cache-Control', 'no-store'];
const EMPTY = [...NO_STORE, 'Content-Length', '0'];
const ACCEPTED = [...NO_STORE, 'Content-Type', 'text/plain', 'Content-Length', '8'];

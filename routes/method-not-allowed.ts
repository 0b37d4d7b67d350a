import type { RequestHandler } from 'express';
import { ErrorCode } from '../protocol/errors.js';
import { HttpError } from '../transports/http.js';

/** For every verb a path does not know. */
export function methodNotAllowed(allow: string): RequestHandler {
  return function methodNotAllowed() {
    throw new HttpError(405, ErrorCode.transport, 'Method not allowed', { headers: { Allow: allow } });
  };
}

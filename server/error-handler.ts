import type { ErrorRequestHandler, RequestHandler } from 'express';
import { ErrorCode } from '../protocol/errors.js';
import { ClientGone, leaveUnread } from '../transports/body.js';
import { HttpError, sendError } from '../transports/http.js';
import { idOf } from '../protocol/json-rpc.js';
import { notesOf } from '../routes/visit-of.js';
import { clip } from './clip.js';

/** For paths nobody knows: a body that clients can parse. */
export function notFound(): RequestHandler {
  return function notFound() {
    throw new HttpError(404, ErrorCode.transport, 'Not found');
  };
}

/** The last word on whatever a route threw. Ours stays here; the client reads that it was ours. */
export function errorHandler(onFault: (error: unknown, where: string) => void): ErrorRequestHandler {
  return function errorHandler(error: unknown, req, res, _next) {
    if (error instanceof ClientGone) return void res.destroy();
    if (!(error instanceof HttpError)) onFault(error, `${req.method} ${clip(req.path)}`);
    // A stream that has begun cannot be answered any more.
    if (res.headersSent) return void res.destroy();
    leaveUnread(req, res);
    sendError(res, named(toHttpError(error), notesOf(res)?.body));
  };
}

// Where it was thrown nobody may have known which request it was about.
function named(error: HttpError, body: unknown): HttpError {
  const id = error.extra.id ?? idOf(body);
  return id === undefined ? error : new HttpError(error.status, error.code, error.message, { ...error.extra, id });
}

function toHttpError(error: unknown): HttpError {
  if (error instanceof HttpError) return error;
  // What Express says of a path it cannot decode.
  const status = (error as { status?: unknown } | undefined)?.status;
  if (status === 400) return new HttpError(400, ErrorCode.invalidRequest, 'Bad request');
  return new HttpError(500, ErrorCode.internalError, 'Internal error');
}

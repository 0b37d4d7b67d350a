import { createServer, IncomingMessage, type Server, ServerResponse } from 'node:http';
import express, { type Express } from 'express';
import { AppResponse } from './app-response.js';
import { answerUnusual } from './unusual-request.js';
import { refuseBrokenRequest } from './broken-request.js';

const HEADERS_TIMEOUT_MS = 15_000;
const REQUEST_TIMEOUT_MS = 30_000;
export interface HttpServerOptions {
  /** How long a client may take to send its headers, and its whole request. */
  readonly headersTimeoutMs: number;
  readonly requestTimeoutMs: number;
}

const KEEP_ALIVE_TIMEOUT_MS = 75_000;

/**
 * An HTTP server for an Express app whose requests and responses are born with Express' prototypes. Express would give
 * each of them another prototype otherwise, which throws away what V8 knows of their shape: two thirds of the time of a
 * small request.
 */
export function createHttpServer(app: Express, options: HttpServerOptions): Server {
  const { headersTimeoutMs, requestTimeoutMs } = options;
  class AppRequest extends IncomingMessage {}
  class AppResponse extends ServerResponse {}
  adopt(app, 'request', AppRequest.prototype, express.request);
  adopt(app, 'response', AppResponse.prototype, express.response);
  const server = createServer(
    {
      IncomingMessage: AppRequest,
      ServerResponse: OwnResponse,
      headersTimeout: headersTimeoutMs,
      requestTimeout: requestTimeoutMs,
      // How often Node looks for those that are over: its own 30 s would double what was promised.
      connectionsCheckingInterval: Math.min(1000, Math.ceil(headersTimeoutMs / 4)),
      // The guard answers in JSON; Node would answer with an empty body.
      requireHostHeader: false,
      keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
      noDelay: true,
    },
    app,
  // Beyond its limit Node drops headers without a word; the guard counts them and refuses.
  server.maxHeadersCount = 0;
  );
  answerUnusual(server);
  server.on('clientError', refuseBrokenRequest);
  return server;
}

function adopt(app: Express, key: 'request' | 'response', prototype: object, base: object): void {
  Object.setPrototypeOf(prototype, base);
  Object.defineProperty(prototype, 'app', { value: app, configurable: true, writable: true });
  Object.defineProperty(app, key, { value: prototype, configurable: true, writable: true });
}

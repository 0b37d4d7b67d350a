import { createServer, IncomingMessage, type Server } from 'node:http';
import express, { type Express } from 'express';
import { AppResponse } from './app-response.js';
import { answerUnusual } from './unusual-request.js';
import { refuseBrokenRequest, refuseConnection, type RefusedConnection } from './broken-request.js';

const KEEP_ALIVE_TIMEOUT_MS = 75_000;

export interface HttpServerOptions {
  /** How long a client may take to send its headers, and its whole request. */
  readonly headersTimeoutMs: number;
  readonly requestTimeoutMs: number;
}

/** Hears of what was answered and is no request that the app could see. */
export type OnRefused = (refused: RefusedConnection) => void;

/**
 * An HTTP server for an Express app whose requests and responses are born with Express' prototypes. Express would give
 * each of them another prototype otherwise, which throws away what V8 knows of their shape: two thirds of the time of a
 * small request.
 */
export function createHttpServer(app: Express, options: HttpServerOptions, onRefused?: OnRefused): Server {
  const { headersTimeoutMs, requestTimeoutMs } = options;
  class AppRequest extends IncomingMessage {}
  class OwnResponse<R extends IncomingMessage = IncomingMessage> extends AppResponse<R> {}
  Object.setPrototypeOf(AppRequest.prototype, express.request);
  adopt(app, 'request', AppRequest.prototype);
  adopt(app, 'response', OwnResponse.prototype);
  const server = createServer(
    {
      IncomingMessage: AppRequest,
      ServerResponse: OwnResponse,
      headersTimeout: headersTimeoutMs,
      requestTimeout: requestTimeoutMs,
      keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
      // How often Node looks for those that are over: its own 30 s would double what was promised.
      connectionsCheckingInterval: Math.min(1000, Math.ceil(headersTimeoutMs / 4)),
      // The guard answers in JSON; Node would answer with an empty body.
      requireHostHeader: false,
      noDelay: true,
    },
    (req, res) => {
      if (canBeRouted(req.url)) app(req, res);
      else refuseConnection(req.socket, 400, onRefused);
    },
  );
  // Beyond its limit Node drops headers without a word; the guard counts them and refuses.
  server.maxHeadersCount = 0;
  server.on('clientError', (error, socket) => refuseBrokenRequest(error, socket, onRefused));
  answerUnusual(server, onRefused);
  return server;
}

// Express asks nobody about a target that it cannot take apart, and answers in HTML.
function canBeRouted(target = ''): boolean {
  return target.startsWith('/') || target === '*' || URL.canParse(target);
}

function adopt(app: Express, key: 'request' | 'response', prototype: object): void {
  Object.defineProperty(prototype, 'app', { value: app, configurable: true, writable: true });
  Object.defineProperty(app, key, { value: prototype, configurable: true, writable: true });
}

/** What Node gives an event of its own to, instead of taking it for a request: answered as everything else is. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { ErrorCode } from '../protocol/errors.js';
import { inviteLater } from '../transports/body.js';
import { HttpError, sendError } from '../transports/http.js';
import { refuseConnection } from './broken-request.js';

export function answerUnusual(server: Server): void {
  // Tunnels are for proxies.
  server.on('connect', (_req: IncomingMessage, socket) => refuseConnection(socket, 405));
  // Node would ask for the body before anybody has looked at the headers.
  server.on('checkContinue', (req: IncomingMessage, res: ServerResponse) => {
    inviteLater(req);
    server.emit('request', req, res);
  });
  server.on('checkExpectation', (_req: IncomingMessage, res: ServerResponse) => {
    res.setHeader('X-Content-Type-Options', 'nosniff');
    res.shouldKeepAlive = false;
    sendError(res, new HttpError(417, ErrorCode.transport, 'Expectation Failed'));
  });
}

/** What Node gives an event of its own to, instead of taking it for a request: answered as everything else is. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { inviteLater } from '../transports/body.js';
import { refuseConnection, type RefusedConnection } from './broken-request.js';

export function answerUnusual(server: Server, onRefused?: (refused: RefusedConnection) => void): void {
  // Tunnels are for proxies.
  server.on('connect', (_req: IncomingMessage, socket) => refuseConnection(socket, 405, onRefused));
  // Node would ask for the body before anybody has looked at the headers.
  server.on('checkContinue', (req: IncomingMessage, res: ServerResponse) => {
    inviteLater(req);
    server.emit('request', req, res);
  });
  // Node would answer without a word; the guard does in ours.
  server.on('checkExpectation', (req: IncomingMessage, res: ServerResponse) => {
    res.shouldKeepAlive = false;
    server.emit('request', req, res);
  });
}

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { expect, it } from '@jest/globals';
import { answerUnusual } from '../../../server/unusual-request.js';
import { RawSocket } from '../../support/raw-socket.js';

it('lets a client go that asks for a tunnel and breaks the connection off', async () => {
  const server = createServer();
  answerUnusual(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const tunnel = new Promise<Duplex>((resolve) => server.once('connect', (_req, socket) => resolve(socket)));
  const client = await RawSocket.open(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  await client.write('CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n');
  const socket = await tunnel;
  const closed = new Promise((resolve) => socket.once('close', resolve));
  // Without one its error would be an uncaught exception.
  const listeners = socket.listenerCount('error');
  client.reset();
  await closed;
  server.close();
  expect(listeners).toBeGreaterThan(0);
});

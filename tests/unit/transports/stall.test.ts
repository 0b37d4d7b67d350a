import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, it, jest } from '@jest/globals';
import { watchDelivery } from '../../../transports/stall.js';
import { formatRequest, RawSocket } from '../../support/raw-socket.js';
import { until } from '../../support/until.js';

afterEach(() => {
  jest.restoreAllMocks();
});

it('looks no more after answers that wait for their turn on a connection that is gone', async () => {
  const begun = jest.spyOn(globalThis, 'setInterval');
  const ended = jest.spyOn(globalThis, 'clearInterval');
  let requests = 0;
  const server = createServer((_req, res) => {
    requests += 1;
    // The first is never answered, so that the others wait for it.
    if (requests === 1) return;
    res.end('x'.repeat(1000));
    watchDelivery(res, 20, () => undefined);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = await RawSocket.open(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  await socket.write(Buffer.concat(Array<Buffer>(4).fill(formatRequest(socket.host))));
  await until('all have come', () => requests === 4);
  const timers = begun.mock.results.slice(-3).map(({ value }) => value);
  socket.close();
  const over = (): unknown[] => ended.mock.calls.map(([timer]) => timer);
  await until('nobody looks any more', () => timers.every((timer) => over().includes(timer)));
  server.close();
});

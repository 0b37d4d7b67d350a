import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from '@jest/globals';
import { call, rpc } from '../support/http-call.js';
import { openLegacy } from '../support/legacy-pair.js';
import { useServers } from '../support/servers.js';

const start = useServers();
const others: Server[] = [];

afterEach(async () => {
  for (const server of others.splice(0)) {
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  }
});

it('serves its app on a server of somebody else too, also while it listens on its own', async () => {
  const { mcp } = await start();
  const other = createServer(mcp.app).listen(0, '127.0.0.1');
  others.push(other);
  await once(other, 'listening');
  const url = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
  expect((await call(`${url}/mcp`, { body: rpc('ping') })).json).toEqual({ jsonrpc: '2.0', id: 1, result: {} });
  const pair = await openLegacy(url);
  await pair.send(rpc('ping'));
  expect(await pair.reader.nextMessage()).toMatchObject({ id: 1 });
  pair.close();
});

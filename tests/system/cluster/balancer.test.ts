// The balancer of `npm run cluster`, in front of instances that are told what to say.
import { afterEach, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createBalancer } from '../../../scripts/balancer.js';
import { call, post, type Reply } from '../../support/cluster/visitor.js';

const closing: Server[] = [];

afterEach(async () => {
  for (const server of closing.splice(0)) {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  }
});

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(server);
  return (server.address() as AddressInfo).port;
}

class Instance {
  asked = 0;
  status = 200;
  isDying = false;
  port = 0;
  readonly server = createServer((req, res) => {
    this.asked += 1;
    req.resume();
    if (this.isDying) return void req.socket.destroy();
    res.writeHead(this.status, { 'Content-Type': 'application/json', 'Retry-After': '5' });
    res.end(`{"port":${this.port}}`);
  });

  static async start(): Promise<Instance> {
    const instance = new Instance();
    instance.port = await listen(instance.server);
    return instance;
  }
}

async function startAll(): Promise<{ a: Instance; b: Instance; ask: () => Promise<Reply> }> {
  const [a, b] = [await Instance.start(), await Instance.start()];
  const port = await listen(createBalancer(() => [a.port, b.port]).server);
  return { a, b, ask: () => post(`http://127.0.0.1:${port}/mcp`, call('who')) };
}

it('asks one after the other', async () => {
  const { a, b, ask } = await startAll();
  for (let n = 0; n < 6; n += 1) expect((await ask()).status).toBe(200);
  expect([a.asked, b.asked]).toEqual([3, 3]);
});

it('leaves an instance alone for a moment that said 503, so that it can go', async () => {
  const { a, b, ask } = await startAll();
  a.status = 503;
  for (let n = 0; n < 6; n += 1) expect((await ask()).body).toEqual({ port: b.port });
  expect([a.asked, b.asked]).toEqual([1, 6]);
});

it('takes to another what an instance that is not there refused, and leaves it alone', async () => {
  const { a, b, ask } = await startAll();
  closing.splice(closing.indexOf(a.server), 1);
  a.server.close();
  for (let n = 0; n < 6; n += 1) expect((await ask()).body).toEqual({ port: b.port });
});

it('passes on what they say when all of them say 503, and goes on when they do', async () => {
  const { a, b, ask } = await startAll();
  a.status = b.status = 503;
  for (let n = 0; n < 3; n += 1) {
    const { status, headers } = await ask();
    expect([status, headers.get('retry-after')]).toEqual([503, '5']);
  }
  a.status = b.status = 200;
  expect((await ask()).status).toBe(200);
});

it('never sends again what an instance was cut off from', async () => {
  const { a, b, ask } = await startAll();
  a.isDying = b.isDying = true;
  expect((await ask()).status).toBe(502);
  expect(a.asked + b.asked).toBe(1);
});

// Whatever can grow has an end: at it a client is told to come back later, and nothing is made.
import { afterEach, describe, expect, it } from '@jest/globals';
import type { Server } from 'node:http';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import express from 'express';
import { defineTool } from '../../tools/define-tool.js';
import { gabble } from '../support/gabby-tools.js';
import { call, rpc, type HttpReply } from '../support/http-call.js';
import { quiet, useLeakNet } from '../support/leak-net.js';
import { openLegacy } from '../support/legacy-pair.js';
import { openSession } from '../support/mcp-session.js';
import { callModern, streamModern } from '../support/modern-call.js';
import { RawSocket } from '../support/raw-socket.js';
import { isMessage } from '../support/sse-reader.js';
import { until } from '../support/until.js';
import { waitingTool } from '../support/waiting-tool.js';

const sockets: RawSocket[] = [];
const hosts: Server[] = [];

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.close();
  for (const host of hosts.splice(0)) {
    const closed = once(host, 'close');
    host.close();
    host.closeAllConnections();
    await closed;
  }
});

const start = useLeakNet();

function expectLater(reply: HttpReply): void {
  expect(reply.status).toBe(503);
  expect(Number(reply.header('retry-after'))).toBeGreaterThan(0);
  expect(reply.json.error.message).toMatch(/^Too many/);
}

const initialize = rpc('initialize', {
  protocolVersion: '2025-11-25',
  capabilities: {},
  clientInfo: { name: 'c', version: '1' },
});

describe('sessions', () => {
  it('are refused beyond MAX_SESSIONS on both doors, and there is room again when one ends, however it ends', async () => {
    const server = await start({ maxSessions: 2, legacyResumeMs: 50, sessionIdleMs: 60_000 });
    const one = await openSession(server.url);
    const pair = await openLegacy(server.url);
    for (let n = 0; n < 3; n += 1) {
      expectLater(await call(`${server.url}/mcp`, { body: initialize }));
      expectLater(await call(`${server.url}/sse`, { headers: { Accept: 'text/event-stream' } }));
    }
    expect(server.mcp.sessions.size).toBe(2);
    expect(server.mcp.streams.size).toBe(1);
    await one.delete();
    const two = await openSession(server.url);
    pair.close();
    await until('the legacy session is over', () => server.mcp.sessions.size === 1);
    (await openLegacy(server.url)).close();
    await two.delete();
    await quiet(server);
  });
});

describe('calls in flight', () => {
  it('are refused beyond MAX_CALLS_PER_SESSION, on both doors and in batches', async () => {
    const waiting = waitingTool();
    const server = await start({ tools: [waiting.tool], maxCallsPerSession: 2 });
    const wait = (id: number): object => rpc('tools/call', { name: 'wait' }, id);
    const pair = await openLegacy(server.url);
    await pair.send(wait(1));
    await pair.send(wait(2));
    expectLater(await pair.post(wait(3)));
    const session = await openSession(server.url, { revision: '2025-03-26' });
    const running = session.post(wait(1));
    await waiting.started(3);
    expectLater(await session.post([wait(2), wait(3)]));
    expect(server.mcp.calls.size).toBe(3);
    expect(waiting.signals).toHaveLength(3);
    // What is no call has always room.
    expect(
      (await session.post({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } })).status,
    ).toBe(202);
    await running;
    waiting.finish();
    expect((await session.post(wait(4))).messages).toHaveLength(1);
    pair.close();
    await session.delete();
  });

  it('are refused beyond MAX_CALLS for those without a session too, subscriptions among them', async () => {
    const waiting = waitingTool();
    const server = await start({ tools: [waiting.tool], maxCalls: 3 });
    const plain = call(`${server.url}/mcp`, { body: rpc('tools/call', { name: 'wait' }) });
    const another = callModern(server.url, 'tools/call', { name: 'wait' });
    const listening = await streamModern(server.url, 'subscriptions/listen', {
      notifications: { toolsListChanged: true },
    });
    await waiting.started(2);
    expectLater(await callModern(server.url, 'tools/list'));
    expectLater(await call(`${server.url}/mcp`, { body: rpc('ping') }));
    const pair = await openLegacy(server.url);
    expectLater(await pair.post(rpc('ping')));
    listening.close();
    await until('there is room', () => server.mcp.calls.size === 2);
    expect((await callModern(server.url, 'tools/list')).status).toBe(200);
    waiting.finish();
    await Promise.all([plain, another]);
    pair.close();
  });
});

describe('questions', () => {
  it('to one client are no more than its calls may be; the handler is told', async () => {
    const problems: string[] = [];
    const curious = defineTool({
      name: 'curious',
      description: 'Asks much.',
      async run(_args, context) {
        const asked = Array.from({ length: 50 }, () => context.listRoots());
        const answers = await Promise.allSettled(asked);
        for (const answer of answers) if (answer.status === 'rejected') problems.push(String(answer.reason));
        return 'asked';
      },
    });
    const server = await start({ tools: [curious], maxCallsPerSession: 5, askTimeoutMs: 100 });
    const session = await openSession(server.url, { capabilities: { roots: {} } });
    const { messages } = await session.post(rpc('tools/call', { name: 'curious' }));
    expect(messages.filter(({ method }) => method === 'roots/list')).toHaveLength(5);
    expect(problems.filter((problem) => problem.includes('too much'))).toHaveLength(45);
    expect([...server.mcp.sessions].map(({ openQuestions }) => openQuestions)).toEqual([0]);
    await session.delete();
  });
});

describe('connections', () => {
  it('that are taken over and not read are let go of after STALL_MS, however many there are', async () => {
    const server = await start({ tools: [gabble], stallMs: 2000, replayBytes: 20_000_000, toolTimeoutMs: 60_000 });
    const session = await openSession(server.url);
    const listening = await session.get();
    const talk = rpc('tools/call', { name: 'gabble', arguments: { count: 60, size: 200_000 } });
    await session.post(talk, { headers: { Accept: 'application/json' } });
    await until('all has arrived', () => listening.events.filter(isMessage).length === 60);
    const [first] = listening.events;
    let most = 0;
    for (let n = 0; n < 6; n += 1) {
      const socket = await RawSocket.open(server.url);
      sockets.push(socket);
      const headers = { Accept: 'text/event-stream', ...session.headers, 'Last-Event-ID': first?.id };
      const [held] = server.mcp.sessions;
      const before = held?.writers.get('m');
      await socket.send({ path: '/mcp', headers });
      await until('it has taken over', () => held?.writers.get('m') !== before);
      await until('it is behind', () => (held?.writers.get('m')?.unsentBytes ?? 0) > 0);
      most = Math.max(most, server.mcp.streams.delivering);
    }
    expect(most).toBeGreaterThan(0);
    await until('the others are gone', () => server.mcp.streams.delivering === 0);
    await session.delete();
  });
});

describe('whatever way a call or stream ends', () => {
  it('nothing is left of it', async () => {
    const waiting = waitingTool();
    const server = await start({ tools: [gabble, waiting.tool], legacyResumeMs: 50, streamAfterMs: 10 });
    const ways: (() => Promise<unknown>)[] = [
      async () => {
        const session = await openSession(server.url);
        await session.post(rpc('tools/call', { name: 'gabble', arguments: { count: 3 } }));
        await session.delete();
      },
      async () => {
        const session = await openSession(server.url);
        const reader = await session.stream(rpc('tools/call', { name: 'wait' }));
        await session.get();
        reader.close();
        await session.delete();
      },
      async () => {
        const pair = await openLegacy(server.url);
        await pair.send(rpc('tools/call', { name: 'wait' }, 1));
        await pair.send(rpc('tools/call', { name: 'gabble', arguments: { count: 3 } }, 2));
        pair.close();
      },
      async () => (await streamModern(server.url, 'tools/call', { name: 'wait' })).close(),
      async () => (await streamModern(server.url, 'subscriptions/listen', { notifications: {} })).close(),
      () => call(`${server.url}/mcp`, { body: 'no json' }),
    ];
    for (let round = 0; round < 3; round += 1) await Promise.all(ways.map((way) => way()));
    await quiet(server);
  });
});

describe('a host application that has answered in our place', () => {
  it('does not bring the process down when the call becomes a stream', async () => {
    const waiting = waitingTool();
    const server = await start({ tools: [waiting.tool], streamAfterMs: 50 });
    const app = express();
    app.use((_req, res, next) => {
      // As a middleware with a time limit does.
      setTimeout(() => res.headersSent || res.writeHead(504).end('host'), 10);
      next();
    });
    app.use(server.mcp.router());
    const host = app.listen(0, '127.0.0.1');
    hosts.push(host);
    await once(host, 'listening');
    const address = host.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const body = rpc('tools/call', { name: 'wait' });
    const reply = await call(`http://127.0.0.1:${port}/mcp`, { body, isOurs: false });
    expect(reply.status).toBe(504);
    await waiting.started();
    await delay(150);
    expect(server.mcp.streams.size).toBe(0);
    waiting.finish();
    await quiet(server);
  });
});

// A server that is told to stop takes nothing new, finishes what it has, says goodbye, and is gone.
import { afterEach, describe, expect, it } from '@jest/globals';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { defineTool } from '../../tools/define-tool.js';
import { startChild } from '../support/child-server.js';
import { within } from '../support/clients/within.js';
import { call, openStream, rpc } from '../support/http-call.js';
import { useLeakNet } from '../support/leak-net.js';
import { openLegacy } from '../support/legacy-pair.js';
import { openSession } from '../support/mcp-session.js';
import { callModern, streamModern } from '../support/modern-call.js';
import { formatRequest, RawSocket } from '../support/raw-socket.js';
import { isMessage } from '../support/sse-reader.js';
import { until } from '../support/until.js';
import { waitingTool } from '../support/waiting-tool.js';

const closing: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const start = useLeakNet();
const initialize = rpc('initialize', {
  protocolVersion: '2025-11-25',
  capabilities: {},
  clientInfo: { name: 'c', version: '1' },
});

describe('a server that drains', () => {
  it('says so, and refuses new sessions and calls with 503 and Retry-After while those in flight finish', async () => {
    const waiting = waitingTool();
    const server = await start({ tools: [waiting.tool], drainMs: 20_000 });
    const session = await openSession(server.url);
    const pair = await openLegacy(server.url);
    const running = session.post(rpc('tools/call', { name: 'wait' }, 'a'));
    await pair.send(rpc('tools/call', { name: 'wait' }, 'b'));
    await waiting.started(2);
    const closed = server.close();

    expect((await call(`${server.url}/health`)).json).toMatchObject({ status: 'draining', calls: 2 });
    expect((await call(`${server.url}/ready`)).status).toBe(503);
    const refused = [
      await call(`${server.url}/mcp`, { body: initialize }),
      await call(`${server.url}/mcp`, { body: rpc('ping') }),
      await call(`${server.url}/sse`, { headers: { Accept: 'text/event-stream' } }),
      await callModern(server.url, 'tools/list'),
      await session.post(rpc('ping')),
      await pair.post(rpc('ping')),
    ];
    expect(refused.map(({ status }) => status)).toEqual(refused.map(() => 503));
    expect(refused.every((reply) => Number(reply.header('retry-after')) > 0)).toBe(true);
    expect(waiting.signals.map(({ aborted }) => aborted)).toEqual([false, false]);

    waiting.finish();
    expect((await running).messages).toMatchObject([{ id: 'a', result: {} }]);
    expect(await pair.reader.nextMessage()).toMatchObject({ id: 'b', result: {} });
    await pair.reader.waitForEnd();
    await within(5000, 'the server to be closed', closed);
  });

  it('still hears what its calls wait for: the answer to a question', async () => {
    const asks = defineTool({
      name: 'asks',
      description: 'Asks.',
      run: async (_args, context) => `${(await context.listRoots()).length} roots`,
    });
    const server = await start({ tools: [asks], drainMs: 20_000 });
    const session = await openSession(server.url, { capabilities: { roots: {} } });
    const reader = await session.stream(rpc('tools/call', { name: 'asks' }, 'q'));
    const { id } = await reader.nextMessage();
    const closed = server.close();
    expect((await session.post({ jsonrpc: '2.0', id, result: { roots: [] } })).status).toBe(202);
    expect(await reader.nextMessage()).toMatchObject({ id: 'q', result: { content: [{ text: '0 roots' }] } });
    await within(5000, 'the server to be closed', closed);
  });

  it.each(['legacy', 'mcp', 'sessionless', '2026-07-28'])(
    'does not lose a result that comes right behind progress (%s)',
    async (kind) => {
      const last = defineTool({
        name: 'last',
        description: 'Ends with a word.',
        async run(_args, context) {
          await context.progress(1);
          await started;
          await context.progress(2);
          return 'the last word';
        },
      });
      let go = (): void => undefined;
      const started = new Promise<void>((resolve) => (go = resolve));
      const server = await start({ tools: [last], drainMs: 20_000 });
      const message = rpc('tools/call', { name: 'last', _meta: { progressToken: 1 } }, 'l');
      const reader = await {
        legacy: async () => {
          const pair = await openLegacy(server.url);
          await pair.send(message);
          return pair.reader;
        },
        mcp: async () => (await openSession(server.url)).stream(message),
        sessionless: () => openStream(`${server.url}/mcp`, { body: message }),
        '2026-07-28': () =>
          streamModern(server.url, 'tools/call', { name: 'last' }, { id: 'l', meta: { progressToken: 1 } }),
      }[kind]!();
      await reader.nextMessage();
      const closed = server.close();
      go();
      expect(await reader.nextMessage(({ id }) => id === 'l')).toMatchObject({ result: {} });
      await reader.waitForEnd();
      await closed;
    },
  );

  it('reads what is said late on a connection that it let in, and refuses it', async () => {
    const server = await start();
    const socket = await RawSocket.open(server.url);
    closing.push(() => socket.close());
    // Who comes later is let in later.
    await call(`${server.url}/health`);
    const closed = server.close();
    await until('the port is closed', () =>
      call(`${server.url}/health`).then(
        () => false,
        () => true,
      ),
    );
    await delay(400);
    const headers = { 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream' };
    const reply = await socket.request({ method: 'POST', path: '/mcp', headers, body: JSON.stringify(rpc('ping')) });
    expect([reply.status, reply.header('retry-after'), reply.header('connection')]).toEqual([503, '5', 'close']);
    await within(5000, 'the server to be closed', closed);
  });

  it('aborts what takes longer than DRAIN_MS', async () => {
    const waiting = waitingTool();
    const server = await start({ tools: [waiting.tool], drainMs: 100 });
    const pair = await openLegacy(server.url);
    await pair.send(rpc('tools/call', { name: 'wait' }));
    await waiting.started();
    await within(5000, 'the server to be closed', server.close());
    expect(waiting.signals[0]?.reason).toBe('shutdown');
    await pair.reader.waitForEnd();
  });
});

describe('the streams of a server that stops', () => {
  it('end cleanly; those of 2025-11-25 say retry, others never do', async () => {
    const server = await start({ retryMs: 1234 });
    const [old, current] = [
      await openSession(server.url, { revision: '2025-06-18' }),
      await openSession(server.url, { revision: '2025-11-25' }),
    ];
    const readers = [await old.get(), await current.get(), (await openLegacy(server.url)).reader];
    await readers[1]!.next();
    await server.close();
    await Promise.all(readers.map((reader) => reader.waitForEnd(2000)));
    expect(readers[1]!.events.at(-1)).toEqual({ retry: 1234 });
    expect(readers[0]!.raw).not.toContain('retry');
    expect(readers[2]!.raw).not.toContain('retry');
  });

  it('that are subscriptions end with their result, at once', async () => {
    const server = await start({ drainMs: 20_000 });
    const reader = await streamModern(
      server.url,
      'subscriptions/listen',
      { notifications: { toolsListChanged: true } },
      { id: 's' },
    );
    await reader.nextMessage();
    await within(5000, 'the server to be closed', server.close());
    await reader.waitForEnd();
    const messages = reader.events.filter(isMessage).map(({ data }) => JSON.parse(data) as unknown);
    expect(messages.at(-1)).toMatchObject({
      id: 's',
      result: { resultType: 'complete', _meta: { 'io.modelcontextprotocol/subscriptionId': 's' } },
    });
  });

  it('do not hold it up when their clients do not read, or hold a connection open for nothing', async () => {
    const server = await start({ drainMs: 200, replayBytes: 64_000_000, stallMs: 60_000 });
    const socket = await RawSocket.open(server.url);
    closing.push(() => socket.close());
    await socket.send({ path: '/sse', headers: { Accept: 'text/event-stream' } });
    await until('it is there', () => server.mcp.sessions.size === 1);
    const [session] = server.mcp.sessions;
    for (let id = 0; id < 3; id += 1) {
      const body = rpc('tools/call', { name: 'large_result', arguments: { bytes: 10_000_000 } }, id);
      await call(`${server.url}/messages/?session_id=${session?.id}`, { body });
    }
    await until('it is full', () => [...server.mcp.streams].some(({ unsentBytes }) => unsentBytes > 0));
    const idle = connect(server.port, '127.0.0.1');
    closing.push(() => idle.destroy());
    idle.write(formatRequest('127.0.0.1', { path: '/health' }));
    await new Promise((resolve) => idle.once('data', resolve));
    const half = connect(server.port, '127.0.0.1');
    closing.push(() => half.destroy());
    half.on('error', () => undefined);
    half.write(
      'POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{',
    );
    await delay(50);
    await within(10_000, 'the server to be closed', server.close());
  });

  it('are 5,000, and leave and are left without a word', async () => {
    const COUNT = 5000;
    const child = await startChild({ maxSessions: COUNT, legacyResumeMs: 500, drainMs: 500 });
    closing.push(() => child.close());
    const { hostname, port } = new URL(child.url);
    const open = async (): Promise<Socket> => {
      const socket = connect(Number(port), hostname);
      socket.on('error', () => undefined);
      socket.write(formatRequest(`${hostname}:${port}`, { path: '/sse', headers: { Accept: 'text/event-stream' } }));
      await new Promise((resolve) => socket.once('data', resolve));
      socket.resume();
      return socket;
    };
    const openAll = async (): Promise<Socket[]> => {
      const sockets: Socket[] = [];
      for (let n = 0; n < COUNT; n += 250) sockets.push(...(await Promise.all(Array.from({ length: 250 }, open))));
      return sockets;
    };
    // All at once, half of them without a goodbye.
    const first = await openAll();
    expect((await child.memory()).held).toMatchObject({ sessions: COUNT, streams: COUNT });
    for (const [n, socket] of first.entries())
      if (n % 2 === 0) socket.destroy();
      else socket.resetAndDestroy();
    await until('they are forgotten', async () => (await child.memory()).held.sessions === 0, 30_000);
    expect((await child.memory()).held).toMatchObject({ sessions: 0, streams: 0, delivering: 0 });

    const second = await openAll();
    closing.push(() => second.forEach((socket) => socket.destroy()));
    const ended = Promise.all(second.map((socket) => new Promise((resolve) => socket.once('close', resolve))));
    const begun = performance.now();
    await child.close();
    expect(performance.now() - begun).toBeLessThan(8000);
    await within(10_000, 'all streams to end', ended);
  }, 120_000);
});

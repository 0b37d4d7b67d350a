// "No errors on either side, and it hangs": each way that happens is made to happen, and must be named, in the log and in
// the timeline, so that they can be told apart.
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { Diagnosis } from '../../server/diagnosis.js';
import { defineTool } from '../../tools/define-tool.js';
import { diagnosesOf, readDebug, timelineOf, toldAt } from '../support/debug-api.js';
import { call, rpc } from '../support/http-call.js';
import { openLegacy } from '../support/legacy-pair.js';
import { type LogLines, logLines } from '../support/log-lines.js';
import { openSession } from '../support/mcp-session.js';
import { modern } from '../support/modern-call.js';
import { type RawRequest, RawSocket } from '../support/raw-socket.js';
import { startServer, type TestServer } from '../support/server.js';
import { until } from '../support/until.js';
import { waitingTool } from '../support/waiting-tool.js';

/** Which of the two it is depends on whether the client had read everything. */
const HUNG_UP = expect.stringMatching(/^client closed$|^connection lost$/);

/** Logs before it answers. */
const saying = defineTool({
  name: 'saying',
  description: 'Says something first.',
  input: z.object({}),
  async run(_, call) {
    await call.log('error', 'listen');
    return 'said';
  },
});

/** Logs, and ends when it is told to. */
const lingering = defineTool({
  name: 'lingering',
  description: 'Says something, and no more.',
  input: z.object({}),
  async run(_, call) {
    await call.log('error', 'listen');
    await once(call.signal, 'abort');
    return 'done';
  },
});

type Options = Parameters<typeof startServer>[0];

describe('what went wrong', () => {
  const closing: (() => unknown)[] = [];

  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });

  async function start(options: Options = {}): Promise<{ server: TestServer; log: LogLines }> {
    const log = logLines();
    const server = await startServer({ ...options, log: log.log });
    closing.push(() => server.close());
    return { server, log };
  }

  it('is that the client never opened its stream', async () => {
    const { server, log } = await start();
    const session = await openSession(server.url);
    server.mcp.tools.add(defineTool({ name: 'late', description: 'Comes late.', run: () => 'late' }));
    const line = await log.next('not sent', { diagnosis: Diagnosis.neverOpened });
    expect(line).toMatchObject({ level: 40, method: 'notifications/tools/list_changed' });
    expect(await diagnosesOf(server.url, session.id)).toEqual([Diagnosis.neverOpened]);
    const { sessions } = await readDebug(server.url, 'sessions');
    expect(sessions[0]).toMatchObject({ stream: 'never opened', unheard: 1, diagnosis: Diagnosis.neverOpened });
    await session.delete();
    await log.next('session closed', { diagnosis: Diagnosis.neverOpened, reason: 'deleted' });
  });

  it('is not that, when it lost the stream it had: what came meanwhile is there when it comes back', async () => {
    const { server, log } = await start({ tools: [saying] });
    const session = await openSession(server.url);
    const reader = await session.get();
    reader.close();
    await log.next('exchange', { stream: 'session' });
    const headers = { Accept: 'application/json' };
    expect((await session.post(rpc('tools/call', { name: 'saying' }), { headers })).status).toBe(200);
    const again = await session.get();
    closing.push(() => again.close());
    expect(await again.nextMessage()).toMatchObject({ method: 'notifications/message', params: { data: 'listen' } });
    expect(log.lines.all.map(({ msg }) => msg)).not.toContain('not sent');
  });

  it('is nothing while a client that opened no stream misses nothing', async () => {
    const { server, log } = await start();
    const session = await openSession(server.url);
    await session.post(rpc('tools/list'));
    await session.delete();
    await log.next('exchange', { verb: 'DELETE' });
    expect(log.lines.all.filter(({ diagnosis }) => diagnosis !== undefined)).toEqual([]);
  });

  it.each([
    ['of its own making', '/mcp', 'it was never opened here, or long ago'],
    ['that has ended', '/mcp', /^it ended \d+ s ago: deleted$/],
    ['of the other door', '/messages/', 'it belongs to another caller or door'],
  ])('is that it posted to an unknown session, one %s', async (which, path, detail) => {
    const { server, log } = await start();
    const session = await openSession(server.url);
    if (which === 'that has ended') await session.delete();
    const id = which === 'of its own making' ? '11111111-2222-4333-8444-555555555555' : session.id;
    await call(`${server.url}${path}?session_id=${id}`, {
      body: rpc('tools/list'),
      headers: path === '/mcp' ? { 'Mcp-Session-Id': id } : {},
    });
    const line = await log.next('exchange', { diagnosis: Diagnosis.unknownSession });
    expect(line).toMatchObject({ status: 404, method: 'tools/list' });
    expect(line.detail).toEqual(typeof detail === 'string' ? detail : expect.stringMatching(detail));
    const timeline = await toldAt(server.url, 'timeline');
    expect(timeline.at(-1)?.facts).toMatchObject({ diagnosis: Diagnosis.unknownSession, session: id.slice(0, 8) });
  });

  it('is that it got its answer on another stream than it reads', async () => {
    const { server, log } = await start({ responseRouting: 'stream' });
    const session = await openSession(server.url);
    const reader = await session.get();
    closing.push(() => reader.close());
    expect((await session.post(rpc('tools/list', {}, 'q'))).status).toBe(202);
    await reader.nextMessage(({ id }) => id === 'q');
    const says = { diagnosis: Diagnosis.otherStream, method: 'tools/list' };
    expect(await log.next('exchange', says)).toMatchObject({ answeredOn: 'session stream', status: 202 });
    expect(await diagnosesOf(server.url, session.id)).toEqual([Diagnosis.otherStream]);
  });

  it('is that its answer has no stream to go to', async () => {
    const wait = waitingTool();
    const { server, log } = await start({ tools: [wait.tool] });
    const pair = await openLegacy(server.url);
    await pair.send(rpc('tools/call', { name: 'wait' }));
    await wait.started();
    pair.close();
    await log.next('exchange', { stream: 'legacy', diagnosis: Diagnosis.cut });
    wait.finish();
    expect(await log.next('exchange', { tool: 'wait' })).toMatchObject({
      diagnosis: Diagnosis.noStream,
      answeredOn: 'no stream',
    });
    expect(await diagnosesOf(server.url, pair.id)).toEqual([Diagnosis.cut, Diagnosis.noStream]);
  });

  it('is that the reader stalled', async () => {
    const { server, log } = await start({ stallMs: 60, streamBufferBytes: 20_000 });
    const socket = await RawSocket.open(server.url);
    closing.push(() => socket.close());
    await socket.send({ path: '/sse', headers: { Accept: 'text/event-stream' } });
    const { body } = await socket.head();
    const first = await body[Symbol.asyncIterator]().next();
    const [, id = ''] = /session_id=(\S+)/.exec(String(first.value)) ?? [];
    // From here on nothing is read.
    const flood = async (): Promise<void> => {
      for (let n = 1; n <= 40; n += 1) {
        const body = rpc('tools/call', { name: 'large_result', arguments: { bytes: 500_000 } }, n);
        const { status } = await call(`${server.url}/messages/?session_id=${id}`, { body });
        if (status !== 202) return;
      }
    };
    await flood();
    const line = await log.next('exchange', { stream: 'legacy' });
    expect(line).toMatchObject({ ended: 'stalled', diagnosis: Diagnosis.stalled });
    expect(line.unsentBytes).toBeGreaterThan(0);
    expect(await diagnosesOf(server.url, id)).toContain(Diagnosis.stalled);
  });

  it.each([
    ['one body', 'application/json'],
    ['a stream that was written at once', 'text/event-stream'],
  ])('is that the reader stalled, of an answer in %s', async (_, accept) => {
    const { server, log } = await start({ stallMs: 60 });
    const socket = await RawSocket.open(server.url);
    closing.push(() => socket.close());
    await socket.send(large(accept));
    const line = await log.next('exchange', { tool: 'large_result' });
    expect(line).toMatchObject({ ended: 'stalled', diagnosis: Diagnosis.stalled, status: 200 });
  });

  it('is nothing when a reader is only slow', async () => {
    const { server, log } = await start({ stallMs: 2000 });
    const began = performance.now();
    const socket = await RawSocket.open(server.url);
    closing.push(() => socket.close());
    await socket.send(large('application/json'));
    const { body } = await socket.head('POST');
    let size = 0;
    for await (const piece of body) {
      size += piece.length;
      await delay(20);
    }
    expect(size).toBeGreaterThan(LARGE);
    expect(performance.now() - began).toBeGreaterThan(2000);
    const line = await log.next('exchange', { tool: 'large_result' });
    expect([line.ended, line.diagnosis, line.outcome]).toEqual([undefined, undefined, 'ok']);
  });

  it.each(['application/json', 'text/event-stream'])('is that it broke off a large answer, as %s', async (accept) => {
    const { server, log } = await start();
    const socket = await RawSocket.open(server.url);
    await socket.send(large(accept));
    await socket.bytes(1000);
    socket.reset();
    const line = await log.next('exchange', { tool: 'large_result' });
    expect(line).toMatchObject({ ended: 'connection lost', diagnosis: Diagnosis.cut });
  });

  it.each([
    ['says goodbye', 'client closed', (socket: RawSocket) => socket.close()],
    ['breaks it off', 'connection lost', (socket: RawSocket) => socket.reset()],
  ])('is told of a stream of 2026-07-28 whose client %s, with what it had got by then', async (_, ended, leave) => {
    const { server, log } = await start({ tools: [lingering] });
    const { body, headers } = modern('tools/call', { name: 'lingering' }, { logLevel: 'error' });
    const all = { ...JSON_OR_STREAM, ...headers };
    const socket = await RawSocket.open(server.url);
    await socket.send({ method: 'POST', path: '/mcp', headers: all, body: JSON.stringify(body) });
    const { body: pieces } = await socket.head('POST');
    const first = await pieces[Symbol.asyncIterator]().next();
    leave(socket);
    const line = await log.next('exchange', { tool: 'lingering' });
    expect(line).toMatchObject({ stream: 'post', ended, events: 1, bytes: (first.value as Buffer).length });
    const figures = (await call(`${server.url}/metrics`)).text;
    expect(figures).toContain(`dualgauge_streams_ended_total{kind="post",reason="${ended}"} 1`);
  });

  it('is that something in between cut the connection, with a call on its way', async () => {
    const wait = waitingTool();
    const { server, log } = await start({ tools: [wait.tool], streamAfterMs: 20 });
    const proxy = await startProxy(server.port);
    closing.push(() => proxy.close());
    const session = await openSession(proxy.url);
    const reader = await session.stream(rpc('tools/call', { name: 'wait' }));
    const { id: eventId } = await reader.next();
    proxy.cut();
    const says = { stream: 'post', diagnosis: Diagnosis.cut };
    expect(await log.next('exchange', says)).toMatchObject({ outcome: 'pending', ended: HUNG_UP });

    // The client, as clients do, comes back for the rest.
    const rest = await session.get(eventId);
    closing.push(() => rest.close());
    wait.finish();
    await rest.nextMessage();
    expect(await log.next('stream resumed')).toMatchObject({ diagnosis: Diagnosis.cut, ended: HUNG_UP });
    expect(await log.next('answer', { tool: 'wait' })).toMatchObject({ outcome: 'ok' });
    expect(await diagnosesOf(server.url, session.id)).toEqual([Diagnosis.cut, Diagnosis.cut]);
  });

  it('is that something in between cut a quiet stream: the client that comes back did not leave', async () => {
    const { server, log } = await start();
    const proxy = await startProxy(server.port);
    closing.push(() => proxy.close());
    const pair = await openLegacy(proxy.url);
    proxy.cut();
    expect(await log.next('exchange', { stream: 'legacy' })).not.toHaveProperty('diagnosis');
    const again = await openLegacy(proxy.url, { headers: { 'Last-Event-ID': pair.firstEventId } });
    closing.push(() => again.close());
    expect(await log.next('stream resumed')).toMatchObject({ diagnosis: Diagnosis.cut });
    expect(await diagnosesOf(server.url, pair.id)).toEqual([Diagnosis.cut]);
  });

  it('is that, also when another stream of the session has ended since', async () => {
    const { server, log } = await start({ tools: [saying] });
    const proxy = await startProxy(server.port);
    closing.push(() => proxy.close());
    const session = await openSession(proxy.url);
    const reader = await session.get();
    const { id: eventId } = await reader.next();
    proxy.cut();
    await log.next('exchange', { stream: 'session' });
    const answer = await session.stream(rpc('tools/call', { name: 'saying' }, 'said'));
    await answer.nextMessage(({ id }) => id === 'said');
    await log.next('exchange', { stream: 'post', ended: 'complete' });
    const again = await session.get(eventId);
    closing.push(() => again.close());
    expect(await log.next('stream resumed')).toMatchObject({ ended: HUNG_UP, diagnosis: Diagnosis.cut });
  });

  it('is that, of a client that was given no id to come back with and opens its stream again', async () => {
    const { server, log } = await start();
    const proxy = await startProxy(server.port);
    closing.push(() => proxy.close());
    const session = await openSession(proxy.url, { revision: '2025-06-18' });
    await session.get();
    proxy.cut();
    expect(await log.next('exchange', { stream: 'session' })).not.toHaveProperty('diagnosis');
    const again = await session.get();
    closing.push(() => again.close());
    expect(await log.next('stream opened again')).toMatchObject({ ended: HUNG_UP, diagnosis: Diagnosis.cut });
    expect(await diagnosesOf(server.url, session.id)).toEqual([Diagnosis.cut]);
  });

  it('is nothing when a client opens a second stream and keeps the first', async () => {
    const { server, log } = await start();
    const session = await openSession(server.url);
    const [first, second] = [await session.get(), await session.get()];
    closing.push(() => [first, second].forEach((reader) => reader.close()));
    await first.waitForEnd();
    await log.next('exchange', { stream: 'session', ended: 'taken over' });
    expect(await diagnosesOf(server.url, session.id)).toEqual([]);
  });

  it('is that the connection was broken off with a call on its way', async () => {
    const wait = waitingTool();
    const { server, log } = await start({ tools: [wait.tool] });
    const socket = await RawSocket.open(server.url);
    await socket.send({ path: '/sse', headers: { Accept: 'text/event-stream' } });
    const { body } = await socket.head();
    const first = await body[Symbol.asyncIterator]().next();
    const [, id = ''] = /session_id=(\S+)/.exec(String(first.value)) ?? [];
    await call(`${server.url}/messages/?session_id=${id}`, { body: rpc('tools/call', { name: 'wait' }) });
    await wait.started();
    socket.reset();
    const says = { ended: 'connection lost', diagnosis: Diagnosis.cut };
    expect(await log.next('exchange', { stream: 'legacy' })).toMatchObject(says);
    wait.finish();
  });

  it.each([
    ['handshake', Diagnosis.cut],
    ['2026-07-28', undefined],
  ])('is that who waited for one answer was cut off, unless leaving is how one cancels: %s', async (era, diagnosis) => {
    const wait = waitingTool();
    const { server, log } = await start({ tools: [wait.tool] });
    const { body, headers } =
      era === 'handshake'
        ? { body: rpc('tools/call', { name: 'wait' }), headers: {} }
        : modern('tools/call', { name: 'wait' });
    const socket = await RawSocket.open(server.url);
    await socket.send({
      method: 'POST',
      path: '/mcp',
      headers: { 'Content-Type': 'application/json', Accept: 'application/json', ...headers },
      body: JSON.stringify(body),
    });
    await wait.started();
    socket.close();
    expect((await log.next('exchange', { tool: 'wait', ended: 'client left' })).diagnosis).toBe(diagnosis);
    wait.finish();
  });

  it('is nothing when a client hangs up that waits for nothing', async () => {
    const { server, log } = await start();
    const pair = await openLegacy(server.url);
    pair.close();
    expect(await log.next('exchange', { stream: 'legacy' })).not.toHaveProperty('diagnosis');
  });

  it.each(['/mcp', '/sse'])('is that the tool timed out, over %s', async (path) => {
    const wait = waitingTool();
    const { server, log } = await start({ tools: [wait.tool], toolTimeoutMs: 50, streamAfterMs: 1000 });
    const body = rpc('tools/call', { name: 'wait' });
    if (path === '/mcp') await (await openSession(server.url)).post(body);
    else {
      const pair = await openLegacy(server.url);
      closing.push(() => pair.close());
      await pair.send(body);
    }
    await log.next('exchange', { tool: 'wait', diagnosis: Diagnosis.timeout, outcome: 'timeout' });
    const [session] = (await readDebug(server.url, 'sessions')).sessions;
    expect(await toldAt(server.url, `sessions/${session.id}`)).toContainEqual(
      expect.objectContaining({ facts: expect.objectContaining({ tool: 'wait', diagnosis: Diagnosis.timeout }) }),
    );
  });

  it.each(['/mcp', '/sse'])('is that the token lacks a scope, over %s', async (path) => {
    const token = 'a-token-that-is-long-enough-0123456789';
    const guarded = defineTool({
      name: 'guarded',
      description: 'For some.',
      input: z.object({}),
      scopes: ['math:write'],
      run: () => 'done',
    });
    const { server, log } = await start({
      tools: [guarded],
      authTokens: [{ name: 'ada', token, scopes: ['math:read'] }],
    });
    const headers = { Authorization: `Bearer ${token}` };
    const body = rpc('tools/call', { name: 'guarded' });
    if (path === '/mcp') {
      await call(`${server.url}/mcp`, { headers, body });
    } else {
      const pair = await openLegacy(server.url, { headers });
      closing.push(() => pair.close());
      await pair.post(body);
    }
    const line = await log.next('exchange', { diagnosis: Diagnosis.scope });
    expect(line).toMatchObject({ tool: 'guarded', status: 403, detail: 'needs math:write' });
    expect(line.principal).toMatch(/ada/);
    const timeline = await toldAt(server.url, 'timeline');
    expect(timeline).toContainEqual(
      expect.objectContaining({ facts: expect.objectContaining({ tool: 'guarded', diagnosis: Diagnosis.scope }) }),
    );
    expect(log.text()).not.toContain(token);
  });

  it('is told with what happened before it', async () => {
    const wait = waitingTool();
    const { server } = await start({ tools: [wait.tool], toolTimeoutMs: 50 });
    const session = await openSession(server.url);
    await session.post({ jsonrpc: '2.0', method: 'notifications/initialized' });
    await session.post(rpc('tools/call', { name: 'wait' }));
    let items = await timelineOf(server.url, session.id);
    await until('the call is told of', async () => {
      items = await timelineOf(server.url, session.id);
      return items.length === 3;
    });
    expect(items.map(({ facts }) => facts.method)).toEqual(['initialize', 'notifications/initialized', 'tools/call']);
    expect(items.map(({ at }) => at)).toEqual(items.map(({ at }) => at).sort());
  });
});

const LARGE = 10_000_000;
const JSON_OR_STREAM = { 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream' };

/** Asks for more than any system takes at once. */
function large(accept: string): RawRequest {
  const { body, headers } = modern('tools/call', { name: 'large_result', arguments: { bytes: LARGE } });
  const all = { ...JSON_OR_STREAM, ...headers, Accept: accept };
  return { method: 'POST', path: '/mcp', headers: all, body: JSON.stringify(body) };
}

/** Something in between that can lose every connection at once, in order on both sides. */
async function startProxy(port: number): Promise<{ url: string; cut: () => void; close: () => void }> {
  const open = new Set<Socket>();
  const proxy = createServer((client) => {
    const upstream = connect(port, '127.0.0.1');
    for (const socket of [client, upstream]) {
      open.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => open.delete(socket));
    }
    client.pipe(upstream);
    upstream.pipe(client);
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const address = proxy.address();
  const cut = (): void => {
    for (const socket of open) socket.destroy();
  };
  return {
    url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`,
    cut,
    close: () => {
      cut();
      proxy.close();
    },
  };
}

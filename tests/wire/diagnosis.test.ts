// "No errors on either side, and it hangs": each way that happens is made to happen, and must be named, in the log and in
// the timeline, so that they can be told apart.
import { connect, createServer, type Socket } from 'node:net';
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
import { RawSocket } from '../support/raw-socket.js';
import { startServer, type TestServer } from '../support/server.js';
import { until } from '../support/until.js';
import { waitingTool } from '../support/waiting-tool.js';

/** Which of the two it is depends on whether the client had read everything. */
const HUNG_UP = expect.stringMatching(/^client closed$|^connection lost$/);

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

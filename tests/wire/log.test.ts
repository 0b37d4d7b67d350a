// What is logged of an exchange: one line that tells all, and nothing that is private.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { shortenSessionId } from '../../transports/session-id.js';
import { defineTool } from '../../tools/define-tool.js';
import { timelineOf } from '../support/debug-api.js';
import { call, type HttpCall, rpc } from '../support/http-call.js';
import { openLegacy } from '../support/legacy-pair.js';
import { type LogLines, logLines } from '../support/log-lines.js';
import { openSession } from '../support/mcp-session.js';
import { callModern } from '../support/modern-call.js';
import { RawSocket } from '../support/raw-socket.js';
import { startServer, type TestServer } from '../support/server.js';
import { waitingTool } from '../support/waiting-tool.js';

const SECRET = 'hunter2-hunter2-hunter2-hunter2-h';

const login = defineTool({
  name: 'login',
  description: 'Takes a secret and gives one.',
  input: z.object({ password: z.string() }),
  run: ({ password }) => JSON.stringify({ accessToken: password }),
});

describe('the log of exchanges', () => {
  const wait = waitingTool();
  let log: LogLines;
  let server: TestServer;

  beforeEach(async () => {
    log = logLines();
    server = await startServer({ log: log.log, tools: [login, wait.tool] });
  });

  afterEach(() => server.close());

  it('says in one line what a call in a session was and became', async () => {
    const session = await openSession(server.url);
    const reply = await session.post(rpc('tools/call', { name: 'echo', arguments: { message: 'hi' } }), {
      headers: { 'MCP-Protocol-Version': '2025-11-25', 'X-Request-Id': 'mine-1' },
    });
    const line = await log.next('exchange', { requestId: 'mine-1' });
    expect(line).toMatchObject({
      level: 30,
      session: shortenSessionId(session.id),
      door: 'streamable',
      revision: '2025-11-25',
      verb: 'POST',
      path: '/mcp',
      method: 'tools/call',
      tool: 'echo',
      status: 200,
      type: 'application/json',
      hasSessionHeader: true,
      hasVersionHeader: true,
      bytes: Buffer.byteLength(reply.text),
      outcome: 'ok',
    });
    expect(line.ms).toBeGreaterThan(0);
    expect(line).not.toHaveProperty('diagnosis');
    expect(log.lines.all.filter(({ requestId }) => requestId === 'mine-1')).toHaveLength(1);
  });

  it('gives each response the id its line has', async () => {
    const { header } = await call(`${server.url}/mcp`, { body: rpc('tools/list') });
    expect((await log.next('exchange', { method: 'tools/list' })).requestId).toBe(header('x-request-id'));
  });

  it('tells a modern call from one of a handshake revision', async () => {
    await callModern(server.url, 'tools/call', { name: 'echo', arguments: { message: 'hi' } });
    const line = await log.next('exchange', { tool: 'echo' });
    expect(line).toMatchObject({ revision: '2026-07-28', door: 'streamable', hasVersionHeader: true });
    expect(line).not.toHaveProperty('session');
  });

  it('says of a stream what it carried and why it ended', async () => {
    const session = await openSession(server.url);
    const { events } = await session.post(
      rpc('tools/call', {
        name: 'countdown',
        arguments: { from: 2, intervalMs: 1 },
        _meta: { progressToken: 'p' },
      }),
    );
    const line = await log.next('exchange', { tool: 'countdown' });
    expect(line).toMatchObject({ type: 'text/event-stream', stream: 'post', ended: 'complete', outcome: 'ok' });
    const [first] = events;
    expect(first?.id?.split('.')[1]).toBe(line.streamId);
    expect(line.events).toBe(events.filter(({ event }) => event === 'message').length);
    expect(line.bytes).toBeGreaterThan(100);
    expect(line.ms).toBeGreaterThanOrEqual(line.callMs);
  });

  it('calls a stream the same when its client comes back for the rest', async () => {
    const slow = waitingTool();
    const own = logLines();
    const other = await startServer({ log: own.log, tools: [slow.tool] });
    const session = await openSession(other.url);
    const reader = await session.stream(rpc('tools/call', { name: 'wait', _meta: { progressToken: 'p' } }), {
      headers: { Accept: 'text/event-stream' },
    });
    const { id = '' } = await reader.next();
    reader.close();
    const cut = await own.next('exchange', { stream: 'post' });
    const rest = await session.get(id);
    slow.finish();
    await rest.nextMessage();
    expect(await own.next('stream resumed')).toMatchObject({ streamId: cut.streamId });
    expect(await own.next('exchange', { stream: 'resumed' })).toMatchObject({ streamId: cut.streamId });
    const main = await session.get();
    const pair = await openLegacy(other.url);
    main.close();
    pair.close();
    expect((await own.next('exchange', { stream: 'session' })).streamId).not.toBe(cut.streamId);
    expect(await own.next('exchange', { stream: 'legacy' })).toHaveProperty('streamId');
    await other.close();
  });

  it.each([true, false])(
    'says what a stream carried that was written at once, with a session: %s',
    async (isSession) => {
      const accept = { headers: { Accept: 'text/event-stream' } };
      const body = rpc('tools/call', { name: 'echo', arguments: { message: 'hi' } });
      const reply = isSession
        ? await (await openSession(server.url)).post(body, accept)
        : await call(`${server.url}/mcp`, { body, ...accept });
      const line = await log.next('exchange', { tool: 'echo' });
      expect(line).toMatchObject({ stream: 'post', events: 1, ended: 'complete', streamId: expect.any(String) });
      expect(line.bytes).toBe(Buffer.byteLength(reply.text));
    },
  );

  it.each(['/', '/health', '/nowhere', '/mcp', '/sse'])('counts no bytes of what answers HEAD %s', async (path) => {
    const socket = await RawSocket.open(server.url);
    await socket.request({ method: 'HEAD', path });
    socket.close();
    expect(await log.next('exchange', { verb: 'HEAD' })).toMatchObject({ path, bytes: 0 });
  });

  it('says of a legacy call in one line that it was accepted, and how and where it was answered', async () => {
    const pair = await openLegacy(server.url);
    await pair.send(rpc('tools/call', { name: 'echo', arguments: { message: 'hi' } }));
    await pair.reader.nextMessage();
    expect(await log.next('exchange', { tool: 'echo' })).toMatchObject({
      session: shortenSessionId(pair.id),
      door: 'legacy',
      status: 202,
      outcome: 'ok',
      answeredOn: 'session stream',
    });
    pair.close();
    expect(await log.next('exchange', { stream: 'legacy' })).toMatchObject({
      ended: expect.stringMatching(/^client closed$|^connection lost$/),
      path: '/sse',
    });
  });

  it('does not wait for the end of a slow legacy call to tell of it', async () => {
    const slow = waitingTool();
    const own = logLines();
    const other = await startServer({ log: own.log, tools: [slow.tool], streamAfterMs: 20 });
    const pair = await openLegacy(other.url);
    await pair.send(rpc('tools/call', { name: 'wait' }));
    expect(await own.next('exchange', { tool: 'wait' })).toMatchObject({ status: 202, outcome: 'pending' });
    slow.finish();
    expect(await own.next('answer', { tool: 'wait' })).toMatchObject({
      outcome: 'ok',
      session: shortenSessionId(pair.id),
    });
    pair.close();
    await other.close();
  });

  it('says when a client left before there was an answer', async () => {
    const socket = await RawSocket.open(server.url);
    await socket.send({
      method: 'POST',
      path: '/mcp',
      headers: { 'Content-Type': 'application/json', Accept: 'application/json' },
      body: JSON.stringify(rpc('tools/call', { name: 'wait' })),
    });
    await wait.started();
    socket.close();
    const line = await log.next('exchange', { tool: 'wait' });
    expect(line).toMatchObject({ ended: 'client left' });
    expect(line).not.toHaveProperty('status');
  });

  it.each([
    ['a foreign page', '/mcp', { headers: { Origin: 'https://evil.example' } }, 403, 'origin'],
    ['another name', '/mcp', { headers: { Host: 'evil.example' } }, 403, 'host'],
    ['a verb nobody knows', '/mcp', { method: 'PUT' }, 405, 'method not allowed'],
    ['a path nobody knows', '/nowhere', {}, 404, 'not found'],
    ['what is not JSON', '/mcp', { body: '{' }, 400, 'bad request'],
    ['another type', '/mcp', { body: '{}', headers: { 'Content-Type': 'text/plain' } }, 415, 'unsupported type'],
    [
      'a client that reads neither',
      '/mcp',
      { body: rpc('ping'), headers: { Accept: 'text/html' } },
      406,
      'not acceptable',
    ],
  ])('says why %s was turned away', async (_who, path, request, status, refused) => {
    await call(`${server.url}${path}`, request);
    expect(await log.next('exchange', { refused })).toMatchObject({ status, error: expect.any(String) });
  });

  it.each([
    ['what is no HTTP', 'FOO BAR\r\n\r\n', 400, 'bad request'],
    ['headers without end', `GET / HTTP/1.1\r\nX: ${'y'.repeat(40_000)}\r\n\r\n`, 431, 'too large'],
    ['a tunnel', 'CONNECT a:1 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n', 405, 'method not allowed'],
  ])('says that %s was turned away, though nobody saw a request', async (_what, bytes, status, refused) => {
    const socket = await RawSocket.open(server.url);
    await socket.write(bytes);
    const { header } = await socket.response();
    socket.close();
    expect(await log.next('broken request')).toMatchObject({ status, refused, requestId: header('x-request-id') });
    expect((await call(`${server.url}/metrics`)).text).toContain(`dualgauge_refusals_total{cause="${refused}"} 1`);
  });

  it('says that somebody expected what nobody does', async () => {
    const socket = await RawSocket.open(server.url);
    const { status, header } = await socket.request({
      method: 'POST',
      path: '/mcp',
      headers: { Expect: 'tea' },
      body: '{}',
    });
    socket.close();
    expect(status).toBe(417);
    const says = { status: 417, refused: 'bad request', requestId: header('x-request-id') };
    expect(await log.next('exchange')).toMatchObject(says);
  });

  it('keeps the answers to load balancers out of the way', async () => {
    await call(`${server.url}/health`);
    expect(await log.next('exchange', { path: '/health' })).toMatchObject({ level: 20, status: 200 });
  });

  it('never names a whole session, a query, a token or a body', async () => {
    const session = await openSession(server.url);
    const pair = await openLegacy(server.url);
    const authorized = { headers: { Authorization: `Bearer ${SECRET}` } };
    const guess = { password: SECRET };
    await session.post(rpc('tools/call', { name: 'login', arguments: guess }), authorized);
    await pair.send(rpc('tools/call', { name: 'login', arguments: guess }));
    await pair.reader.nextMessage();
    await call(`${server.url}/messages/?session_id=${session.id}`, { body: rpc('ping') });
    await call(`${server.url}/mcp?token=${SECRET}`, { body: rpc('ping'), headers: { 'Mcp-Session-Id': SECRET } });
    await call(`${server.url}/nowhere/${session.id}?token=${SECRET}`, authorized);
    pair.close();
    await session.delete();
    await log.next('exchange', { verb: 'DELETE' });
    await log.next('exchange', { stream: 'legacy' });
    expect(log.text()).not.toContain(session.id);
    expect(log.text()).not.toContain(pair.id);
    expect(log.text()).not.toContain(SECRET.slice(0, 7));
  });

  it.each(['the log', 'the timeline', 'the figures'])(
    'has no session id in %s that a peer made a name of',
    async (place) => {
      const session = await openSession(server.url);
      const { id } = session;
      for (const name of [id, id.replaceAll('-', '')]) {
        await session.post(rpc('tools/call', { name }));
        await session.post(rpc('prompts/get', { name }));
        await session.post(rpc(name));
        await session.post({ jsonrpc: '2.0', method: name });
        await call(`${server.url}/nowhere/${'x'.repeat(75)}/${name}`);
        await call(`${server.url}/${name}/mcp`, { body: rpc(name), headers: { 'MCP-Protocol-Version': name } });
      }
      await call(`${server.url}/mcp`, {
        body: rpc('initialize', { capabilities: {}, clientInfo: { name: id, version: id } }),
      });
      await session.delete();
      await log.next('exchange', { verb: 'DELETE' });
      const read = async (path: string): Promise<string> => (await call(`${server.url}${path}`)).text;
      const text =
        place === 'the log'
          ? log.text()
          : place === 'the figures'
            ? await read('/metrics')
            : (await read('/debug/timeline')) + (await read('/debug/sessions')) + (await read('/debug/exchanges'));
      expect(text.replaceAll('-', '')).not.toContain(id.replaceAll('-', '').slice(0, 12));
    },
  );

  it.each<[string, HttpCall]>([
    ['a version that nobody speaks', { body: rpc('ping'), headers: { 'MCP-Protocol-Version': '2031-01-01' } }],
    ['a body that is no JSON', { body: '{' }],
    ['a body of another kind', { body: 'x', headers: { 'Content-Type': 'text/plain' } }],
    ['a body that is no message', { body: { foo: 1 } }],
    ['an id that is none', { body: { jsonrpc: '2.0', id: 1.5, method: 'ping' } }],
    ['nothing that it would accept', { body: rpc('ping'), headers: { Accept: 'text/html' } }],
    ['no stream where there is nothing else', { method: 'GET', headers: { Accept: 'application/json' } }],
  ])('files what is refused before its session is looked for under that session: %s', async (_, request) => {
    const session = await openSession(server.url);
    const headers = { 'Mcp-Session-Id': session.id, 'X-Request-Id': 'refused', ...request.headers };
    await call(`${server.url}/mcp`, { ...request, headers });
    const line = await log.next('exchange', { requestId: 'refused' });
    expect(line).toMatchObject({ session: shortenSessionId(session.id), revision: '2025-11-25' });
    const told = await timelineOf(server.url, session.id);
    expect(told.at(-1)?.facts).toMatchObject({ requestId: 'refused', status: line.status });
  });

  it('does so on the legacy door, and not for who came by the other', async () => {
    const pair = await openLegacy(server.url);
    for (const name of ['session_id', 'sessionId']) {
      const broken = { body: '{', headers: { 'X-Request-Id': name } };
      await call(`${server.url}/messages/?${name}=${pair.id}`, broken);
      expect(await log.next('exchange', { requestId: name })).toMatchObject({ session: shortenSessionId(pair.id) });
    }
    const elsewhere = { body: '{', headers: { 'Mcp-Session-Id': pair.id, 'X-Request-Id': 'elsewhere' } };
    await call(`${server.url}/mcp`, elsewhere);
    expect(await log.next('exchange', { requestId: 'elsewhere' })).not.toHaveProperty('session');
    pair.close();
  });

  async function idOf(id: string, headers: Record<string, string> = {}, path = '/mcp'): Promise<string | undefined> {
    const request = { body: rpc('ping'), headers: { 'X-Request-Id': id, ...headers } };
    return (await call(`${server.url}${path}`, request)).header('x-request-id');
  }

  it('takes no request id that would open a door', async () => {
    const { id } = await openSession(server.url);
    const hex = id.replaceAll('-', '');
    for (const sent of [id, hex, hex.toUpperCase(), `${id}.7`, `r-${hex}`]) {
      for (const named of [id, hex, id.toUpperCase()]) {
        expect(await idOf(sent, { 'Mcp-Session-Id': named })).not.toBe(sent);
        expect(await idOf(sent, { 'Last-Event-ID': `${named}.m.7` })).not.toBe(sent);
        expect(await idOf(sent, {}, `/messages/?session_id=${named}`)).not.toBe(sent);
        expect(await idOf(sent, {}, `/messages/?a=b&session_id=${named.replace('-', '%2d')}&c`)).not.toBe(sent);
      }
    }
    expect(await idOf('my-own', { 'Mcp-Session-Id': 'my-own' })).not.toBe('my-own');
    for (const authorization of [SECRET, `Bearer ${SECRET}`, `bearer  ${SECRET}==`]) {
      expect(await idOf(SECRET, { Authorization: authorization })).not.toBe(SECRET);
    }
    expect(await idOf(SECRET, {}, `/mcp?token=${SECRET}`)).not.toBe(SECRET);
    expect(log.text().replaceAll('-', '').toLowerCase()).not.toContain(hex);
    expect(log.text()).not.toContain(SECRET);
  });

  it('takes every other, also when it happens to be a part of what opens one', async () => {
    const { id } = await openSession(server.url);
    const digits = [...'0123456789abcdef'.split(''), id.slice(0, 8), '0af7651916cd43dd8448eb211c80319c'];
    for (const sent of digits) {
      expect(await idOf(sent, { 'Mcp-Session-Id': id }, `/mcp?session_id=${id}`)).toBe(sent);
      expect(await idOf(sent, { Authorization: 'Bearer 89abcdef.0123456' })).toBe(sent);
    }
    expect(await idOf('6', {}, '/mcp?a=67&6=b')).toBe('6');
    expect(await idOf('mine', {}, '/mcp?%')).toBe('mine');
  });

  it.each(['/mcp/sk-abcdefghijklmnop1234', `http://user:${SECRET}@127.0.0.1/mcp`, `/nope/%zz/Bearer%20${SECRET}`])(
    'has no secret of a path: %s',
    async (path) => {
      const socket = await RawSocket.open(server.url);
      await socket.request({ path });
      socket.close();
      expect((await log.next('exchange')).path).toContain('[masked]');
      expect(log.text()).not.toMatch(/abcdefghijk|hunter2/);
    },
  );

  it('is one line for each reader, whatever a peer writes', async () => {
    const hostile = 'a\n\r\u0085b\u2028c\u2029d\u001b[2J\u009be\u202ef';
    await call(`${server.url}/mcp`, { body: rpc('tools/call', { name: hostile }) });
    await call(`${server.url}/mcp`, { body: rpc(hostile) });
    await log.next('exchange', { tool: 'a???b?c?d?[2J?e?f' });
    await log.next('exchange', { method: 'a???b?c?d?[2J?e?f' });
  });

  it('cuts names that a peer made long', async () => {
    await call(`${server.url}/mcp`, { body: rpc('x'.repeat(5000)) });
    const line = await log.next('exchange', { outcome: 'error -32601' });
    expect(line.method.length).toBeLessThan(200);
  });
});

describe('the log of what is ours to mend', () => {
  it('tells where it happened and why, and nothing that its words may have been made of', async () => {
    const log = logLines();
    const faulty = defineTool({
      name: 'faulty',
      description: 'Fails in the words of its caller.',
      input: z.object({ words: z.string() }),
      run({ words }) {
        throw new TypeError(`Cannot do: ${words}`, { cause: new RangeError(words) });
      },
    });
    const server = await startServer({ log: log.log, tools: [faulty] });
    const session = await openSession(server.url);
    const words = `\u001b[2J\u009b ${session.id} Bearer ${SECRET} https://u:${SECRET}@x.example/?token=${SECRET}`;
    await session.post(rpc('tools/call', { name: 'faulty', arguments: { words } }));
    const { err, where, requestId, session: shown } = await log.next('fault');
    const exchange = await log.next('exchange', { tool: 'faulty' });
    await server.close();
    expect({ requestId, shown }).toEqual({ requestId: exchange.requestId, shown: shortenSessionId(session.id) });
    expect(where).toBe('tool faulty');
    expect(err.type).toBe('TypeError');
    expect(err.message).toContain('Cannot do: ?[2J?');
    expect(err.stack).toMatch(/log\.test\.ts:\d+/);
    expect(JSON.stringify(err)).toContain('RangeError');
    expect(log.text()).not.toContain(session.id);
    expect(log.text()).not.toContain(SECRET);
  });
});

describe('the log with LOG_WIRE', () => {
  it('has bodies both ways, with what is secret masked', async () => {
    const log = logLines();
    const server = await startServer({ log: log.log, tools: [login], logWire: true });
    const session = await openSession(server.url);
    await session.post(rpc('tools/call', { name: 'login', arguments: { password: SECRET } }));
    await session.post(rpc('tools/call', { name: 'echo', arguments: { message: 'a plain word' } }));
    const pair = await openLegacy(server.url);
    await pair.send(rpc('tools/call', { name: 'login', arguments: { password: SECRET } }));
    await pair.reader.nextMessage();

    const line = await log.next('exchange', { tool: 'login', door: 'streamable' });
    expect(line.body.params).toMatchObject({ name: 'login', arguments: { password: '[masked]' } });
    expect(line.response.result.content).toEqual([{ type: 'text', text: '{"accessToken":"[masked]"}' }]);
    expect((await log.next('exchange', { tool: 'echo' })).body.params.arguments).toEqual({ message: 'a plain word' });
    await call(`${server.url}/mcp`, { body: rpc('ping'), headers: { 'Mcp-Session-Id': 'nobody' } });
    expect((await log.next('exchange', { status: 404 })).level).toBe(40);
    await call(`${server.url}/health`);
    expect((await log.next('exchange', { path: '/health' })).level).toBe(20);
    expect((await log.next('event')).body.result.content[0].text).toBe('{"accessToken":"[masked]"}');
    pair.close();
    await server.close();
    expect(log.text()).not.toContain(SECRET);
    expect(log.text()).not.toContain(session.id);
    expect(log.text()).not.toContain(pair.id);
  });
});

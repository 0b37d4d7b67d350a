// What an operator may look at, who counts as one, and what even an operator does not get to see.
import { afterEach, describe, expect, it } from '@jest/globals';
import { shortenSessionId } from '../../transports/session-id.js';
import type { Json } from '../support/clients/test-client.js';
import { readDebug, timelineOf, toldAt, type Told } from '../support/debug-api.js';
import { call, type HttpCall, openStream, rpc } from '../support/http-call.js';
import { openLegacy } from '../support/legacy-pair.js';
import { openSession } from '../support/mcp-session.js';
import { formatRequest, RawSocket } from '../support/raw-socket.js';
import { startServer, type TestServer } from '../support/server.js';
import { until } from '../support/until.js';
import { waitingTool } from '../support/waiting-tool.js';

const TOKEN = 'the-token-of-the-operator';
const PATHS = [
  '/debug/sessions',
  '/debug/sessions/abcd1234',
  '/debug/exchanges',
  '/debug/timeline',
  '/debug/events',
  '/metrics',
];

const closing: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function start(options: Parameters<typeof startServer>[0] = {}): Promise<TestServer> {
  const server = await startServer(options);
  closing.push(() => server.close());
  return server;
}

/** The status alone: what may be a stream is not waited for. */
async function statusOf(url: string, request: HttpCall): Promise<number> {
  const { pathname, port } = new URL(url);
  const socket = await RawSocket.open(`http://127.0.0.1:${port}`);
  const { status } = await socket.send({ path: pathname, headers: request.headers ?? {} }).then(() => socket.head());
  socket.close();
  return status;
}

describe('who may look', () => {
  it.each(PATHS)('at %s is somebody on this machine', async (path) => {
    const server = await start();
    expect(await statusOf(server.url + path, {})).toBe(path.endsWith('abcd1234') ? 404 : 200);
  });

  it.each([
    'Forwarded',
    'Via',
    'X-Forwarded-For',
    'X-Forwarded-Host',
    'X-Forwarded-Proto',
    'X-Real-IP',
    'CF-Connecting-IP',
  ])('is nobody who came through a proxy, as %s says', async (header) => {
    const server = await start();
    for (const path of PATHS)
      expect(await statusOf(server.url + path, { headers: { [header]: '127.0.0.1' } })).toBe(403);
  });

  it('is nobody who used another name than that of this machine', async () => {
    const server = await start({ allowedHosts: ['public.example', '127.0.0.1'] });
    for (const path of PATHS)
      expect(await statusOf(server.url + path, { headers: { Host: 'public.example' } })).toBe(403);
  });

  it.each([
    ['a page that may use the doors', { Origin: 'https://claude.ai' }],
    ['a page of another server on this machine', { Origin: 'http://127.0.0.1:1' }],
    ['what a page of another site embeds', { 'Sec-Fetch-Site': 'cross-site' }],
    ['what a page of another port embeds', { 'Sec-Fetch-Site': 'same-site' }],
  ])('is not %s', async (_who, headers) => {
    const server = await start();
    for (const path of PATHS) expect(await statusOf(server.url + path, { headers })).toBe(403);
  });

  it.each([{ trustProxy: 1 }, { publicUrl: 'https://public.example' }])(
    'is nobody without the token where there is a proxy, as %j says: it may not say whose requests it carries',
    async (options) => {
      const server = await start({ ...options, debugToken: TOKEN });
      for (const path of PATHS) expect(await statusOf(server.url + path, {})).toBe(401);
      const headers = { Authorization: `Bearer ${TOKEN}` };
      expect(await statusOf(`${server.url}/metrics`, { headers })).toBe(200);
    },
  );

  it('is the page of this server', async () => {
    const server = await start();
    const headers = { Origin: server.url, 'Sec-Fetch-Site': 'same-origin' };
    expect(await statusOf(`${server.url}/debug/sessions`, { headers })).toBe(200);
  });

  it('is whoever has the token, from anywhere', async () => {
    const server = await start({ debugToken: TOKEN });
    const from = { 'X-Forwarded-For': '203.0.113.7' };
    const ask = (authorization: string | undefined): Promise<number> =>
      statusOf(`${server.url}/debug/sessions`, { headers: { ...from, Authorization: authorization } });
    expect(await ask(`Bearer ${TOKEN}`)).toBe(200);
    expect(await ask(`bearer ${TOKEN}`)).toBe(200);
    for (const wrong of [`Bearer ${TOKEN}x`, `Bearer ${TOKEN.slice(1)}`, `Basic ${TOKEN}`, 'Bearer ', undefined]) {
      expect(await ask(wrong)).toBe(401);
    }
  });

  it('is told how to get in', async () => {
    const open = await start();
    await expect(start({ debugToken: 'with spaces' })).rejects.toThrow('debugToken: no header can carry it');
    const locked = await start({ debugToken: TOKEN });
    const headers = { 'X-Forwarded-For': '203.0.113.7' };
    expect((await call(`${open.url}/debug/sessions`, { headers })).json.error.message).toContain('DEBUG_TOKEN');
    const refused = await call(`${locked.url}/debug/sessions`, { headers });
    expect(refused.header('www-authenticate')).toBe('Bearer realm="operator"');
    const behind = await start({ debugToken: TOKEN, publicUrl: 'https://public.example' });
    const { message } = (await call(`${behind.url}/debug/sessions`)).json.error;
    expect(message).toContain('also from this machine');
  });
});

describe('/debug/sessions', () => {
  it('tells of each live session who it is and what it does', async () => {
    const wait = waitingTool();
    const server = await start({ tools: [wait.tool] });
    const session = await openSession(server.url);
    const reader = await session.get();
    closing.push(() => reader.close());
    const answer = session.post(rpc('tools/call', { name: 'wait' }));
    await wait.started();
    const { count, sessions } = await readDebug(server.url, 'sessions');
    expect(count).toBe(1);
    expect(sessions).toEqual([
      expect.objectContaining({
        id: shortenSessionId(session.id),
        door: 'streamable',
        revision: '2025-11-25',
        client: { name: 'dualgauge-tests', version: '1.0.0' },
        idleMs: 0,
        stream: 'open',
        queued: 0,
        streams: [expect.objectContaining({ kind: 'session', unsentBytes: 0 })],
        calls: [expect.objectContaining({ method: 'tools/call', tool: 'wait' })],
      }),
    ]);
    wait.finish();
    await answer;
  });

  it('tells of sessions at the legacy door', async () => {
    const server = await start();
    const pair = await openLegacy(server.url);
    closing.push(() => pair.close());
    const [session] = (await readDebug(server.url, 'sessions')).sessions;
    expect(session).toMatchObject({ id: shortenSessionId(pair.id), door: 'legacy', stream: 'open' });
  });

  it('never shows a whole session, also not one its client named itself', async () => {
    const server = await start({ responseRouting: 'stream' });
    const session = await openSession(server.url);
    const pair = await openLegacy(server.url);
    closing.push(() => pair.close());
    const chosen = await openStream(`${server.url}/mcp`, { headers: { 'Mcp-Session-Id': 'abc' } });
    closing.push(() => chosen.close());
    await pair.send(rpc('tools/list'));
    await pair.reader.nextMessage();
    const shown = await Promise.all(
      ['sessions', 'timeline', `sessions/${shortenSessionId(session.id)}`, `sessions/${shortenSessionId('abc')}`].map(
        async (path) => JSON.stringify(await readDebug(server.url, path)),
      ),
    );
    for (const text of shown) {
      expect(text).not.toContain(session.id);
      expect(text).not.toContain(pair.id);
      expect(text).not.toContain('"abc"');
    }
    expect(shown[3]).toContain('"stream":"open"');
  });
});

describe('/debug/sessions/:id', () => {
  it('tells what happened in a session, and goes on telling when it has ended', async () => {
    const server = await start();
    const session = await openSession(server.url);
    await session.post(rpc('tools/call', { name: 'echo', arguments: { message: 'hi' } }));
    await session.delete();
    let items: Told[] = [];
    await until('the DELETE is told of', async () => {
      items = await timelineOf(server.url, session.id);
      return items.length >= 4;
    });
    const told = items.map(({ event, facts }) => [event, facts.method ?? facts.verb ?? facts.reason, facts.status]);
    expect(told).toEqual([
      ['exchange', 'initialize', 200],
      ['exchange', 'tools/call', 200],
      ['session closed', 'deleted', undefined],
      ['exchange', 'DELETE', 204],
    ]);
  });

  it('keeps the last two hundred exchanges', async () => {
    const server = await start();
    const session = await openSession(server.url);
    const socket = await RawSocket.open(server.url);
    closing.push(() => socket.close());
    for (let n = 0; n < 230; n += 1) {
      const headers = { 'Content-Type': 'application/json', 'Mcp-Session-Id': session.id, 'X-Request-Id': `n${n}` };
      await socket.request({ method: 'POST', path: '/mcp', headers, body: JSON.stringify(rpc('ping')) });
    }
    let items: Told[] = [];
    await until('the last is told of', async () => {
      items = await timelineOf(server.url, session.id);
      return items.at(-1)?.facts.requestId === 'n229';
    });
    expect(items).toHaveLength(200);
    expect(items[0]?.facts.requestId).toBe('n30');
  });

  it.each(['00000000', '__proto__', 'x', '..%2f', '%00'])('knows nothing of %s', async (id) => {
    const server = await start();
    const { status, json } = await call(`${server.url}/debug/sessions/${id}`);
    expect(status).toBe(404);
    expect(json.error.message).toBe('Nothing is known of that session');
  });
});

describe('/debug/exchanges', () => {
  it('tells what came without a session', async () => {
    const server = await start();
    await call(`${server.url}/mcp`, { body: rpc('tools/list') });
    await call(`${server.url}/mcp`, { headers: { Origin: 'https://evil.example' } });
    await call(`${server.url}/health`);
    let items: Told[] = [];
    await until('both are told of', async () => {
      items = await toldAt(server.url, 'exchanges');
      return items.length >= 2;
    });
    expect(items.map(({ facts }) => [facts.method ?? facts.refused, facts.status])).toEqual([
      ['tools/list', 200],
      ['origin', 403],
    ]);
  });

  it('gives no line of their own to sessions that peers make up', async () => {
    const server = await start();
    for (let n = 0; n < 20; n += 1) {
      await call(`${server.url}/mcp`, { body: rpc('ping'), headers: { 'Mcp-Session-Id': `made-up-${n}` } });
    }
    await until('all are told of', async () => (await toldAt(server.url, 'exchanges')).length === 20);
    expect((await call(`${server.url}/debug/sessions/${shortenSessionId('made-up-1')}`)).status).toBe(404);
  });
});

describe('/debug/events', () => {
  it('tells everything as it happens', async () => {
    const server = await start();
    const reader = await openStream(`${server.url}/debug/events`);
    closing.push(() => reader.close());
    const next = async (event: string): Promise<Json> => {
      const { data } = await reader.next((item) => item.data !== undefined && JSON.parse(item.data).event === event);
      return JSON.parse(data!);
    };
    const pair = await openLegacy(server.url);
    const session = shortenSessionId(pair.id);
    expect(await next('session opened')).toMatchObject({ session, facts: { door: 'legacy' } });
    expect(await next('stream opened')).toMatchObject({ session, facts: { kind: 'legacy' } });
    await pair.send(rpc('tools/call', { name: 'echo', arguments: { message: 'hi' } }));
    expect(await next('call started')).toMatchObject({ session, facts: { tool: 'echo' } });
    expect(await next('exchange')).toMatchObject({ session, facts: { tool: 'echo', status: 202 } });
    pair.close();
    expect(await next('exchange')).toMatchObject({
      session,
      facts: { stream: 'legacy', ended: expect.stringMatching(/^client closed$|^connection lost$/) },
    });
    expect(reader.raw).not.toContain(pair.id);
  });

  it('tells no more than a person can follow, how much it left out, and all that went wrong', async () => {
    const server = await start();
    const reader = await openStream(`${server.url}/debug/events`);
    closing.push(() => reader.close());
    const GOOD = 400;
    const BAD = 100;
    // All at once, on one connection: a busy machine must not be given the time to tell everything.
    const socket = await RawSocket.open(server.url);
    closing.push(() => socket.close());
    const ping = (headers: Record<string, string>): Buffer =>
      formatRequest(socket.host, { method: 'POST', path: '/mcp', headers, body: JSON.stringify(rpc('ping')) });
    const json = { 'Content-Type': 'application/json', Accept: 'application/json' };
    const good = Buffer.concat(Array<Buffer>(GOOD).fill(ping(json)));
    const bad = Buffer.concat(Array<Buffer>(BAD).fill(ping({ ...json, 'Mcp-Session-Id': 'made-up' })));
    let bursts = 0;
    const told = (): Told[] =>
      reader.events.flatMap(({ data }) => (data === undefined ? [] : [JSON.parse(data) as Told]));
    const missed = (): number =>
      told().reduce((sum, { facts }) => sum + ((facts.missed as number | undefined) ?? 0), 0);
    await until('there is more than is told', async () => {
      bursts += 1;
      await socket.write(Buffer.concat([good, bad]));
      for (let n = 0; n < GOOD + BAD; n += 1) await socket.response('POST');
      return missed() > 0;
    });
    // Each call began and ended; those that went wrong only ended.
    await until('all is told or counted', () => {
      const shown = told().filter(({ event }) => event !== 'missed').length;
      return shown + missed() === bursts * (2 * GOOD + BAD);
    });
    expect(told().filter(({ facts }) => facts.diagnosis === 'unknown session')).toHaveLength(bursts * BAD);
  });

  it('ends with the server, and is no stream of a client', async () => {
    const server = await startServer();
    const reader = await openStream(`${server.url}/debug/events`);
    expect((await call(`${server.url}/metrics`)).text).not.toMatch(/^dualgauge_streams\{/m);
    await server.close();
    await reader.ended;
  });

  it('does not let a watcher that does not read hold anything up', async () => {
    const server = await start({ streamBufferBytes: 2000 });
    const socket = await RawSocket.open(server.url);
    closing.push(() => socket.close());
    await socket.send({ path: '/debug/events' });
    await socket.head();
    for (let n = 0; n < 300; n += 1) await call(`${server.url}/mcp`, { body: rpc('x'.repeat(90)) });
    const [writer] = [...server.mcp.streams];
    // What Node and the system hold is theirs; what we hold is bounded.
    expect(writer?.unsentBytes ?? 0).toBeLessThan(200_000);
  });
});

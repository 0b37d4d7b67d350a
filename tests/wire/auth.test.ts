// Who may come in, and what each may do: static tokens, the embedding application's own word, scopes, limits, proxies.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import express from 'express';
import { pino } from 'pino';
import type { Principal } from '../../protocol/call.js';
import { createMcpApp } from '../../server/app.js';
import { readConfig } from '../../server/config.js';
import { createLog } from '../../server/log.js';
import { defineTool } from '../../tools/define-tool.js';
import { rawExchange } from '../support/clients/exchange.js';
import type { Json } from '../support/clients/test-client.js';
import { comparable } from '../support/comparable.js';
import { call, openStream, rpc } from '../support/http-call.js';
import { openLegacy } from '../support/legacy-pair.js';
import { callModern, modern } from '../support/modern-call.js';
import { RawSocket } from '../support/raw-socket.js';
import { pathsOf, VERBS } from '../support/route-table.js';
import { useServers } from '../support/servers.js';
import { until } from '../support/until.js';
import { waitingTool } from '../support/waiting-tool.js';

const start = useServers();

const ANN = 'ann-0123456789abcdef';
const BOB = 'bob-0123456789abcdef';
const EVE = 'eve-0123456789abcdef';
const TOKENS = [
  { name: 'ann', token: ANN },
  { name: 'bob', token: BOB, scopes: ['files:read'] },
  { name: 'eve', token: EVE, scopes: [] },
];
const as = (token: string) => ({ Authorization: `Bearer ${token}` });
const NOBODY = '00000000-0000-4000-8000-000000000000';
const opening = rpc('initialize', {
  protocolVersion: '2025-11-25',
  capabilities: {},
  clientInfo: { name: 'test', version: '1' },
});

const read = defineTool({
  name: 'read',
  description: 'Reads.',
  scopes: ['files:read'],
  run: () => 'read',
});
const write = defineTool({
  name: 'write',
  description: 'Writes.',
  scopes: ['files:read', 'files:write'],
  run: () => 'written',
});
const tools = [read, write];

async function openSession(url: string, token: string): Promise<string> {
  const { header } = await call(`${url}/mcp`, { body: opening, headers: as(token) });
  return header('mcp-session-id') ?? '';
}

describe('every route', () => {
  it('asks for a token on every verb of the doors, and of nothing else but the preflight', async () => {
    const { url, mcp } = await start({ authTokens: TOKENS });
    const paths = pathsOf(mcp.app);
    expect(paths).toEqual(expect.arrayContaining(['/mcp', '/sse', '/messages', '/health', '/']));
    for (const path of paths) {
      const isDoor = ['/mcp', '/sse', '/messages'].includes(path);
      for (const method of VERBS) {
        const { status, header, close } = await rawExchange({ method, url: new URL(path, url), headers: {} });
        close();
        const what = `${method} ${path}`;
        expect([what, status === 401 && header('www-authenticate')?.startsWith('Bearer ')]).toEqual([
          what,
          isDoor && method !== 'OPTIONS',
        ]);
      }
    }
  });

  it.each([
    ['Origin', 'https://evil.example'],
    ['Origin', 'null'],
    ['Origin', 'http://localhost.evil.example'],
    ['Host', 'evil.example'],
    ['Host', 'localhost.evil.example'],
    ['Host', '127.0.0.1.evil.example'],
  ])('turns %s %s away on every path and verb, known or not', async (header, value) => {
    const { url, mcp } = await start();
    for (const path of [...pathsOf(mcp.app), '/nowhere', '/mcp/', '/MCP', '/sse/messages/']) {
      for (const method of VERBS) {
        const reply = await call(`${url}${path}`, { method, headers: { [header]: value } });
        expect([method, path, reply.status]).toEqual([method, path, 403]);
        expect(reply.header('access-control-allow-origin')).toBeUndefined();
      }
    }
    expect(mcp.sessions.size).toBe(0);
  });

  it.each(['/MCP', '/mcp/', '/Mcp/?a=b', '/sse/', '/SSE', '/messages', '/MESSAGES/', '/mcp/deeper', '/sse/messages'])(
    'cannot be reached around the token: %s',
    async (path) => {
      const { url } = await start({ authTokens: TOKENS });
      for (const body of [undefined, opening]) {
        const { status } = await call(`${url}${path}`, body === undefined ? {} : { body });
        expect(status).toBe(401);
      }
    },
  );

  it('knows a prefix to be outside of itself, in JSON', async () => {
    const { url } = await start({ basePath: '/tools' });
    const { status, json } = await call(`${url}/mcp`);
    expect(status).toBe(404);
    expect(json.error.message).toBe('Not found');
  });
});

describe('a bearer token', () => {
  it('opens every door', async () => {
    const { url } = await start({ authTokens: TOKENS });
    const stateless = await call(`${url}/mcp`, { body: rpc('tools/list'), headers: as(ANN) });
    expect(stateless.status).toBe(200);
    expect((await callModern(url, 'tools/list', {}, { headers: as(ANN) })).status).toBe(200);
    const legacy = await openLegacy(url, { headers: as(ANN) });
    await legacy.send(rpc('tools/list'));
    expect((await legacy.reader.nextMessage()).result.tools.length).toBeGreaterThan(0);
    legacy.close();
  });

  it.each([
    ['none', {}],
    ['another', as('nobody-0123456789abcdef')],
    ['a part of one', as(ANN.slice(0, -1))],
    ['one with more behind it', as(`${ANN}0`)],
    ['the same in another case', as(ANN.toUpperCase())],
    ['a name', as('ann')],
    ['an empty one', { Authorization: 'Bearer ' }],
    ['two in one header', { Authorization: `Bearer ${ANN}, Bearer ${BOB}` }],
    ['another scheme', { Authorization: `Basic ${Buffer.from(`ann:${ANN}`).toString('base64')}` }],
    ['no scheme', { Authorization: ANN }],
    ['a name of Object.prototype', as('constructor')],
  ])('that is %s is 401 with a challenge, and makes nothing', async (_what, headers) => {
    const { url, mcp } = await start({ authTokens: TOKENS });
    for (const [path, request] of [
      ['/mcp', { body: opening }],
      ['/sse', {}],
      [`/messages/?session_id=${NOBODY}`, { body: rpc('ping') }],
    ] as const) {
      const { status, header, json } = await call(`${url}${path}`, { ...request, headers });
      expect(status).toBe(401);
      expect(header('www-authenticate')).toMatch(/^Bearer /);
      expect(json.error.code).toBe(-32000);
      expect(json.id).toBeUndefined();
    }
    expect(mcp.sessions.size).toBe(0);
  });

  it('is read whatever the case of its scheme', async () => {
    const { url } = await start({ authTokens: TOKENS });
    const { status } = await call(`${url}/mcp`, { body: rpc('ping'), headers: { authorization: `bearer ${ANN}` } });
    expect(status).toBe(200);
  });

  it.each(['access_token', 'token', 'authorization', 'api_key'])('in the query as %s is none', async (name) => {
    const { url } = await start({ authTokens: TOKENS });
    const { status } = await call(`${url}/mcp?${name}=${ANN}`, { body: rpc('ping') });
    expect(status).toBe(401);
  });

  it('sent twice is 400, since nobody knows which one was meant', async () => {
    const { url } = await start({ authTokens: TOKENS });
    const socket = await RawSocket.open(url);
    await socket.write(
      `GET /sse HTTP/1.1\r\nHost: ${socket.host}\r\nAuthorization: Bearer ${ANN}\r\nAuthorization: Bearer ${BOB}\r\n\r\n`,
    );
    expect((await socket.response()).status).toBe(400);
    socket.close();
  });

  it('is refused before the body is read', async () => {
    const { url } = await start({ authTokens: TOKENS });
    const socket = await RawSocket.open(url);
    await socket.write(
      `POST /mcp HTTP/1.1\r\nHost: ${socket.host}\r\nContent-Type: application/json\r\nContent-Length: 900000\r\n\r\n{`,
    );
    expect((await socket.response()).status).toBe(401);
    expect((await socket.waitForEnd()).rest.length).toBe(0);
    socket.close();
  });

  it('reaches neither tools nor logs, and neither do wrong ones', async () => {
    const lines: string[] = [];
    const log = pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) });
    const seen: Json[] = [];
    const spy = defineTool({
      name: 'spy',
      description: 'Looks at all it is given.',
      run(_args, context) {
        const all: Json = {};
        for (const key in context) all[key] = (context as Json)[key];
        for (const key of Object.getOwnPropertyNames(Object.getPrototypeOf(context))) {
          const value: unknown = (context as Json)[key];
          if (typeof value !== 'function') all[key] = value;
        }
        seen.push({ ...all, signal: undefined });
        return 'ok';
      },
    });
    const { url } = await start({ authTokens: TOKENS, tools: [spy], log });
    const answer = await call(`${url}/mcp?token=${ANN}`, {
      body: rpc('tools/call', { name: 'spy' }),
      headers: as(ANN),
    });
    expect(answer.status).toBe(200);
    await call(`${url}/mcp`, { body: rpc('ping'), headers: as(`${ANN}-wrong`) });
    expect(JSON.stringify(seen)).toContain('token:ann');
    for (const place of [JSON.stringify(seen), lines.join('\n'), answer.text]) expect(place).not.toContain(ANN);
  });

  it('stands for its name: a second token of the same name is the same caller', async () => {
    const { url } = await start({ authTokens: [...TOKENS, { name: 'ann', token: 'ann-next-0123456789' }] });
    const session = await openSession(url, ANN);
    const headers = { ...as('ann-next-0123456789'), 'Mcp-Session-Id': session };
    expect((await call(`${url}/mcp`, { body: rpc('ping'), headers })).status).toBe(200);
  });
});

describe('what belongs to one caller', () => {
  it('does not exist for another: a session of /mcp', async () => {
    const { url, mcp } = await start({ authTokens: TOKENS });
    const session = await openSession(url, ANN);
    const ask = (method: string, id: string, token: string) =>
      call(`${url}/mcp`, {
        method,
        headers: { ...as(token), 'Mcp-Session-Id': id, Accept: 'application/json, text/event-stream' },
        ...(method === 'POST' && { body: rpc('ping') }),
      });
    for (const method of ['POST', 'GET', 'DELETE']) {
      const foreign = await ask(method, session, BOB);
      const unknown = await ask(method, NOBODY, BOB);
      expect(comparable(foreign)).toBe(comparable(unknown));
    }
    expect(mcp.sessions.size).toBe(1);
    expect((await ask('POST', session, ANN)).status).toBe(200);
  });

  it('does not exist for another: a legacy session, whichever half is tried', async () => {
    const { url, mcp } = await start({ authTokens: TOKENS });
    const ann = await openLegacy(url, { headers: as(ANN) });
    const post = (id: string, token: string) =>
      call(`${url}/messages/?session_id=${id}`, { body: rpc('ping'), headers: as(token) });
    expect(comparable(await post(ann.id, BOB))).toBe(comparable(await post(NOBODY, BOB)));
    const bob = await openLegacy(url, { headers: { ...as(BOB), 'Last-Event-ID': ann.firstEventId } });
    expect(bob.id).not.toBe(ann.id);
    expect(mcp.sessions.size).toBe(2);
    await ann.send(rpc('ping', undefined, 'mine'));
    expect((await ann.reader.nextMessage()).id).toBe('mine');
    bob.close();
    ann.close();
  });

  it('cannot be cancelled by another that knows the id of a call', async () => {
    const waiting = waitingTool();
    const { url } = await start({ authTokens: TOKENS, tools: [waiting.tool] });
    const session = await openSession(url, ANN);
    const running = call(`${url}/mcp`, {
      body: rpc('tools/call', { name: 'wait' }, 77),
      headers: { ...as(ANN), 'Mcp-Session-Id': session },
    });
    await waiting.started();
    const cancel = { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 77 } };
    const foreign = await call(`${url}/mcp`, { body: cancel, headers: { ...as(BOB), 'Mcp-Session-Id': session } });
    expect(foreign.status).toBe(404);
    expect(waiting.signals[0]?.aborted).toBe(false);
    waiting.finish();
    expect((await running).messages.at(-1)?.result.content[0].text).toBe('waited');
  });
});

describe('scopes', () => {
  const LACKS = rpc('tools/call', { name: 'write' }, 'w');

  it.each(['auto', 'json', 'sse'] as const)(
    'are asked for before anything is said, in mode %s',
    async (responseMode) => {
      const { url } = await start({ authTokens: TOKENS, tools, responseMode });
      const session = await openSession(url, BOB);
      const { body, headers } = modern('tools/call', { name: 'write' }, { id: 'w', headers: as(BOB) });
      for (const request of [
        { body: LACKS, headers: as(BOB) },
        { body: LACKS, headers: { ...as(BOB), 'Mcp-Session-Id': session } },
        { body, headers },
      ]) {
        const reply = await call(`${url}/mcp`, request);
        expect([reply.status, reply.header('content-type')]).toEqual([403, 'application/json']);
        expect(reply.json).toMatchObject({ id: 'w', error: { data: { scopes: ['files:read', 'files:write'] } } });
        expect(reply.header('www-authenticate')).toMatch(
          /^Bearer error="insufficient_scope".*scope="files:read files:write"/,
        );
      }
    },
  );

  it('are asked for before the 202 of the legacy door', async () => {
    const { url } = await start({ authTokens: TOKENS, tools });
    const bob = await openLegacy(url, { headers: as(BOB) });
    const refused = await bob.post(LACKS);
    expect(refused.status).toBe(403);
    expect(refused.json.id).toBe('w');
    expect(refused.header('www-authenticate')).toContain('scope="files:read files:write"');
    await bob.send(rpc('tools/call', { name: 'read' }, 'r'));
    expect((await bob.reader.nextMessage()).id).toBe('r');
    bob.close();
  });

  it('are asked for before the 202 that sends an answer to another stream', async () => {
    const { url } = await start({ authTokens: TOKENS, tools, responseRouting: 'stream' });
    const session = await openSession(url, BOB);
    const headers = { ...as(BOB), 'Mcp-Session-Id': session };
    const stream = await openStream(`${url}/mcp`, { headers });
    expect((await call(`${url}/mcp`, { body: LACKS, headers })).status).toBe(403);
    stream.close();
  });

  it('are asked of every request of a batch before any is begun', async () => {
    let isWritten = false;
    const mark = defineTool({ name: 'mark', description: 'Marks.', run: () => ((isWritten = true), 'marked') });
    const { url } = await start({ authTokens: TOKENS, tools: [...tools, mark] });
    const body = [rpc('tools/call', { name: 'mark' }, 1), rpc('tools/call', { name: 'write' }, 2)];
    const reply = await call(`${url}/mcp`, { body, headers: as(BOB) });
    expect([reply.status, isWritten]).toEqual([403, false]);
  });

  it('let those pass who have them, and those whose token names none', async () => {
    const { url } = await start({ authTokens: TOKENS, tools });
    const statusOf = async (name: string, token: string) =>
      (await call(`${url}/mcp`, { body: rpc('tools/call', { name }), headers: as(token) })).status;
    expect(await statusOf('read', BOB)).toBe(200);
    expect(await statusOf('write', ANN)).toBe(200);
    expect(await statusOf('read', EVE)).toBe(403);
    expect(await statusOf('echo', EVE)).toBe(200);
  });

  const OLD = ['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25'] as const;
  it.each(OLD)(
    'are told with each tool, as an array and again in _meta, where callers prove who they are: %s',
    async (speaks) => {
      const open = await start({ tools });
      const guarded = await start({ authTokens: TOKENS, tools });
      const headers = { ...as(ANN), 'MCP-Protocol-Version': speaks };
      const listOf = async (url: string) =>
        (await call(`${url}/mcp`, { body: rpc('tools/list'), headers })).json.result.tools as Json[];
      for (const tool of await listOf(open.url)) expect(tool.securitySchemes).toBeUndefined();
      for (const tool of await listOf(guarded.url)) {
        const scopes = tools.find(({ name }) => name === tool.name)?.scopes;
        const schemes = scopes === undefined ? [{ type: 'noauth' }] : [{ type: 'oauth2', scopes }];
        expect(tool.securitySchemes).toEqual(schemes);
        expect(tool._meta.securitySchemes).toEqual(schemes);
      }
    },
  );

  it('hide what a caller may not use when the operator wants that, and say that the list is private', async () => {
    const { url } = await start({ authTokens: TOKENS, tools, hideForbiddenTools: true });
    const namesFor = async (token: string) => {
      const { messages } = await callModern(url, 'tools/list', {}, { headers: as(token) });
      expect(messages[0]?.result.cacheScope).toBe('private');
      return (messages[0]?.result.tools as { name: string }[]).map(({ name }) => name);
    };
    expect(await namesFor(ANN)).toEqual(expect.arrayContaining(['read', 'write', 'echo']));
    const bobs = await namesFor(BOB);
    expect(bobs).toEqual(expect.arrayContaining(['read', 'echo']));
    expect(bobs).not.toContain('write');
    expect(await namesFor(EVE)).not.toContain('read');
  });
});

describe('an application that knows its callers', () => {
  const running: { close(): Promise<void> }[] = [];
  afterEach(async () => {
    await Promise.all(running.splice(0).map((one) => one.close()));
  });

  it('says who is asking, and what it does not know is asked of the tokens or turned away', async () => {
    const { url } = await start({
      authTokens: TOKENS,
      tools: [defineTool({ name: 'who', description: 'Who.', run: (_args, { principal }) => principal.id })],
      authenticate: ({ headers }) =>
        headers['x-user'] === undefined ? undefined : { id: `app:${String(headers['x-user'])}`, isAnonymous: false },
    });
    const who = async (headers: Record<string, string>) => {
      const { status, json } = await call(`${url}/mcp`, { body: rpc('tools/call', { name: 'who' }), headers });
      return status === 200 ? (json.result.content[0].text as string) : status;
    };
    expect(await who({ 'X-User': 'zoe' })).toBe('app:zoe');
    expect(await who(as(ANN))).toBe('token:ann');
    expect(await who({})).toBe(401);
  });

  it('that fails lets nobody in, and says nothing of why', async () => {
    const { url } = await start({
      authenticate: () => Promise.reject(new Error('hunter2: the directory is down at /srv/directory')),
    });
    const { status, text } = await call(`${url}/mcp`, { body: rpc('ping') });
    expect(status).toBe(500);
    expect(text).not.toMatch(/hunter2|srv/);
  });

  it('has its streams ended when its word runs out', async () => {
    const principal: Principal = { id: 'app:short', isAnonymous: false, expiresAt: Date.now() + 1500 };
    const { url, mcp } = await start({ authenticate: () => principal, keepAliveMs: 1000 });
    const legacy = await openLegacy(url);
    const { header } = await call(`${url}/mcp`, { body: opening });
    const session = { 'Mcp-Session-Id': header('mcp-session-id') ?? '' };
    const standalone = await openStream(`${url}/mcp`, { headers: session });
    await Promise.all([legacy.reader.waitForEnd(), standalone.waitForEnd()]);
    expect(Date.now()).toBeGreaterThanOrEqual(principal.expiresAt ?? Infinity);
    await until('no stream is left', () => mcp.streams.size === 0);
  });

  it('works mounted behind a prefix and a body parser', async () => {
    const mcp = createMcpApp({
      name: 'mounted',
      version: '1',
      authTokens: TOKENS,
      log: createLog({ level: 'silent' }),
    });
    const app = express();
    app.use(express.json());
    app.use('/inside', mcp.router());
    const server = createServer(app);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    running.push(mcp, { close: () => new Promise((resolve) => void server.close(() => resolve())) });
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/inside/mcp`;
    expect((await call(url, { body: rpc('ping'), isOurs: false })).status).toBe(401);
    expect((await call(url, { body: rpc('ping'), headers: as(ANN), isOurs: false })).status).toBe(200);
    server.closeAllConnections();
  });
});

describe('rate limits', () => {
  const LIMIT = { count: 3, seconds: 60 };
  const ping = (url: string, headers = {}, id: string | number = 'p') =>
    call(`${url}/mcp`, { body: rpc('ping', undefined, id), headers });

  it('answer 429 with Retry-After and the id of the request', async () => {
    const { url } = await start({ rateLimitCalls: LIMIT });
    for (let index = 0; index < 3; index += 1) expect((await ping(url)).status).toBe(200);
    const { status, header, json } = await ping(url);
    expect(status).toBe(429);
    expect(Number(header('retry-after'))).toBeGreaterThanOrEqual(1);
    expect(Number(header('retry-after'))).toBeLessThanOrEqual(60);
    expect(json.id).toBe('p');
  });

  it('hold on every door together, and count each request of a batch', async () => {
    const { url } = await start({ rateLimitCalls: { count: 6, seconds: 60 } });
    const legacy = await openLegacy(url);
    await legacy.send(rpc('ping', undefined, 1));
    expect((await callModern(url, 'tools/list')).status).toBe(200);
    const batch = [1, 2, 3].map((id) => rpc('ping', undefined, id));
    expect((await call(`${url}/mcp`, { body: batch })).status).toBe(200);
    expect((await call(`${url}/mcp`, { body: batch })).status).toBe(429);
    expect((await legacy.post(rpc('ping', undefined, 2))).status).toBe(429);
    expect((await callModern(url, 'tools/list')).status).toBe(429);
    legacy.close();
  });

  it('count sessions by themselves, whichever door makes them, and make none that is too much', async () => {
    const { url, mcp } = await start({ rateLimitSessions: { count: 2, seconds: 60 } });
    const first = await openLegacy(url);
    expect((await call(`${url}/mcp`, { body: opening })).status).toBe(200);
    const third = await call(`${url}/mcp`, { body: opening });
    expect([third.status, third.json.id]).toEqual([429, 1]);
    expect((await call(`${url}/sse`)).status).toBe(429);
    expect((await call(`${url}/mcp`, { headers: { Accept: 'text/event-stream' } })).status).toBe(429);
    expect(mcp.sessions.size).toBe(2);
    expect((await ping(url)).status).toBe(200);
    first.close();
  });

  it('are each caller’s own', async () => {
    const { url } = await start({ rateLimitCalls: LIMIT, authTokens: TOKENS });
    for (let index = 0; index < 3; index += 1) await ping(url, as(ANN));
    expect((await ping(url, as(ANN))).status).toBe(429);
    expect((await ping(url, as(BOB))).status).toBe(200);
  });

  it('are not escaped by forged headers when no proxy is trusted', async () => {
    const { url } = await start({ rateLimitCalls: LIMIT });
    const statuses: number[] = [];
    for (let index = 0; index < 5; index += 1) {
      const forged = `198.51.100.${index}`;
      const headers = { 'X-Forwarded-For': forged, 'X-Real-IP': forged, Forwarded: `for=${forged}` };
      statuses.push((await ping(url, headers)).status);
    }
    expect(statuses).toEqual([200, 200, 200, 429, 429]);
  });

  it('count by what the nearest trusted proxy saw, whatever the client wrote before it', async () => {
    const { url } = await start({ rateLimitCalls: LIMIT, trustProxy: 1 });
    const from = async (forged: string, real: string) =>
      (await ping(url, { 'X-Forwarded-For': `${forged}, ${real}` })).status;
    const statuses: number[] = [];
    for (let index = 0; index < 4; index += 1) statuses.push(await from(`198.51.100.${index}`, '192.0.2.1'));
    expect(statuses).toEqual([200, 200, 200, 429]);
    expect(await from('192.0.2.1', '192.0.2.2')).toBe(200);
  });

  it('are off on a loopback bind, and on elsewhere', async () => {
    const local = await start();
    for (let index = 0; index < 70; index += 1) {
      expect((await call(`${local.url}/mcp`, { body: opening })).status).toBe(200);
    }
    const mcp = createMcpApp({ name: 'public', version: '1', log: createLog({ level: 'silent' }), drainMs: 100 });
    const open = await mcp.listen({ host: '0.0.0.0' });
    const statuses = new Set<number>();
    for (let index = 0; index < 61; index += 1) {
      statuses.add((await call(`http://127.0.0.1:${open.port}/mcp`, { body: opening })).status);
    }
    await open.close();
    expect([...statuses]).toEqual([200, 429]);
  });
});

describe('the start', () => {
  const AUTH = `ann:${ANN},bob:${BOB}:files:read`;

  it('reads tokens, scopes and limits', () => {
    const { settings } = readConfig({
      AUTH_TOKENS: `ann:${ANN},bob:${BOB}:read+write`,
      RATE_LIMIT_CALLS: '10/5',
      RATE_LIMIT_SESSIONS: 'off',
      HIDE_FORBIDDEN_TOOLS: 'on',
    });
    expect(settings.authTokens).toEqual([
      { name: 'ann', token: ANN, scopes: undefined },
      { name: 'bob', token: BOB, scopes: ['read', 'write'] },
    ]);
    expect(settings).toMatchObject({
      rateLimitCalls: { count: 10, seconds: 5 },
      rateLimitSessions: 'off',
      hideForbiddenTools: true,
    });
  });

  it.each([
    ['AUTH_TOKENS', 'ann'],
    ['AUTH_TOKENS', 'ann:hunter2'],
    ['AUTH_TOKENS', `:${ANN}`],
    ['AUTH_TOKENS', AUTH],
    ['AUTH_TOKENS', `ann:${ANN}:`],
    ['AUTH_TOKENS', `ann:${ANN} with spaces`],
    ['OAUTH_ISSUER', 'http://auth.example'],
    ['OAUTH_ISSUER', 'auth.example'],
    ['OAUTH_ISSUER', 'https://auth.example/?a=b'],
    ['OAUTH_JWKS_URL', 'http://auth.example/jwks'],
    ['OAUTH_AUDIENCE', 'https://us.example'],
    ['RATE_LIMIT_CALLS', '10'],
    ['RATE_LIMIT_CALLS', '0/10'],
    ['RATE_LIMIT_SESSIONS', '10/0'],
    ['RATE_LIMIT_SESSIONS', 'none'],
    ['HIDE_FORBIDDEN_TOOLS', 'maybe'],
  ])('is refused, with the name of the variable, for %s=%s', (name, value) => {
    const read = () => readConfig({ [name]: value });
    expect(read).toThrow(name);
    if (name === 'AUTH_TOKENS') for (const secret of ['hunter2', ANN]) expect(read).not.toThrow(secret);
  });

  it('is refused where every page could act for its visitors', () => {
    expect(() => readConfig({ ALLOWED_ORIGINS: '*', AUTH_TOKENS: `ann:${ANN}` })).toThrow(
      /ALLOWED_ORIGINS.*AUTH_TOKENS/,
    );
    expect(() => createMcpApp({ name: 'a', version: '1', allowedOrigins: ['*'], authTokens: TOKENS })).toThrow(
      /ALLOWED_ORIGINS/,
    );
    expect(() => createMcpApp({ name: 'a', version: '1', authTokens: [{ name: 'a', token: 'short' }] })).toThrow(
      /fewer than/,
    );
  });

  it('is warned of where a token can be guessed, without a word of it', () => {
    const { warnings } = readConfig({ AUTH_TOKENS: `ann:tiny-one,bob:${BOB}` });
    expect(warnings).toEqual([expect.stringMatching(/AUTH_TOKENS.*\bann\b/)]);
    expect(warnings[0]).not.toContain('tiny-one');
  });

  it('is refused where nobody could know which tokens are for us', () => {
    const issuer = { OAUTH_ISSUER: 'https://auth.example' };
    expect(() => readConfig({ ...issuer, HOST: '0.0.0.0' })).toThrow('PUBLIC_URL');
    expect(() => readConfig(issuer)).not.toThrow();
    expect(() => readConfig({ ...issuer, HOST: '0.0.0.0', PUBLIC_URL: 'https://us.example' })).not.toThrow();
  });

  it('is loud about a server that anybody may use, and names what would help', () => {
    const [warning = ''] = readConfig({ HOST: '0.0.0.0' }).warnings;
    for (const word of ['ANYBODY', 'AUTH_TOKENS', 'OAUTH_ISSUER', 'ALLOWED_HOSTS', 'HOST'])
      expect(warning).toContain(word);
    expect(readConfig({ HOST: '0.0.0.0', AUTH_TOKENS: `ann:${ANN}` }).warnings).toEqual([]);
    expect(readConfig({ HOST: '0.0.0.0', ALLOWED_HOSTS: 'us.example' }).warnings).toEqual([]);
    expect(readConfig({}).warnings).toEqual([]);
  });
});

// The rows of the wire contract that hold at every door, one test or more each, named after its row.
import { describe, expect, it } from '@jest/globals';
import { RawSocket } from '../support/raw-socket.js';
import { call, openStream, rpc, type HttpCall } from '../support/http-call.js';
import { callModern, modern } from '../support/modern-call.js';
import { DEFAULT_WAIT_MS, within } from '../support/clients/within.js';
import { openLegacy } from '../support/legacy-pair.js';
import { useServers } from '../support/servers.js';
import { waitingTool } from '../support/waiting-tool.js';

const start = useServers();

const OPENING = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'test', version: '1' } };
const initialize = (id: string | number = 1) => rpc('initialize', OPENING, id);
const ROUTES = [
  ['POST', '/mcp'],
  ['GET', '/mcp'],
  ['DELETE', '/mcp'],
  ['HEAD', '/mcp'],
  ['OPTIONS', '/mcp'],
  ['GET', '/sse'],
  ['HEAD', '/sse'],
  ['POST', '/sse'],
  ['DELETE', '/sse'],
  ['OPTIONS', '/sse'],
  ['POST', '/messages/'],
  ['OPTIONS', '/messages/'],
  ['GET', '/health'],
  ['GET', '/'],
  ['PUT', '/mcp'],
  ['GET', '/nowhere'],
  ['GET', '/.well-known/oauth-protected-resource'],
] as const;

describe('path with or without trailing slash', () => {
  it.each(['/mcp', '/mcp/', '/mcp?a=1&b=2', '/mcp/?a=1'])('serves %s alike', async (path) => {
    const { url } = await start();
    const { status, json } = await call(url + path, { body: initialize() });
    expect({ status, version: json.result.protocolVersion }).toEqual({ status: 200, version: '2025-11-25' });
  });

  it.each(['/sse', '/sse/', '/sse?a=1', '/sse/?a=1'])('serves %s alike', async (path) => {
    const { url } = await start();
    const reader = await openStream(url + path);
    expect(await reader.next()).toMatchObject({ event: 'endpoint', data: expect.stringMatching(/^\/messages\/\?/) });
    reader.close();
  });

  it.each(['/messages?', '/messages/?', '/messages?a=1&', '/messages/?a=1&'])('serves %s alike', async (path) => {
    const { url } = await start();
    const legacy = await openLegacy(url);
    const { status } = await call(`${url}${path}session_id=${legacy.id}`, { body: rpc('ping', {}, 'slash') });
    expect(status).toBe(202);
    expect(await legacy.reader.nextMessage()).toEqual({ jsonrpc: '2.0', id: 'slash', result: {} });
    legacy.close();
  });
});

describe('Origin present and not allowed', () => {
  it.each(ROUTES)('is 403 for %s %s, without a session or a header for the page', async (method, path) => {
    const { url, mcp } = await start();
    const headers = { Origin: 'https://evil.example' };
    const reply = await call(url + path, { method, headers, ...(method === 'POST' && { body: initialize() }) });
    expect(reply.status).toBe(403);
    expect(reply.header('access-control-allow-origin')).toBeUndefined();
    expect(mcp.sessions.size).toBe(0);
    if (method !== 'HEAD') expect(reply.json.error.message).toContain('ALLOWED_ORIGINS');
  });

  it.each(['/mcp', '/sse', '/messages/'])('is 403 before the body of POST %s is read', async (path) => {
    const { url } = await start();
    const socket = await RawSocket.open(url);
    await socket.send({
      method: 'POST',
      path,
      headers: { Origin: 'https://evil.example', 'Content-Type': 'application/json', 'Content-Length': '1000' },
    });
    expect((await socket.response('POST')).status).toBe(403);
    socket.close();
  });

  it.each([
    'null',
    'http://localhost.evil.example',
    'http://127.0.0.1.evil.example',
    'https://claude.ai.evil.example',
    'http://claude.ai',
    'file://',
    'http://user@localhost',
    '',
  ])('is 403 for the Origin "%s"', async (origin) => {
    const { url } = await start();
    expect((await call(`${url}/mcp`, { body: initialize(), headers: { Origin: origin } })).status).toBe(403);
  });
});

describe('Origin: null, two Origins', () => {
  it.each([
    ['http://localhost:3000', 'https://evil.example'],
    ['https://evil.example', 'http://localhost:3000'],
    ['http://localhost:3000', 'http://localhost:3000'],
  ])('is 403 for %s and %s', async (first, second) => {
    const { url } = await start();
    const socket = await RawSocket.open(url);
    await socket.write(
      `GET /health HTTP/1.1\r\nHost: ${new URL(url).host}\r\nOrigin: ${first}\r\nOrigin: ${second}\r\n\r\n`,
    );
    expect((await socket.response()).status).toBe(403);
    socket.close();
  });

  it('is 403 for both even where every page may come', async () => {
    const { url } = await start({ allowedOrigins: ['*'] });
    const socket = await RawSocket.open(url);
    const twice = 'Origin: http://a.example\r\nOrigin: http://b.example\r\n';
    await socket.write(`GET /health HTTP/1.1\r\nHost: ${new URL(url).host}\r\n${twice}\r\n`);
    expect((await socket.response()).status).toBe(403);
    socket.close();
    expect((await call(`${url}/health`, { headers: { Origin: 'null' } })).status).toBe(403);
  });
});

describe('no Origin (native and server-side clients)', () => {
  it('is served, without headers for pages', async () => {
    const { url } = await start();
    const reply = await call(`${url}/mcp`, { body: initialize() });
    expect(reply.status).toBe(200);
    expect(reply.headers.filter(([name]) => name.toLowerCase().startsWith('access-control'))).toEqual([]);
  });
});

describe('preflight from an allowed origin', () => {
  it.each(['/mcp', '/mcp/', '/sse', '/messages/'])('is answered at %s', async (path) => {
    const { url } = await start();
    const reply = await call(url + path, {
      method: 'OPTIONS',
      headers: {
        Origin: 'https://claude.ai',
        'Access-Control-Request-Method': 'POST',
        'Access-Control-Request-Headers': 'mcp-param-region, Mcp-Param-Bad"Name, content-type',
      },
    });
    expect(reply.status).toBe(200);
    expect(reply.text).toBe('');
    expect(reply.header('access-control-allow-origin')).toBe('https://claude.ai');
    expect(reply.header('vary')?.toLowerCase()).toContain('origin');
    expect(reply.header('access-control-allow-methods')).toBe('GET, POST, DELETE, OPTIONS, HEAD');
    expect(reply.header('access-control-max-age')).toBe('86400');
    expect(reply.header('access-control-allow-credentials')).toBeUndefined();
    const allowed = reply.header('access-control-allow-headers')?.toLowerCase().split(', ');
    expect(allowed).toEqual(
      expect.arrayContaining([
        'mcp-session-id',
        'mcp-protocol-version',
        'mcp-method',
        'mcp-name',
        'mcp-param-region',
        'authorization',
        'last-event-id',
        'content-type',
        'accept',
        'x-request-id',
      ]),
    );
    expect(allowed?.some((name) => name.includes('"'))).toBe(false);
  });

  it.each(['/.well-known/oauth-protected-resource', '/nowhere', '/mcp/deeper'])(
    'is answered at %s too, so that the page can read that nothing is there',
    async (path) => {
      const { url } = await start();
      const headers = { Origin: 'https://claude.ai', 'Access-Control-Request-Method': 'GET' };
      const reply = await call(url + path, { method: 'OPTIONS', headers });
      expect(reply.status).toBe(200);
      expect(reply.header('access-control-allow-origin')).toBe('https://claude.ai');
      expect(reply.header('access-control-allow-headers')).toContain('mcp-protocol-version');
      expect((await call(url + path, { method: 'OPTIONS' })).status).toBe(404);
      expect((await call(url + path, { method: 'OPTIONS', headers: { ...headers, Origin: 'null' } })).status).toBe(403);
    },
  );
});

describe('any CORS answer', () => {
  it.each([
    ['a result', { body: initialize() }, 200],
    ['a refusal', { body: 'not json' }, 400],
    ['a path nobody knows', { path: '/nowhere' }, 404],
    ['a wrong verb', { method: 'PUT' }, 405],
    ['a session nobody knows', { body: rpc('ping'), headers: { 'Mcp-Session-Id': 'gone' } }, 404],
  ] as const)(
    'exposes what pages need: %s',
    async (_what, { path = '/mcp', ...request }: HttpCall & { path?: string }, status) => {
      const { url } = await start();
      const headers = { ...request.headers, Origin: 'http://localhost:6274' };
      const reply = await call(url + path, { ...request, headers });
      expect(reply.status).toBe(status);
      expect(reply.header('access-control-allow-origin')).toBe('http://localhost:6274');
      expect(reply.header('vary')?.toLowerCase()).toContain('origin');
      expect(reply.header('access-control-expose-headers')?.split(', ')).toEqual(
        expect.arrayContaining([
          'Mcp-Session-Id',
          'Mcp-Protocol-Version',
          'WWW-Authenticate',
          'X-Request-Id',
          'Retry-After',
        ]),
      );
    },
  );

  it('is on streams too', async () => {
    const { url } = await start();
    const reader = await openStream(`${url}/sse`, { headers: { Origin: 'http://localhost:6274' } });
    expect(reader.response.header('access-control-allow-origin')).toBe('http://localhost:6274');
    expect(reader.response.header('access-control-expose-headers')).toContain('Mcp-Session-Id');
    reader.close();
  });

  it('never says * together with credentials', async () => {
    const { url } = await start({ allowedOrigins: ['*'] });
    const reply = await call(`${url}/mcp`, { body: initialize(), headers: { Origin: 'https://anything.example' } });
    expect(reply.status).toBe(200);
    const isForAll = reply.header('access-control-allow-origin') === '*';
    expect(isForAll && reply.header('access-control-allow-credentials') !== undefined).toBe(false);
  });
});

describe('loopback bind and a Host that is not loopback', () => {
  it.each([
    'evil.example',
    'evil.example:8080',
    '127.0.0.1.evil.example',
    'localhost@evil.example',
    '192.168.0.1',
    '[::2]',
  ])('is 403 for %s, with the name of the setting', async (host) => {
    const { url, mcp } = await start();
    const reply = await call(`${url}/mcp`, { body: initialize(), headers: { Host: host } });
    expect(reply.status).toBe(403);
    expect(reply.json.error.message).toContain('ALLOWED_HOSTS');
    expect(mcp.sessions.size).toBe(0);
  });

  it.each(['localhost', 'LOCALHOST:1', '127.0.0.1', '127.1.2.3:99', '[::1]:8080'])('serves %s', async (host) => {
    const { url } = await start();
    expect((await call(`${url}/mcp`, { body: initialize(), headers: { Host: host } })).status).toBe(200);
  });

  it('goes by ALLOWED_HOSTS when that is set', async () => {
    const { url } = await start({ allowedHosts: ['tools.example'] });
    const statusFor = async (host: string) => (await call(`${url}/health`, { headers: { Host: host } })).status;
    expect(await statusFor('tools.example')).toBe(200);
    expect(await statusFor('TOOLS.example:443')).toBe(200);
    expect(await statusFor('localhost')).toBe(403);
    expect(await statusFor('other.example')).toBe(403);
  });
});

describe('body larger than MAX_BODY_BYTES', () => {
  const PATHS = ['/mcp', '/sse', '/messages/?session_id='] as const;

  it.each(PATHS)('is 413 at once at %s when its length is declared', async (path) => {
    const { url } = await start({ maxBodyBytes: 1000 });
    const { socket, close } = await connectFor(url);
    await socket.send({
      method: 'POST',
      path: await withSession(url, path),
      headers: { 'Content-Type': 'application/json', 'Content-Length': '100000000' },
    });
    const reply = await socket.response('POST');
    expect(reply.status).toBe(413);
    expect(reply.header('connection')).toBe('close');
    expect(JSON.parse(reply.text).error.message).toContain('1000');
    await socket.waitForEnd();
    close();
  });

  it.each(PATHS)('is 413 at once at %s when it comes in chunks, and the connection ends', async (path) => {
    const { url } = await start({ maxBodyBytes: 1000 });
    const { socket, close } = await connectFor(url);
    await socket.send({
      method: 'POST',
      path: await withSession(url, path),
      headers: { 'Content-Type': 'application/json', 'Transfer-Encoding': 'chunked' },
    });
    const chunk = `400\r\n${'x'.repeat(1024)}\r\n`;
    await socket.write(chunk);
    expect((await socket.response('POST')).status).toBe(413);
    // Whoever goes on sending is let go of.
    socket.socket.on('error', () => {});
    const sending = setInterval(() => socket.socket.writable && socket.socket.write(chunk), 20);
    await socket.waitForEnd();
    clearInterval(sending);
    close();
  });

  it.each(PATHS)('is 413 at %s also when all of it is there before anybody looks', async (path) => {
    const { url } = await start({ maxBodyBytes: 1000 });
    const { socket, close } = await connectFor(url);
    const target = await withSession(url, path);
    const head = `POST ${target} HTTP/1.1\r\nHost: ${new URL(url).host}\r\nContent-Type: application/json\r\n`;
    await socket.write(`${head}Transfer-Encoding: chunked\r\n\r\n400\r\n${'x'.repeat(1024)}\r\n0\r\n\r\n`);
    expect((await socket.response('POST')).status).toBe(413);
    await socket.waitForEnd();
    close();
  });

  it('is 413 by one byte, and not below', async () => {
    const { url } = await start({ maxBodyBytes: 200 });
    const padded = (length: number) => JSON.stringify(rpc('ping')).padEnd(length, ' ');
    expect((await call(`${url}/mcp`, { body: padded(200) })).status).toBe(200);
    expect((await call(`${url}/mcp`, { body: padded(201) })).status).toBe(413);
  });

  it('is counted in bytes, not in letters', async () => {
    const { url } = await start({ maxBodyBytes: 200 });
    expect((await call(`${url}/mcp`, { body: JSON.stringify(rpc('ping', { x: 'ß'.repeat(90) })) })).status).toBe(413);
  });
});

describe('Content-Type not application/json', () => {
  it.each([
    undefined,
    'text/plain',
    'application/x-www-form-urlencoded',
    'application/jsonx',
    'application/json-rpc',
    'application/json; charset=iso-8859-1',
    'text/plain, application/json',
  ])('is 415 for %s', async (type) => {
    const { url, mcp } = await start();
    const reply = await call(`${url}/mcp`, { body: initialize(), headers: { 'Content-Type': type } });
    expect(reply.status).toBe(415);
    expect(reply.json).toEqual({ jsonrpc: '2.0', error: { code: expect.any(Number), message: expect.any(String) } });
    expect(mcp.sessions.size).toBe(0);
  });

  it.each([
    'application/json; charset=utf-8',
    'application/json;charset="UTF-8"',
    'Application/JSON',
    'application/json; profile=x',
    'application/json;',
  ])('serves %s', async (type) => {
    const { url } = await start();
    expect((await call(`${url}/mcp`, { body: initialize(), headers: { 'Content-Type': type } })).status).toBe(200);
  });

  it('is 415 at the legacy door too, and for a compressed body', async () => {
    const { url } = await start();
    const { id, close } = await openLegacy(url);
    const path = `${url}/messages/?session_id=${id}`;
    expect((await call(path, { body: rpc('ping'), headers: { 'Content-Type': 'text/plain' } })).status).toBe(415);
    expect((await call(path, { body: rpc('ping'), headers: { 'Content-Encoding': 'gzip' } })).status).toBe(415);
    close();
  });
});

describe('body empty, not JSON, invalid UTF-8', () => {
  it.each([
    ['empty', ''],
    ['blank', '  '],
    ['no JSON', 'hello'],
    ['cut off', '{"jsonrpc":"2.0","id":1'],
    ['two values', '{}{}'],
    ['single quotes', "{'jsonrpc':'2.0'}"],
  ])('is 400 -32700 when it is %s', async (_what, body) => {
    const { url } = await start();
    const { status, json, text } = await call(`${url}/mcp`, { body });
    expect({ status, json }).toEqual({
      status: 400,
      json: { jsonrpc: '2.0', error: { code: -32700, message: expect.any(String) } },
    });
    if (body.trim() !== '') expect(text).not.toContain(body);
  });

  it('is 400 -32700 for bytes that are no UTF-8', async () => {
    const { url } = await start();
    const socket = await RawSocket.open(url);
    const body = Buffer.concat([
      Buffer.from('{"jsonrpc":"2.0","id":1,"method":"'),
      Buffer.from([0xff, 0xfe]),
      Buffer.from('"}'),
    ]);
    const reply = await socket.request({
      method: 'POST',
      path: '/mcp',
      headers: { 'Content-Type': 'application/json' },
      body,
    });
    expect(reply.status).toBe(400);
    expect(JSON.parse(reply.text).error.code).toBe(-32700);
    socket.close();
  });
});

describe('JSON, but no JSON-RPC message', () => {
  const nested = (depth: number) => JSON.parse('{"a":'.repeat(depth) + '1' + '}'.repeat(depth)) as object;

  it.each([
    ['a string', 'hello', undefined],
    ['a number', 42, undefined],
    ['null', null, undefined],
    ['an empty object', {}, undefined],
    ['no version', { id: 1, method: 'ping' }, 1],
    ['another version', { jsonrpc: '1.0', id: 1, method: 'ping' }, 1],
    ['id null', { jsonrpc: '2.0', id: null, method: 'ping' }, undefined],
    ['a fractional id', { jsonrpc: '2.0', id: 1.5, method: 'ping' }, undefined],
    ['an id beyond what numbers can say', { jsonrpc: '2.0', id: 2 ** 53, method: 'ping' }, undefined],
    ['an object as id', { jsonrpc: '2.0', id: {}, method: 'ping' }, undefined],
    ['true as id', { jsonrpc: '2.0', id: true, method: 'ping' }, undefined],
    ['no method', { jsonrpc: '2.0', id: 7 }, 7],
    ['a number as method', { jsonrpc: '2.0', id: 'x', method: 1 }, 'x'],
    ['an array as params', { jsonrpc: '2.0', id: 0, method: 'ping', params: [] }, 0],
    ['null as params', { jsonrpc: '2.0', id: '', method: 'ping', params: null }, ''],
    ['result and error', { jsonrpc: '2.0', id: 1, result: {}, error: { code: 1, message: '' } }, 1],
    ['nesting deeper than 64', { jsonrpc: '2.0', id: 1, method: 'ping', params: nested(64) }, 1],
  ])('is 400 -32600 for %s', async (_what, body, id) => {
    const { url } = await start();
    const { status, json } = await call(`${url}/mcp`, { body: JSON.stringify(body) });
    expect({ status, json }).toEqual({
      status: 400,
      json: { jsonrpc: '2.0', ...(id !== undefined && { id }), error: { code: -32600, message: expect.any(String) } },
    });
  });

  it('is 400 -32600 at the legacy door too, where nothing comes on the stream', async () => {
    const { url } = await start();
    const { id, reader, close } = await openLegacy(url);
    const path = `${url}/messages/?session_id=${id}`;
    const refused = await call(path, { body: { jsonrpc: '2.0', id: null, method: 'ping' } });
    expect({ status: refused.status, code: refused.json.error.code }).toEqual({ status: 400, code: -32600 });
    await call(path, { body: rpc('ping', {}, 'after') });
    expect(await reader.nextMessage()).toMatchObject({ id: 'after' });
    close();
  });
});

describe('id of 0, -1, "", "0"', () => {
  const IDS = [0, -1, '', '0', 'x'.repeat(1000), '🦊\u0000\n', Number.MAX_SAFE_INTEGER] as const;

  it.each(IDS)('echoes %j over /mcp, with and without a session', async (id) => {
    const { url } = await start();
    const opened = await call(`${url}/mcp`, { body: initialize(id) });
    expect(opened.json.id).toBe(id);
    const session = { 'Mcp-Session-Id': opened.header('mcp-session-id') };
    expect((await call(`${url}/mcp`, { body: rpc('ping', {}, id), headers: session })).json.id).toBe(id);
    expect((await call(`${url}/mcp`, { body: rpc('ping', {}, id) })).json.id).toBe(id);
    expect((await callModern(url, 'tools/list', {}, { id })).json.id).toBe(id);
  });

  it.each(IDS)('echoes %j on the legacy stream', async (id) => {
    const { url } = await start();
    const { send, reader, close } = await openLegacy(url);
    await send(rpc('ping', {}, id));
    expect(await reader.nextMessage()).toEqual({ jsonrpc: '2.0', id, result: {} });
    close();
  });

  it.each([0, -1, '', '0'])('can be cancelled: %j', async (id) => {
    const waiting = waitingTool();
    const { url } = await start({ tools: [waiting.tool] });
    const opened = await call(`${url}/mcp`, { body: initialize() });
    const headers = { 'Mcp-Session-Id': opened.header('mcp-session-id') };
    const ended = call(`${url}/mcp`, { body: rpc('tools/call', { name: 'wait' }, id), headers });
    await waiting.started();
    const other = typeof id === 'number' ? String(id) : id === '0' ? 0 : 'other';
    await call(`${url}/mcp`, { body: cancelled(other), headers });
    expect(waiting.signals[0]?.aborted).toBe(false);
    await call(`${url}/mcp`, { body: cancelled(id), headers });
    await ended;
    expect(waiting.signals[0]?.aborted).toBe(true);
  });
});

describe('method or tool named constructor, __proto__, toString', () => {
  it.each(['constructor', '__proto__', 'toString', 'hasOwnProperty', 'prototype'])('%s is unknown', async (name) => {
    const { url } = await start();
    const json = `{"jsonrpc":"2.0","id":1,"method":${JSON.stringify(name)}}`;
    expect((await call(`${url}/mcp`, { body: json })).json.error).toMatchObject({ code: -32601 });
    expect((await callModern(url, name)).json.error).toMatchObject({ code: -32601 });
    for (const [method, params] of [
      ['tools/call', { name }],
      ['prompts/get', { name }],
      ['completion/complete', { ref: { type: 'ref/prompt', name }, argument: { name, value: '' } }],
    ] as const) {
      expect((await call(`${url}/mcp`, { body: rpc(method, params) })).json.error).toMatchObject({ code: -32602 });
    }
    expect((await call(`${url}/mcp`, { body: rpc('resources/read', { uri: name }) })).json.error).toMatchObject({
      code: expect.any(Number),
    });
    const args = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{${JSON.stringify(name)}:1,"message":"m"}}}`;
    expect((await call(`${url}/mcp`, { body: args })).json.result.content).toEqual([{ type: 'text', text: 'm' }]);
  });
});

describe('a verb the path does not know', () => {
  it.each([
    ['PUT', '/mcp', 'GET, POST, DELETE, OPTIONS, HEAD'],
    ['PATCH', '/mcp/', 'GET, POST, DELETE, OPTIONS, HEAD'],
    ['PUT', '/sse', 'GET, POST, DELETE, OPTIONS, HEAD'],
    ['GET', '/messages/', 'POST, OPTIONS'],
    ['HEAD', '/messages', 'POST, OPTIONS'],
    ['DELETE', '/messages', 'POST, OPTIONS'],
    ['POST', '/health', 'GET, HEAD, OPTIONS'],
    ['POST', '/', 'GET, HEAD, OPTIONS'],
    ['PROPFIND', '/mcp', 'GET, POST, DELETE, OPTIONS, HEAD'],
  ])('is 405 for %s %s', async (method, path, allow) => {
    const { url } = await start();
    const reply = await call(url + path, { method });
    expect(reply.status).toBe(405);
    expect(reply.header('allow')).toBe(allow);
    if (method !== 'HEAD') expect(reply.json).toEqual({ jsonrpc: '2.0', error: expect.any(Object) });
  });
});

describe('a path nobody knows', () => {
  it.each([
    '/nowhere',
    '/mcp/more',
    '/register',
    '/.well-known/oauth-authorization-server',
    '/.well-known/openid-configuration',
    '/.well-known/mcp.json',
    '/favicon.ico',
    '/%',
    '/..%2f..%2fetc/passwd',
    '//evil.example/',
    '/sse/messages/?session_id=00000000-0000-4000-8000-000000000000',
  ])('is 404 with a JSON body: %s', async (path) => {
    const { url } = await start();
    const reply = await rawCall(url, path);
    expect([400, 404]).toContain(reply.status);
    if (path !== '/%') expect(reply.status).toBe(404);
    expect(JSON.parse(reply.text)).toEqual({
      jsonrpc: '2.0',
      error: { code: expect.any(Number), message: expect.any(String) },
    });
    expect(reply.text).not.toMatch(/passwd|evil|node_modules|\/work|Error:/);
  });
});

describe('GET /, HEAD /', () => {
  it('is 200 at once', async () => {
    const { url } = await start();
    expect(await call(`${url}/`)).toMatchObject({ status: 200, json: { name: 'dualgauge' } });
    const head = await call(`${url}/`, { method: 'HEAD' });
    expect({ status: head.status, text: head.text }).toEqual({ status: 200, text: '' });
  });
});

describe('HEAD /sse, HEAD /mcp', () => {
  it.each([
    ['/sse', 'text/event-stream; charset=utf-8'],
    ['/sse/', 'text/event-stream; charset=utf-8'],
    ['/mcp', undefined],
    ['/mcp/', undefined],
  ])('is headers only at %s, ended, and makes no session', async (path, type) => {
    const { url, mcp } = await start();
    const socket = await RawSocket.open(url);
    const reply = await socket.request({ method: 'HEAD', path, headers: { Accept: 'text/event-stream' } });
    expect({ status: reply.status, type: reply.header('content-type') }).toEqual({ status: 200, type });
    expect({ sessions: mcp.sessions.size, streams: mcp.streams.size }).toEqual({ sessions: 0, streams: 0 });
    // It has ended: the same connection answers the next.
    expect((await socket.request({ path: '/health' })).status).toBe(200);
    socket.close();
  });
});

describe('session limit reached', () => {
  it.each(['/mcp', '/sse'])('is 503 with Retry-After for a handshake at %s, and nothing is made', async (path) => {
    const { url, mcp } = await start({ maxSessions: 1 });
    expect((await call(`${url}/mcp`, { body: initialize() })).status).toBe(200);
    const refused = await call(url + path, { body: initialize('full') });
    expect({ status: refused.status, id: refused.json.id }).toEqual({ status: 503, id: 'full' });
    expect(Number(refused.header('retry-after'))).toBeGreaterThan(0);
    expect(refused.header('mcp-session-id')).toBeUndefined();
    expect(mcp.sessions.size).toBe(1);
  });

  it('is 503 with Retry-After for GET /sse, as JSON', async () => {
    const { url, mcp } = await start({ maxSessions: 1 });
    const legacy = await openLegacy(url);
    const refused = await call(`${url}/sse`, { headers: { Accept: 'text/event-stream' } });
    expect(refused.status).toBe(503);
    expect(Number(refused.header('retry-after'))).toBeGreaterThan(0);
    expect({ sessions: mcp.sessions.size, streams: mcp.streams.size }).toEqual({ sessions: 1, streams: 1 });
    legacy.close();
  });

  it('frees its place with the session', async () => {
    const { url } = await start({ maxSessions: 1 });
    const opened = await call(`${url}/mcp`, { body: initialize() });
    await call(`${url}/mcp`, { method: 'DELETE', headers: { 'Mcp-Session-Id': opened.header('mcp-session-id') } });
    expect((await call(`${url}/mcp`, { body: initialize() })).status).toBe(200);
  });

  it('is 503 for more calls in flight than a session may have', async () => {
    const waiting = waitingTool();
    const { url } = await start({ maxCallsPerSession: 1, tools: [waiting.tool] });
    const opened = await call(`${url}/mcp`, { body: initialize() });
    const headers = { 'Mcp-Session-Id': opened.header('mcp-session-id') };
    const first = call(`${url}/mcp`, { body: rpc('tools/call', { name: 'wait' }, 'first'), headers });
    await waiting.started();
    const refused = await call(`${url}/mcp`, { body: rpc('ping', {}, 'second'), headers });
    expect({ status: refused.status, id: refused.json.id }).toEqual({ status: 503, id: 'second' });
    expect(refused.header('retry-after')).toBeDefined();
    waiting.finish();
    expect((await first).messages.at(-1)).toMatchObject({ id: 'first', result: { content: [{ text: 'waited' }] } });
  });
});

describe('the server is draining', () => {
  it('gives new sessions and calls 503 with Retry-After, and lets calls in flight finish', async () => {
    const waiting = waitingTool();
    const { url, close } = await start({ drainMs: DEFAULT_WAIT_MS, tools: [waiting.tool] });
    const inFlight = call(`${url}/mcp`, { body: rpc('tools/call', { name: 'wait' }, 'slow') });
    await waiting.started();
    const closing = close();
    const refusals: readonly (readonly [string, HttpCall])[] = [
      ['/mcp', { body: initialize('x') }],
      ['/mcp', { body: rpc('ping', {}, 'x') }],
      ['/mcp', modern('tools/list', {}, { id: 'x' })],
      ['/sse', {}],
      ['/ready', {}],
    ];
    for (const [path, request] of refusals) {
      const reply = await call(url + path, request);
      expect({ path, status: reply.status }).toEqual({ path, status: 503 });
      expect(Number(reply.header('retry-after'))).toBeGreaterThan(0);
      if (request.body !== undefined) expect(reply.json.id).toBe('x');
    }
    waiting.finish();
    expect((await inFlight).messages.at(-1)).toMatchObject({ id: 'slow', result: { content: [{ text: 'waited' }] } });
    await within(DEFAULT_WAIT_MS, 'the server to close', closing);
  });

  it('ends, even while a connection is open that never said anything', async () => {
    const { url, close } = await start();
    const silent = await RawSocket.open(url);
    await call(`${url}/health`);
    await within(5000, 'the server to close', close());
    await silent.waitForEnd();
    silent.close();
  });

  it('ends, even while somebody is in the middle of a request', async () => {
    const { url, close } = await start();
    const slow = await RawSocket.open(url);
    await slow.send({
      method: 'POST',
      path: '/mcp',
      headers: { 'Content-Type': 'application/json', 'Content-Length': '10' },
    });
    await call(`${url}/health`);
    await within(5000, 'the server to close', close());
    await slow.waitForEnd();
    slow.close();
  });

  it('aborts what is not done when the time is up', async () => {
    const waiting = waitingTool();
    const { url, close } = await start({ drainMs: 50, tools: [waiting.tool] });
    const inFlight = call(`${url}/mcp`, { body: rpc('tools/call', { name: 'wait' }) }).catch(() => undefined);
    await waiting.started();
    await within(5000, 'the server to close', close());
    expect(waiting.signals[0]?.aborted).toBe(true);
    await inFlight;
  });
});

describe('what is no HTTP at all', () => {
  it.each([
    ['garbage', 'hello\r\n\r\n'],
    ['two lengths', 'POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n'],
    [
      'a length and chunks',
      'POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['headers without end', `GET / HTTP/1.1\r\nHost: localhost\r\n${'X-Y: '.padEnd(8000, 'z')}\r\n`.repeat(4)],
  ])('is refused as JSON, and the connection ends: %s', async (_what, bytes) => {
    const { url } = await start();
    const socket = await RawSocket.open(url);
    await socket.write(bytes);
    const reply = await socket.response();
    expect([400, 413, 431]).toContain(reply.status);
    expect(JSON.parse(reply.text)).toMatchObject({ jsonrpc: '2.0', error: { code: expect.any(Number) } });
    expect(reply.header('x-content-type-options')).toBe('nosniff');
    await socket.waitForEnd();
    socket.close();
  });
});

it('a target that cannot be taken apart is refused as JSON', async () => {
  const { url } = await start();
  const socket = await RawSocket.open(url);
  const reply = await socket.request({ path: 'http://[a/x', headers: { Host: '[a' } });
  expect([reply.status, reply.header('content-type')]).toEqual([400, 'application/json']);
  expect(reply.header('x-request-id')).toBeDefined();
  expect((await socket.waitForEnd()).how).toBe('end');
  socket.close();
});

it('a request without Host is refused as JSON', async () => {
  const { url } = await start();
  const socket = await RawSocket.open(url);
  await socket.write('GET /health HTTP/1.1\r\nConnection: close\r\n\r\n');
  const { status, text } = await socket.response();
  socket.close();
  expect(status).toBe(400);
  expect(JSON.parse(text)).toMatchObject({ jsonrpc: '2.0', error: { code: expect.any(Number) } });
});

describe('X-Request-Id', () => {
  it('names every exchange, by the name the client gave it when that is one', async () => {
    const { url } = await start();
    const idFor = async (given?: string) => {
      const reply = await call(`${url}/mcp`, { body: rpc('ping'), headers: { 'X-Request-Id': given } });
      return reply.header('x-request-id');
    };
    expect(await idFor('abc-123')).toBe('abc-123');
    expect(await idFor('with blanks')).toMatch(/^[A-Za-z0-9._-]+$/);
    expect(await idFor()).not.toBe(await idFor());
  });
});

function cancelled(requestId: string | number) {
  return { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId } };
}

async function connectFor(url: string) {
  const socket = await RawSocket.open(url);
  return { socket, close: () => socket.close() };
}

/** The path, with the id of a new legacy session where it wants one. */
async function withSession(url: string, path: string): Promise<string> {
  return path.endsWith('=') ? `${path}${(await openLegacy(url)).id}` : path;
}

/** For paths that no URL parser would leave alone. */
async function rawCall(url: string, path: string) {
  const socket = await RawSocket.open(url);
  const reply = await socket.request({ path, headers: { Connection: 'close' } });
  socket.close();
  return reply;
}

// Mounted in somebody's Express app: under a prefix, behind their middleware, behind their proxy.
import type { IncomingMessage, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PassThrough } from 'node:stream';
import compression from 'compression';
import express, { type Express, type RequestHandler, Router } from 'express';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { McpAppOptions } from '../../server/options.js';
import { createLog } from '../../server/log.js';
import { createMcpApp, type McpApp, builtInTools } from '../../server/index.js';
import { call, openStream, rpc } from '../support/http-call.js';
import { openLegacy } from '../support/legacy-pair.js';
import { modern } from '../support/modern-call.js';
import { RawSocket } from '../support/raw-socket.js';
import { useServers } from '../support/servers.js';

const start = useServers();

const running: { server: Server; mcp: McpApp }[] = [];

afterEach(async () => {
  for (const { server, mcp } of running.splice(0)) {
    const closed = new Promise((resolve) => server.close(resolve));
    await mcp.close();
    server.closeAllConnections();
    await closed;
  }
});

/** Somebody's app, and ours in it. */
async function host(mount: (app: Express, mcp: McpApp) => void, options: Partial<McpAppOptions> = {}): Promise<string> {
  const facts = { name: 'dualgauge', version: '1', startedAt: Date.now(), sessions: () => 0, tools: () => 0 };
  const log = createLog({ level: 'silent' });
  const mcp = createMcpApp({
    name: 'dualgauge',
    version: '1',
    log,
    drainMs: 100,
    tools: builtInTools(facts),
    ...options,
  });
  const app = express();
  mount(app, mcp);
  const server = app.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  running.push({ server, mcp });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const theirs = { isOurs: false } as const;
const add = rpc('tools/call', { name: 'add', arguments: { a: 1, b: 2 } });
const large = (bytes: number) => rpc('tools/call', { name: 'large_result', arguments: { bytes } });

describe('under a prefix', () => {
  it('says where its doors are, and not what it is made with', async () => {
    const url = await host((app, mcp) => void app.use('/tools', mcp.router()));
    const { json, header } = await call(`${url}/tools`);
    expect(json.endpoints).toEqual({ mcp: '/tools/mcp', sse: '/tools/sse', health: '/tools/health' });
    expect(header('x-powered-by')).toBeUndefined();
    expect((await call(`${url}/tools/mcp`, { body: add })).header('x-powered-by')).toBeUndefined();
  });

  it.each([
    ['/tools', (app: Express, mcp: McpApp) => app.use('/tools', mcp.router())],
    ['/tools', (app: Express, mcp: McpApp) => app.use('/tools/', mcp.router())],
    ['/a/b', (app: Express, mcp: McpApp) => app.use('/a', Router().use('/b', mcp.router()))],
    ['/tenant-7', (app: Express, mcp: McpApp) => app.use('/:tenant', mcp.router())],
  ])('%s: the endpoint event names it, and both doors are served there', async (prefix, mount) => {
    const url = await host((app, mcp) => void mount(app, mcp));
    for (const slash of ['', '/']) {
      expect((await call(`${url}${prefix}/mcp${slash}`, { ...theirs, body: add })).status).toBe(200);
      const legacy = await openLegacy(`${url}${prefix}/sse${slash}`, theirs);
      expect(legacy.endpoint).toBe(`${prefix}/messages/?session_id=${legacy.id}`);
      await legacy.post(rpc('ping', {}, 'here'), theirs);
      expect(await legacy.reader.nextMessage()).toMatchObject({ id: 'here' });
      legacy.close();
    }
  });

  it('leaves the rest of the app alone', async () => {
    const url = await host((app, mcp) => {
      app.use('/tools', mcp.router());
      app.get('/mine', (_req, res) => void res.send('mine'));
    });
    expect((await call(`${url}/mine`, { ...theirs, headers: { Origin: 'https://anybody.example' } })).text).toBe(
      'mine',
    );
    expect((await call(`${url}/tools/nowhere`, theirs)).json.error.message).toBe('Not found');
    expect((await call(`${url}/mcp`, { ...theirs, body: add })).status).toBe(404);
  });

  it('twice in one app is two servers', async () => {
    const other = createMcpApp({ name: 'other', version: '1', log: createLog({ level: 'silent' }) });
    const url = await host((app, mcp) => void app.use('/one', mcp.router()).use('/two', other.router()));
    const one = await call(`${url}/one/mcp`, { ...theirs, body: rpc('initialize', {}) });
    const two = await call(`${url}/two/mcp`, { ...theirs, body: rpc('initialize', {}) });
    expect([one.json.result.serverInfo.name, two.json.result.serverInfo.name]).toEqual(['dualgauge', 'other']);
    const headers = { 'Mcp-Session-Id': one.header('mcp-session-id') };
    expect((await call(`${url}/two/mcp`, { ...theirs, body: rpc('ping'), headers })).status).toBe(404);
    await other.close();
  });
});

describe("body already parsed by a host application's express.json()", () => {
  const parsed = (app: Express, mcp: McpApp) => void app.use(express.json()).use('/tools', mcp.router());

  it('works the same', async () => {
    const url = await host(parsed);
    expect((await call(`${url}/tools/mcp`, { ...theirs, body: add })).json.result.content[0].text).toBe('{"sum":3}');
    const listed = await call(`${url}/tools/mcp`, { ...theirs, ...modern('tools/list') });
    expect(listed.json.result.resultType).toBe('complete');
    const legacy = await openLegacy(`${url}/tools/sse`, theirs);
    await legacy.post(rpc('ping', {}, 0), theirs);
    expect(await legacy.reader.nextMessage()).toEqual({ jsonrpc: '2.0', id: 0, result: {} });
    legacy.close();
  });

  it.each([
    ['{}', 400, -32600],
    ['[]', 400, -32600],
    ['{"jsonrpc":"2.0","id":null,"method":"ping"}', 400, -32600],
    [`{"jsonrpc":"2.0","id":1,"method":"ping","params":${'{"a":'.repeat(65)}1${'}'.repeat(65)}}`, 400, -32600],
  ])('refuses the same: %s', async (body, status, code) => {
    const url = await host(parsed);
    const reply = await call(`${url}/tools/mcp`, { ...theirs, body });
    expect({ status: reply.status, code: reply.json.error.code }).toEqual({ status, code });
  });

  it('refuses another type and an empty body the same, though their parser left it alone', async () => {
    const url = await host(parsed);
    const text = await call(`${url}/tools/mcp`, {
      ...theirs,
      body: JSON.stringify(add),
      headers: { 'Content-Type': 'text/plain' },
    });
    expect(text.status).toBe(415);
    const empty = await call(`${url}/tools/mcp`, { ...theirs, body: '' });
    expect({ status: empty.status, code: empty.json.error.code }).toEqual({ status: 400, code: -32700 });
  });

  it.each([
    ['express.text()', express.text({ type: '*/*' })],
    ['express.raw()', express.raw({ type: '*/*' })],
  ])('works with %s too', async (_what, parser) => {
    const url = await host((app, mcp) => void app.use(parser).use(mcp.router()));
    expect((await call(`${url}/mcp`, { ...theirs, body: add })).json.result.content[0].text).toBe('{"sum":3}');
  });
});

describe('a body that a host application looks at on its way', () => {
  const pieces = [
    '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo",',
    '"arguments":{"message":"ß"}}}',
  ];

  it.each<[string, (req: IncomingMessage) => unknown]>([
    ['as it comes', (req) => req.on('data', () => undefined)],
    ['through a pipe', (req) => req.pipe(new PassThrough()).resume()],
    ['as text', (req) => req.setEncoding('utf8')],
  ])('%s, is read by us too, whole or in two', async (_how, look) => {
    const looking: RequestHandler = (req, _res, next) => {
      look(req);
      next();
    };
    const url = await host((app, mcp) => void app.use(looking).use(mcp.router()));
    const body = pieces.join('');
    const fields = [
      `Host: ${new URL(url).host}`,
      'Content-Type: application/json',
      `Content-Length: ${Buffer.byteLength(body)}`,
    ];
    const head = `POST /mcp HTTP/1.1\r\n${fields.join('\r\n')}\r\n\r\n`;
    for (const parts of [[`${head}${body}`], [head, ...pieces]]) {
      const socket = await RawSocket.open(url);
      for (const part of parts) {
        await socket.write(part);
        await new Promise((resolve) => setImmediate(resolve));
      }
      expect((await socket.response('POST')).text).toContain('"text":"ß"');
      socket.close();
    }
  });
});

describe('compression by a middleware in front of us in the same app', () => {
  const compressed = (app: Express, mcp: McpApp) => void app.use(compression({ threshold: 0 })).use(mcp.router());
  const gzip = { 'Accept-Encoding': 'gzip, br, deflate' };

  it('is never applied to the legacy stream, which comes at once', async () => {
    const url = await host(compressed);
    const legacy = await openLegacy(url, { ...theirs, headers: gzip });
    expect(legacy.reader.response.header('content-encoding')).toBeUndefined();
    expect(legacy.reader.response.header('cache-control')).toContain('no-transform');
    await legacy.post(rpc('ping'), theirs);
    await legacy.reader.nextMessage();
    legacy.close();
  });

  it('is never applied to streams of /mcp', async () => {
    const url = await host(compressed);
    const opened = await call(`${url}/mcp`, {
      ...theirs,
      body: rpc('initialize', {
        protocolVersion: '2025-11-25',
        capabilities: {},
        clientInfo: { name: 't', version: '1' },
      }),
    });
    const headers = { ...gzip, 'Mcp-Session-Id': opened.header('mcp-session-id') };
    const own = await openStream(`${url}/mcp`, { ...theirs, headers });
    expect(own.response.header('content-encoding')).toBeUndefined();
    expect((await own.next()).id).toBeDefined();
    own.close();
    const params = { name: 'countdown', arguments: { from: 2, intervalMs: 1 }, _meta: { progressToken: 1 } };
    const reply = await call(`${url}/mcp`, {
      ...theirs,
      body: rpc('tools/call', params),
      headers,
      speaks: '2025-11-25',
    });
    expect(reply.header('content-encoding')).toBeUndefined();
    expect(reply.messages.at(-1)).toMatchObject({ id: 1 });
    // A stream that is known whole, too.
    const whole = await call(`${url}/mcp`, {
      ...theirs,
      body: large(5000),
      headers: { ...gzip, Accept: 'text/event-stream' },
    });
    expect(whole.header('content-encoding')).toBeUndefined();
    expect(whole.messages).toHaveLength(1);
  });

  it('may be applied to JSON, which stays whole', async () => {
    const url = await host(compressed);
    const response = await fetch(`${url}/mcp`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Accept: 'application/json', ...gzip },
      body: JSON.stringify(large(50_000)),
    });
    const { result } = (await response.json()) as { result: { content: { text: string }[] } };
    expect(result.content[0]?.text).toHaveLength(50_000);
  });
});

describe('BASE_PATH', () => {
  it('is the prefix of all routes, and of the endpoint event', async () => {
    const { url } = await start({ basePath: '/tools/v1' });
    expect((await call(`${url}/tools/v1/mcp/`, { body: add })).status).toBe(200);
    expect((await call(`${url}/tools/v1/health`)).status).toBe(200);
    expect((await call(`${url}/tools/v1`)).status).toBe(200);
    const legacy = await openLegacy(`${url}/tools/v1/sse`);
    expect(legacy.endpoint).toBe(`/tools/v1/messages/?session_id=${legacy.id}`);
    legacy.close();
    const outside = await call(`${url}/mcp`, { body: add });
    expect({ status: outside.status, json: outside.json }).toEqual({
      status: 404,
      json: { jsonrpc: '2.0', error: expect.any(Object) },
    });
  });

  it('comes after what a trusted proxy took off', async () => {
    const { url } = await start({ basePath: '/tools', trustProxy: 1 });
    const legacy = await openLegacy(`${url}/tools/sse`, { headers: { 'X-Forwarded-Prefix': '/outer' } });
    expect(legacy.endpoint).toBe(`/outer/tools/messages/?session_id=${legacy.id}`);
    legacy.close();
  });
});

describe('X-Forwarded-Prefix with TRUST_PROXY', () => {
  it.each([
    ['/outer', '/outer/messages/'],
    ['/outer/', '/outer/messages/'],
    ['outer', '/messages/'],
    ['/out er', '/messages/'],
    ['/outer/../x', '/messages/'],
    ['/outer, /other', '/messages/'],
    ['/%2e%2e', '/messages/'],
    ['//evil.example', '/messages/'],
    ['/\\evil.example', '/messages/'],
  ])('%s leads to %s', async (prefix, path) => {
    const { url } = await start({ trustProxy: 1 });
    const legacy = await openLegacy(url, { headers: { 'X-Forwarded-Prefix': prefix } });
    expect(legacy.endpoint.split('?')[0]).toBe(path);
    legacy.close();
  });
});

describe("somebody's server", () => {
  it('need not be ours to be answered 413', async () => {
    const url = await host((app, mcp) => void app.use(mcp.router()), { maxBodyBytes: 100 });
    const socket = await RawSocket.open(url);
    await socket.send({
      method: 'POST',
      path: '/mcp',
      headers: { 'Content-Type': 'application/json', 'Content-Length': '1000000' },
    });
    expect((await socket.response('POST')).status).toBe(413);
    await socket.waitForEnd();
    socket.close();
  });
});

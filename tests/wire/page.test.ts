// The page as it is served: to browsers alone, from here alone, and with nothing in it that could become markup.
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import express from 'express';
import { createMcpApp } from '../../server/app.js';
import { call } from '../support/http-call.js';
import { logLines } from '../support/log-lines.js';
import { RawSocket, type RawResponse } from '../support/raw-socket.js';
import { startServer } from '../support/server.js';

const BROWSER = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';
const FOLDER = join(import.meta.dirname, '../../server/page');
const SOURCES = readdirSync(FOLDER).filter((name) => name !== 'tsconfig.json');

const closing: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function start(options: Parameters<typeof startServer>[0] = {}): Promise<string> {
  const server = await startServer(options);
  closing.push(() => server.close());
  return server.url;
}

async function get(url: string, headers: Record<string, string> = {}, method = 'GET'): Promise<RawResponse> {
  const socket = await RawSocket.open(url);
  closing.push(() => socket.close());
  return socket.request({ method, path: new URL(url).pathname, headers: { Connection: 'close', ...headers } });
}

describe('GET /', () => {
  it('gives browsers the page, and keeps it to what comes from here', async () => {
    const { status, header, text } = await get(await start(), { Accept: BROWSER });
    expect(status).toBe(200);
    expect(header('content-type')).toBe('text/html; charset=utf-8');
    expect(text).toMatch(/^<!doctype html>/);
    const policy = (header('content-security-policy') ?? '').split('; ');
    expect(policy).toEqual(
      expect.arrayContaining([
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
      ]),
    );
    expect(policy.join()).not.toMatch(/unsafe|https?:|\*/);
    expect(header('x-content-type-options')).toBe('nosniff');
    expect(header('referrer-policy')).toBe('no-referrer');
    expect(header('vary')).toContain('Accept');
  });

  it.each([undefined, '*/*', 'application/json'])('gives whoever accepts %s a few facts at once', async (accept) => {
    const url = await start();
    const { status, header, text } = await get(url, accept === undefined ? {} : { Accept: accept });
    expect(status).toBe(200);
    expect(header('content-type')).toBe('application/json');
    expect(JSON.parse(text)).toMatchObject({ name: 'dualgauge', endpoints: { mcp: '/mcp' } });
  });

  it('answers HEAD with headers alone', async () => {
    const url = await start();
    for (const headers of [{}, { Accept: BROWSER }]) {
      const { status, text } = await get(url, headers, 'HEAD');
      expect([status, text]).toEqual([200, '']);
    }
  });

  it('names its parts where it is mounted', async () => {
    const mcp = createMcpApp({ name: 'mounted', version: '1', log: logLines().log });
    const app = express().use('/tools', mcp.router());
    const server = createServer(app).listen(0, '127.0.0.1');
    closing.push(
      () => server.close(),
      () => mcp.close(),
    );
    await new Promise((resolve) => server.once('listening', resolve));
    const address = server.address();
    const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
    const { text } = await get(`${url}/tools`, { Accept: BROWSER });
    expect(text).toContain('src="/tools/page/page.js"');
    expect((await get(`${url}/tools/page/page.js`)).status).toBe(200);
  });

  it.each([
    [undefined, '', ''],
    ['https://tools.example/tools', '/tools', 'https://tools.example/tools'],
    ['https://tools.example/mcp', '', 'https://tools.example'],
  ])('says where clients reach it, if the operator said so: %s with "%s"', async (publicUrl, basePath, base) => {
    const url = await start({ publicUrl, basePath });
    const { text } = await get(`${url}${basePath}/`, { Accept: BROWSER });
    expect(text).toContain(`data-base="${base}"`);
  });

  it('says what to set where its scripts do not run', async () => {
    const { text } = await get(await start(), { Accept: BROWSER });
    expect(/<p[^>]*id="unstarted"[^>]*>([^]*?)<\/p>/.exec(text)?.[1]).toMatch(/JavaScript[^]*PUBLIC_URL[^]*\/mcp/);
  });

  it('takes the names of the server for text', async () => {
    const url = await start({ title: '<script>alert(1)</script>', description: '"><img src=x onerror=alert(1)>' });
    const { text } = await get(url, { Accept: BROWSER });
    expect(text).not.toContain('<script>alert');
    expect(text).not.toContain('<img src=x');
    expect(text).toContain('&#60;script&#62;alert(1)&#60;/script&#62;');
  });
});

describe('the parts of the page', () => {
  it.each(SOURCES.filter((name) => name !== 'index.html'))('%s is served with its type', async (name) => {
    const { status, header, text } = await get(`${await start()}/page/${name}`);
    const type = name.endsWith('.js') ? 'text/javascript' : name.endsWith('.css') ? 'text/css' : 'image/svg+xml';
    expect(status).toBe(200);
    expect(header('content-type')).toContain(type);
    expect(text).toBe(readFileSync(join(FOLDER, name), 'utf8'));
  });

  it.each(['index.html', 'tsconfig.json', 'nothing.js', '..%2flog.ts', '%2e%2e%2fpage.ts', '__proto__'])(
    '%s is not one of them',
    async (name) => {
      const { status, json } = await call(`${await start()}/page/${name}`);
      expect(status).toBe(404);
      expect(json.error.message).toBe('Not found');
    },
  );

  describe('of a page opened at an address that is not among ALLOWED_ORIGINS', () => {
    const allowedOrigins = ['https://elsewhere.example'];

    it.each(['GET', 'HEAD'])('are given to it: %s', async (method) => {
      const url = await start({ allowedOrigins });
      const { status, header } = await get(`${url}/page/page.js`, { Origin: url }, method);
      expect(status).toBe(200);
      expect(header('access-control-allow-origin')).toBeUndefined();
      expect(header('vary')).toContain('Origin');
    });

    it.each([
      'https://evil.example',
      'http://127.0.0.1',
      'http://127.0.0.1:1',
      'null',
      'http://127.0.0.1:{port}, http://127.0.0.1:{port}',
      'http://127.0.0.1:{port}@evil.example',
    ])('are not given to the page of another: %s', async (origin) => {
      const url = await start({ allowedOrigins });
      const headers = { Origin: origin.replaceAll('{port}', new URL(url).port) };
      expect((await get(`${url}/page/page.js`, headers)).status).toBe(403);
    });

    it.each([
      ['GET', '/'],
      ['POST', '/mcp'],
      ['GET', '/mcp'],
      ['DELETE', '/mcp'],
      ['GET', '/sse'],
      ['POST', '/messages/'],
      ['GET', '/health'],
      ['GET', '/metrics'],
      ['GET', '/debug/sessions'],
      ['POST', '/page/page.js'],
      ['OPTIONS', '/page/page.js'],
      ['GET', '/page/'],
      ['GET', '/page/..'],
      ['GET', '/page/../mcp'],
      ['GET', '/page/..%2fmcp'],
      ['GET', '/page/page.js/..'],
      ['GET', '/mcp/page/page.js'],
    ])('are all it is given: not %s %s', async (method, path) => {
      const url = await start({ allowedOrigins });
      const socket = await RawSocket.open(url);
      closing.push(() => socket.close());
      const { status, text } = await socket.request({ method, path, headers: { Connection: 'close', Origin: url } });
      expect(status).toBe(403);
      expect(text).toContain('set ALLOWED_ORIGINS');
    });
  });

  it.each(SOURCES)('%s neither turns text into markup nor asks anybody else for anything', (name) => {
    const text = readFileSync(join(FOLDER, name), 'utf8');
    expect(text).not.toMatch(/innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|\beval\b|new Function/);
    expect(text).not.toMatch(/\son[a-z]+="|javascript:|style="/);
    expect(text.replaceAll('http://www.w3.org/2000/svg', '')).not.toMatch(
      /(?:src|href|url\(|import)[^\n]{0,20}https?:/,
    );
  });
});

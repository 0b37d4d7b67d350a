// The checks of the setup guide this project grew from, as they are written there.
import { describe, expect, it } from '@jest/globals';
import { call, rpc } from '../support/http-call.js';
import { useServers } from '../support/servers.js';

const start = useServers();

describe("the guide's checks", () => {
  it('initialize with empty params returns Mcp-Session-Id and version 2025-03-26', async () => {
    const { url } = await start();
    const { status, json, header } = await call(`${url}/mcp`, {
      body: rpc('initialize', {}, 1),
      headers: { Accept: undefined },
    });
    expect({ status, id: json.id, version: json.result.protocolVersion }).toEqual({
      status: 200,
      id: 1,
      version: '2025-03-26',
    });
    expect(header('mcp-session-id')).toMatch(/./);
    expect(json.result.capabilities.tools).toBeDefined();
  });

  it('tools/list without a session header gives 200 and JSON', async () => {
    const { url } = await start();
    const { status, header, json } = await call(`${url}/mcp`, {
      body: rpc('tools/list', {}, 2),
      headers: { Accept: undefined },
    });
    expect({ status, type: header('content-type') }).toEqual({ status: 200, type: 'application/json' });
    expect(Array.isArray(json.result.tools)).toBe(true);
    expect(json.result.tools.length).toBeGreaterThan(0);
  });

  it.each([1, 0, 123456789, 'abc', 'test-id-42', '0', ''])('an exact id comes back: %j', async (id) => {
    const { url } = await start();
    for (const method of ['initialize', 'tools/list', 'ping', 'nobody/knows']) {
      expect((await call(`${url}/mcp`, { body: rpc(method, {}, id) })).json.id).toBe(id);
    }
  });

  it('DELETE /mcp gives 204', async () => {
    const { url } = await start();
    const opened = await call(`${url}/mcp`, { body: rpc('initialize', {}, 1) });
    const headers = { 'Mcp-Session-Id': opened.header('mcp-session-id') };
    expect((await call(`${url}/mcp`, { method: 'DELETE', headers })).status).toBe(204);
    expect((await call(`${url}/mcp`, { method: 'DELETE' })).status).toBe(204);
  });

  it('OPTIONS /mcp gives 200 with the methods and Max-Age 86400', async () => {
    const { url } = await start();
    for (const headers of [{}, { Origin: 'https://api.openai.com', 'Access-Control-Request-Method': 'POST' }]) {
      const reply = await call(`${url}/mcp`, { method: 'OPTIONS', headers });
      expect(reply.status).toBe(200);
      for (const method of ['GET', 'POST', 'DELETE', 'OPTIONS']) {
        expect(reply.header('access-control-allow-methods')).toContain(method);
      }
      expect(reply.header('access-control-max-age')).toBe('86400');
    }
  });

  it('/health answers', async () => {
    const { url } = await start();
    expect(await call(`${url}/health`)).toMatchObject({ status: 200, json: { status: 'ok' } });
  });

  it('https://api.openai.com is an allowed origin', async () => {
    const { url } = await start();
    const headers = { Origin: 'https://api.openai.com' };
    const reply = await call(`${url}/mcp`, { body: rpc('tools/list'), headers });
    expect(reply.status).toBe(200);
    expect(reply.header('access-control-allow-origin')).toBe('https://api.openai.com');
  });
});

// A resource server in front of a real authorization server: whose tokens are taken, what happens on its bad days, and that the official
// clients find their way by themselves.
import {
  Client as Client2,
  SSEClientTransport as Sse2,
  StreamableHTTPClientTransport as Http2,
} from '@modelcontextprotocol/client';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT } from 'jose';
import { Client as Client1 } from 'sdk-1/client/index.js';
import { SSEClientTransport as Sse1 } from 'sdk-1/client/sse.js';
import { StreamableHTTPClientTransport as Http1 } from 'sdk-1/client/streamableHttp.js';
import type { McpAppOptions } from '../../server/options.js';
import { defineTool } from '../../tools/define-tool.js';
import { AuthorizationServer, type Mood } from '../support/authorization-server.js';
import { CLIENT_INFO, type Json } from '../support/clients/test-client.js';
import { call, openStream, rpc, type HttpReply } from '../support/http-call.js';
import { openLegacy } from '../support/legacy-pair.js';
import { callModern, streamModern } from '../support/modern-call.js';
import { OAuthProvider } from '../support/oauth-provider.js';
import type { TestServer } from '../support/server.js';
import { useServers } from '../support/servers.js';
import { until } from '../support/until.js';
import { waitingTool } from '../support/waiting-tool.js';

const start = useServers();
let issuer: AuthorizationServer;

beforeEach(async () => {
  issuer = await AuthorizationServer.start();
});

afterEach(() => issuer.close());

const read = defineTool({ name: 'read', description: 'Reads.', scopes: ['files:read'], run: () => 'read' });
const who = defineTool({ name: 'who', description: 'Who.', run: (_args, { principal }) => principal.id });
const opening = rpc('initialize', { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: CLIENT_INFO });
const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });

function startGuarded(options: Partial<McpAppOptions> = {}): Promise<TestServer> {
  return start({ oauthIssuer: issuer.issuer, tools: [read, who], ...options });
}

function ping(url: string, token: string): Promise<HttpReply> {
  return call(`${url}/mcp`, { body: rpc('ping', undefined, 'p'), headers: bearer(token) });
}

describe('the metadata', () => {
  it('is at every well-known path, each with the URL its client came to', async () => {
    const { url } = await startGuarded({ oauthScopes: ['mcp'] });
    const root = '/.well-known/oauth-protected-resource';
    for (const [path, resource] of [
      [root, url],
      [`${root}/`, url],
      [`${root}/mcp`, `${url}/mcp`],
      [`${root}/sse`, `${url}/sse`],
      [`/mcp${root}`, `${url}/mcp`],
      [`/sse${root}`, `${url}/sse`],
    ] as const) {
      const { status, json } = await call(`${url}${path}`);
      expect(status).toBe(200);
      expect(json).toEqual({
        resource,
        authorization_servers: [issuer.issuer],
        scopes_supported: ['mcp', 'files:read'],
        bearer_methods_supported: ['header'],
        resource_name: 'dualgauge',
      });
    }
  });

  it('is where RFC 9728 puts it when the routes have a prefix, and is built from PUBLIC_URL alone', async () => {
    const { url } = await startGuarded({ publicUrl: 'https://us.example', basePath: '/tools' });
    const root = '/.well-known/oauth-protected-resource';
    for (const path of [`${root}/tools/mcp`, `/tools${root}/mcp`]) {
      const { json } = await call(`${url}${path}`);
      expect(json.resource).toBe('https://us.example/tools/mcp');
    }
    expect((await call(`${url}${root}`)).json.resource).toBe('https://us.example/tools');
    const { header } = await call(`${url}/tools/mcp`, { headers: { 'X-Forwarded-Host': 'evil.example' } });
    expect(header('www-authenticate')).toContain(
      'resource_metadata="https://us.example/tools/.well-known/oauth-protected-resource/mcp"',
    );
  });

  it('names the one resource the operator named, where that covers the door', async () => {
    const { url } = await startGuarded({
      publicUrl: 'https://us.example',
      oauthAudience: ['https://us.example', 'api'],
    });
    const { json } = await call(`${url}/.well-known/oauth-protected-resource/mcp`);
    expect(json.resource).toBe('https://us.example');
  });

  it('is not there without an authorization server, and nothing else is in any case: 404 in JSON', async () => {
    const guarded = await startGuarded();
    const tokens = await start({ authTokens: [{ name: 'ann', token: 'ann-0123456789abcdef' }] });
    const open = await start();
    const statusOf = async (url: string) => {
      const { status, json } = await call(url);
      expect(json.error.code).toBe(-32000);
      return status;
    };
    const root = '/.well-known/oauth-protected-resource';
    for (const { url } of [tokens, open])
      for (const path of ['', '/mcp']) expect(await statusOf(url + root + path)).toBe(404);
    for (const name of ['oauth-authorization-server', 'openid-configuration', 'oauth-protected-resource/other', 'x']) {
      expect(await statusOf(`${guarded.url}/.well-known/${name}`)).toBe(404);
    }
  });

  it('is named with the scopes in the challenge of each door', async () => {
    const { url } = await startGuarded({ oauthScopes: ['mcp', 'more'] });
    for (const [path, door] of [
      ['/mcp', '/mcp'],
      ['/sse', '/sse'],
      ['/messages/', '/sse'],
    ]) {
      const { status, header } = await call(`${url}${path}`);
      expect(status).toBe(401);
      expect(header('www-authenticate')).toBe(
        `Bearer scope="mcp more", resource_metadata="${url}/.well-known/oauth-protected-resource${door}"`,
      );
    }
    const preflight = { Origin: 'http://localhost', 'Access-Control-Request-Method': 'POST' };
    expect((await call(`${url}/mcp`, { method: 'OPTIONS', headers: preflight })).status).toBe(200);
  });
});

describe('a token', () => {
  it.each(['', '/', '/mcp', '/mcp/', '/sse'])('for our URL%s is taken', async (path) => {
    const { url } = await startGuarded();
    expect((await ping(url, await issuer.token({ aud: `${url}${path}` }))).status).toBe(200);
    expect((await ping(url, await issuer.token({ aud: ['https://other.example', `${url}${path}`] }))).status).toBe(200);
  });

  it('gives its caller a name and scopes, from scope or scp', async () => {
    const { url } = await startGuarded();
    const callTool = async (name: string, claims: Json) => {
      const headers = bearer(await issuer.token({ aud: url, ...claims }));
      return call(`${url}/mcp`, { body: rpc('tools/call', { name }), headers });
    };
    expect((await callTool('who', { sub: 'carol' })).json.result.content[0].text).toBe('oauth:carol');
    for (const claims of [{ scope: 'a files:read b' }, { scp: ['files:read'] }, { scp: 'files:read a' }]) {
      expect((await callTool('read', claims)).status).toBe(200);
    }
    const refused = await callTool('read', { scope: 'files:reader' });
    expect(refused.status).toBe(403);
    expect(refused.header('www-authenticate')).toMatch(
      /^Bearer error="insufficient_scope".* scope="files:read".* resource_metadata="/,
    );
  });

  it('without the scopes everybody needs is 403 at every door, before a stream starts', async () => {
    const { url, mcp } = await startGuarded({ oauthScopes: ['mcp'] });
    const headers = bearer(await issuer.token({ aud: url, scope: 'other' }));
    for (const request of [{ body: opening }, {}] as const) {
      const { status, header } = await call(request.body === undefined ? `${url}/sse` : `${url}/mcp`, {
        ...request,
        headers,
      });
      expect(status).toBe(403);
      expect(header('www-authenticate')).toContain('scope="mcp"');
    }
    expect(mcp.sessions.size).toBe(0);
    const good = bearer(await issuer.token({ aud: url, scope: 'other mcp' }));
    expect((await call(`${url}/mcp`, { body: opening, headers: good })).status).toBe(200);
  });

  it.each<[string, Json, Json]>([
    ['for somebody else', { aud: 'https://other.example' }, {}],
    ['for a longer name of ours', { aud: 'URL.evil.example' }, {}],
    ['for nobody', {}, {}],
    ['of another issuer', { aud: 'URL', iss: 'https://evil.example' }, {}],
    ['that has run out', { aud: 'URL' }, { expiresIn: -1 }],
    ['that is not good yet', { aud: 'URL', nbf: Math.floor(Date.now() / 1000) + 600 }, {}],
    ['that never runs out', { aud: 'URL', exp: undefined }, {}],
    ['of nobody', { aud: 'URL', sub: undefined }, {}],
    ['bound to a key it does not come with', { aud: 'URL', cnf: { jkt: 'x' } }, {}],
    ['with a critical extension', { aud: 'URL' }, { header: { crit: ['x'], x: 1 } }],
    ['by a key nobody knows', { aud: 'URL' }, { header: { kid: 'unknown' } }],
  ])('%s is 401', async (_what, claims, options) => {
    const { url } = await startGuarded();
    const aud = (claims.aud as string | undefined)?.replace('URL', url);
    const signed = await issuer.token({ ...claims, ...(aud !== undefined && { aud }) }, options).catch(() => 'a.b.c');
    const { status, header, json } = await ping(url, signed);
    expect(status).toBe(401);
    expect(header('www-authenticate')).toContain('error="invalid_token"');
    expect(JSON.stringify(json)).not.toContain(signed);
  });

  it('that was forged is 401: no signature, our public key as a secret, a key it brings itself, a changed word', async () => {
    const { url } = await startGuarded();
    const claims = { iss: issuer.issuer, aud: url, sub: 'alice', exp: Math.floor(Date.now() / 1000) + 300 };
    const kid = issuer.publicJwk.kid ?? '';
    const own = await generateKeyPair('ES256', { extractable: true });
    const jwk = await exportJWK(own.publicKey);
    const secret = new TextEncoder().encode(JSON.stringify(issuer.publicJwk));
    const sign = (header: Json) => new SignJWT(claims).setProtectedHeader(header);
    const good = await issuer.token({ aud: url });
    const [head = '', , signature = ''] = good.split('.');
    const changed = Buffer.from(JSON.stringify({ ...claims, sub: 'root' })).toString('base64url');
    const forged = [
      new UnsecuredJWT(claims).encode(),
      await sign({ alg: 'HS256', kid }).sign(secret),
      await sign({ alg: 'ES256', kid, jwk }).sign(own.privateKey),
      await sign({ alg: 'ES256', kid, jku: 'https://evil.example/jwks' }).sign(own.privateKey),
      await sign({ alg: 'ES256', kid }).sign(own.privateKey),
      `${head}.${changed}.${signature}`,
      `${head}.${changed}.`,
      good.slice(0, -4),
      `${good}.${good}`,
      'a.b.c',
    ];
    for (const token of forged) expect([token, (await ping(url, token)).status]).toEqual([token, 401]);
    expect((await ping(url, good)).status).toBe(200);
  });

  it('with a crooked payload is 401, not a fault of ours', async () => {
    const { url } = await startGuarded();
    for (const claims of [{ sub: 7 }, { sub: {} }, { sub: '' }, { exp: '9' }, { aud: { url } }, { scope: 7 }]) {
      const token = await issuer.token({ aud: url, ...claims } as Json);
      const { status } = await ping(url, token);
      expect([claims, status]).toEqual([claims, 'scope' in claims ? 200 : 401]);
    }
  });

  it('is for the operator’s audience when there is one', async () => {
    const { url } = await startGuarded({ oauthAudience: ['api://ours'] });
    expect((await ping(url, await issuer.token({ aud: 'api://ours' }))).status).toBe(200);
    expect((await ping(url, await issuer.token({ aud: url }))).status).toBe(401);
  });

  it('and a token of the operator are taken side by side', async () => {
    const { url } = await startGuarded({ authTokens: [{ name: 'ann', token: 'ann-0123456789abcdef' }] });
    expect((await ping(url, 'ann-0123456789abcdef')).status).toBe(200);
    expect((await ping(url, await issuer.token({ aud: url }))).status).toBe(200);
  });
});

describe('a token that runs out', () => {
  it('ends the streams it opened and the calls it made, on every door', async () => {
    const waiting = waitingTool();
    const { url, mcp } = await startGuarded({ tools: [waiting.tool], keepAliveMs: 1000, streamAfterMs: 20 });
    const headers = bearer(await issuer.token({ aud: url }, { expiresIn: 3 }));
    const legacy = await openLegacy(url, { headers });
    await legacy.send(rpc('tools/call', { name: 'wait' }));
    const { header } = await call(`${url}/mcp`, { body: opening, headers });
    const session = { ...headers, 'Mcp-Session-Id': header('mcp-session-id') ?? '' };
    const standalone = await openStream(`${url}/mcp`, { headers: session });
    const posted = await openStream(`${url}/mcp`, { body: rpc('tools/call', { name: 'wait' }), headers: session });
    const listening = await streamModern(
      url,
      'subscriptions/listen',
      { notifications: { toolsListChanged: true } },
      { headers },
    );
    await waiting.started(2);
    await Promise.all([legacy.reader, standalone, posted, listening].map((stream) => stream.waitForEnd()));
    await Promise.all([waiting.aborted(1), waiting.aborted(2)]);
    await until('nothing runs any more', () => mcp.streams.size === 0 && mcp.calls.size === 0);
    expect((await call(`${url}/mcp`, { body: rpc('ping'), headers: session })).status).toBe(401);
  });

  it('leaves the session to a fresh one of the same caller, and to nobody else', async () => {
    const { url } = await startGuarded({ keepAliveMs: 1000 });
    const old = await openLegacy(url, { headers: bearer(await issuer.token({ aud: url }, { expiresIn: 2 })) });
    await old.reader.waitForEnd();
    const resume = async (sub: string) =>
      openLegacy(url, {
        headers: { ...bearer(await issuer.token({ aud: url, sub })), 'Last-Event-ID': old.firstEventId },
      });
    const mallory = await resume('mallory');
    expect(mallory.id).not.toBe(old.id);
    const fresh = await resume('alice');
    expect(fresh.id).toBe(old.id);
    await fresh.send(rpc('ping', undefined, 'again'));
    expect((await fresh.reader.nextMessage()).id).toBe('again');
    mallory.close();
    fresh.close();
  });
});

describe('the authorization server', () => {
  it.each<Mood>(['down', 'broken', 'slow', 'html'])(
    'that is %s makes it 503 with Retry-After, never 401',
    async (mood) => {
      const { url, mcp } = await startGuarded({ oauthTimeoutMs: 300, oauthCooldownMs: 50 });
      const token = await issuer.token({ aud: url });
      issuer.mood = mood;
      for (const path of ['/mcp', '/sse']) {
        const request = path === '/mcp' ? { body: opening } : {};
        const { status, header, json } = await call(`${url}${path}`, { ...request, headers: bearer(token) });
        expect(status).toBe(503);
        expect(Number(header('retry-after'))).toBeGreaterThan(0);
        expect(header('www-authenticate')).toBeUndefined();
        expect(JSON.stringify(json)).not.toContain(issuer.issuer);
      }
      expect(mcp.sessions.size).toBe(0);
      expect((await call(`${url}/mcp`, { body: rpc('ping') })).status).toBe(401);
      issuer.mood = 'well';
      await until('it is back', async () => (await ping(url, token)).status === 200);
    },
  );

  it('is asked once for keys that many tokens need, and not again for a while', async () => {
    const { url } = await startGuarded();
    const tokens = await Promise.all(
      Array.from({ length: 20 }, (_, n) => issuer.token({ aud: url, sub: `user-${n}` })),
    );
    const statuses = await Promise.all(tokens.map(async (token) => (await ping(url, token)).status));
    expect(new Set(statuses)).toEqual(new Set([200]));
    expect(issuer.timesAsked('/jwks')).toBe(1);
  });

  it('cannot be attacked through us with keys nobody knows', async () => {
    const { url } = await startGuarded();
    for (let n = 0; n < 20; n += 1) {
      const token = await issuer.token({ aud: url }, { header: { kid: `made-up-${n}` } });
      expect((await ping(url, token)).status).toBe(401);
    }
    expect(issuer.timesAsked('/jwks')).toBe(1);
  });

  it('may change its keys: the new one is looked for, the old one is let go', async () => {
    const { url } = await startGuarded({ oauthCooldownMs: 1 });
    const old = await issuer.token({ aud: url, sub: 'old' });
    const unseen = await issuer.token({ aud: url, sub: 'unseen' });
    expect((await ping(url, old)).status).toBe(200);
    await issuer.rotate();
    expect((await ping(url, await issuer.token({ aud: url }))).status).toBe(200);
    expect((await ping(url, unseen)).status).toBe(401);
  });

  it('may be away when its keys are known', async () => {
    const { url } = await startGuarded({ oauthCooldownMs: 1 });
    expect((await ping(url, await issuer.token({ aud: url }))).status).toBe(200);
    issuer.mood = 'down';
    expect((await ping(url, await issuer.token({ aud: url, sub: 'bob' }))).status).toBe(200);
    const unknown = await issuer.token({ aud: url }, { header: { kid: 'perhaps-new' } });
    expect((await ping(url, unknown)).status).toBe(503);
    expect((await call(`${url}/metrics`)).text).toContain('dualgauge_refusals_total{cause="issuer"} 1');
  });

  it('is not believed when it calls itself another', async () => {
    issuer.claimedIssuer = 'https://evil.example';
    const { url } = await startGuarded({ oauthCooldownMs: 1 });
    expect((await ping(url, await issuer.token({ aud: url }))).status).toBe(503);
    expect(issuer.timesAsked('/jwks')).toBe(0);
  });

  it('need not be asked where its keys are when the operator knows', async () => {
    const { url } = await startGuarded({ oauthJwksUrl: `${issuer.issuer}/jwks` });
    expect((await ping(url, await issuer.token({ aud: url }))).status).toBe(200);
    expect([...issuer.asked.keys()]).toEqual(['/jwks']);
  });
});

interface OfficialTransport {
  finishAuth(code: string, iss?: string): Promise<void>;
}
interface OfficialClient {
  connect(transport: OfficialTransport): Promise<void>;
  callTool(params: { name: string }): Promise<Json>;
  close(): Promise<void>;
}
interface Official {
  readonly path: string;
  readonly client: () => OfficialClient;
  readonly transport: (url: URL, authProvider: OAuthProvider) => OfficialTransport;
}

const OFFICIAL: [string, Official][] = [
  [
    'sdk 1.32 over http',
    {
      path: '/mcp',
      client: () => new Client1(CLIENT_INFO) as never,
      transport: (url, authProvider) => new Http1(url, { authProvider }),
    },
  ],
  [
    'sdk 1.32 over sse',
    {
      path: '/sse',
      client: () => new Client1(CLIENT_INFO) as never,
      // eslint-disable-next-line @typescript-eslint/no-deprecated -- what is deprecated is what we serve
      transport: (url, authProvider) => new Sse1(url, { authProvider }),
    },
  ],
  [
    'client 2.4 over http',
    {
      path: '/mcp',
      client: () => new Client2(CLIENT_INFO) as never,
      transport: (url, authProvider) => new Http2(url, { authProvider }),
    },
  ],
  [
    'client 2.4 over http, 2026-07-28',
    {
      path: '/mcp',
      client: () => new Client2(CLIENT_INFO, { versionNegotiation: { mode: { pin: '2026-07-28' } } }) as never,
      transport: (url, authProvider) => new Http2(url, { authProvider }),
    },
  ],
  [
    'client 2.4 over sse',
    {
      path: '/sse',
      client: () => new Client2(CLIENT_INFO) as never,
      // eslint-disable-next-line @typescript-eslint/no-deprecated -- what is deprecated is what we serve
      transport: (url, authProvider) => new Sse2(url, { authProvider }),
    },
  ],
];

describe.each(OFFICIAL)('%s', (_name, { path, client: createClient, transport }) => {
  it('finds the authorization server, logs in with PKCE, and is let in for what it may do', async () => {
    const { url } = await startGuarded({ oauthScopes: ['mcp'] });
    const provider = new OAuthProvider();
    const first = transport(new URL(`${url}${path}`), provider);
    const refused = createClient();
    await expect(refused.connect(first)).rejects.toThrow(/unauthorized/i);
    expect(issuer.authorized).toEqual([{ resource: `${url}${path}`, scope: 'mcp' }]);
    await first.finishAuth(provider.code, provider.callback?.get('iss') ?? undefined);
    await refused.close();

    const client = createClient();
    await client.connect(transport(new URL(`${url}${path}`), provider));
    expect((await client.callTool({ name: 'who' })).content[0].text).toBe('oauth:alice');
    expect(provider.redirects).toBe(1);
    await client.close();
  });
});

describe('a client that lacks a scope', () => {
  it('is sent to get it, and may then do what it wanted', async () => {
    const { url } = await startGuarded();
    const provider = new OAuthProvider();
    provider.saveTokens({ access_token: await issuer.token({ aud: `${url}/mcp` }), token_type: 'Bearer' });
    const client = new Client1(CLIENT_INFO);
    const transport = new Http1(new URL(`${url}/mcp`), { authProvider: provider });
    await client.connect(transport);
    await expect(client.callTool({ name: 'read' })).rejects.toThrow();
    expect(issuer.authorized).toEqual([{ resource: `${url}/mcp`, scope: 'files:read' }]);
    await transport.finishAuth(provider.code);
    const { content } = (await client.callTool({ name: 'read' })) as Json;
    expect(content[0].text).toBe('read');
    await client.close();
  });
});

describe('2026-07-28', () => {
  it('is asked for its token with every request', async () => {
    const { url } = await startGuarded();
    const headers = bearer(await issuer.token({ aud: url }));
    expect((await callModern(url, 'tools/list', {}, { headers })).status).toBe(200);
    expect((await callModern(url, 'tools/list')).status).toBe(401);
  });
});

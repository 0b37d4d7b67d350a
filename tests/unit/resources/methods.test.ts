import { describe, expect, it } from '@jest/globals';
import type { Call, SessionFacts } from '../../../protocol/call.js';
import { Changes } from '../../../protocol/changes.js';
import { RpcError, ToolError } from '../../../protocol/errors.js';
import { defineResource, defineResourceTemplate, type Resource } from '../../../resources/define-resource.js';
import { resourceMethods } from '../../../resources/methods.js';
import { ResourceRegistry } from '../../../resources/registry.js';
import { fakeCall } from '../../support/fake-call.js';

const URI = 'docs:///it';
const MODERN = fakeCall({ revision: '2026-07-28' });

describe('resources/read', () => {
  it.each<[string, Partial<Resource>, object]>([
    ['text', { read: () => 'hello' }, { uri: URI, mimeType: 'text/plain', text: 'hello' }],
    ['text of a kind', { mimeType: 'text/html', read: () => '<p>' }, { uri: URI, mimeType: 'text/html', text: '<p>' }],
    [
      'bytes, even a part of a larger buffer',
      { read: async () => new Uint8Array([0, 1, 2, 255]).subarray(1) },
      { uri: URI, mimeType: 'application/octet-stream', blob: 'AQL/' },
    ],
    ['contents', { read: () => ({ text: '' }) }, { uri: URI, mimeType: 'text/plain', text: '' }],
    [
      'contents that say it themselves',
      { mimeType: 'text/html', read: () => ({ uri: 'docs:///part', mimeType: 'image/png', blob: 'AA==' }) },
      { uri: 'docs:///part', mimeType: 'image/png', blob: 'AA==' },
    ],
    ['a list of contents', { read: () => [{ text: 'a' }] }, { uri: URI, mimeType: 'text/plain', text: 'a' }],
    ['a result', { read: () => ({ contents: [{ text: 'a' }] }) }, { uri: URI, mimeType: 'text/plain', text: 'a' }],
  ])('makes contents of %s', async (_what, resource, contents) => {
    expect(await read(resource)).toEqual({ contents: [contents] });
  });

  it('says an empty list is one', async () => {
    expect(await read({ read: () => [] })).toEqual({ contents: [] });
  });

  it('carries cache hints at 2026-07-28, private and stale at once unless defined', async () => {
    const contents = [{ uri: URI, mimeType: 'text/plain', text: 'a' }];
    expect(await read({ read: () => 'a' }, MODERN)).toEqual({ contents, ttlMs: 0, cacheScope: 'private' });
    const hinted: Partial<Resource> = { ttlMs: 5, cacheScope: 'public', read: () => 'a' };
    expect(await read(hinted, MODERN)).toEqual({ contents, ttlMs: 5, cacheScope: 'public' });
    const whole: Partial<Resource> = { ...hinted, read: () => ({ contents: [{ text: 'a' }], ttlMs: 7 }) };
    expect(await read(whole, MODERN)).toEqual({ contents, ttlMs: 7, cacheScope: 'public' });
    expect(await read(whole)).toEqual({ contents });
  });

  it('hands the decoded variables and the call to a template', async () => {
    const call = fakeCall({ principal: { id: 'ada', isAnonymous: false } });
    const result = await run('resources/read', { uri: 'notes:///a%20b' }, call);
    expect(result).toEqual({ contents: [{ uri: 'notes:///a%20b', mimeType: 'text/plain', text: 'a b for ada' }] });
  });

  it.each([
    ['2024-11-05', -32002],
    ['2025-11-25', -32002],
    ['2026-07-28', -32602],
  ] as const)('says at %s with %d that there is no such resource', async (revision, code) => {
    const refusal = { code, message: 'Resource not found', data: { uri: 'nowhere:///' } };
    await expect(run('resources/read', { uri: 'nowhere:///' }, fakeCall({ revision }))).rejects.toMatchObject(refusal);
    const gone = read({ read: () => undefined }, fakeCall({ revision }));
    await expect(gone).rejects.toMatchObject({ code, message: 'Resource not found', data: { uri: URI } });
  });

  it.each([{}, { uri: 7 }, { uri: `notes:///${'a'.repeat(9000)}` }])('refuses a uri that is none', async (params) => {
    await expect(run('resources/read', params)).rejects.toMatchObject({ code: -32602, data: undefined });
  });

  it('refuses a caller who lacks the scope', async () => {
    const call = fakeCall({ principal: { id: 'ada', isAnonymous: false, scopes: new Set() } });
    const refusal = { code: -32005, data: { scopes: ['docs:read'] } };
    await expect(read({ scopes: ['docs:read'] }, call)).rejects.toMatchObject(refusal);
  });

  it('tells the client what a handler puts into words, and nothing else it throws', async () => {
    const worded = read({ read: () => Promise.reject(new ToolError('The archive is closed')) });
    await expect(worded).rejects.toEqual(new RpcError(-32603, 'The archive is closed'));
    const fault = new Error('hunter2');
    const faulty = read({
      read: () => {
        throw fault;
      },
    });
    await expect(faulty).rejects.toBe(fault);
  });

  it.each([{ read: () => ({}) }, { read: () => ({ text: 'a', blob: 'AA==' }) }, { read: () => [7 as never] }])(
    'takes contents that are neither text nor blob for a fault of ours',
    async (resource) => {
      const error: unknown = await read(resource).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(Error);
      expect(error).not.toBeInstanceOf(RpcError);
    },
  );

  it('sets no limits, for a read that takes too long has no result to say so', async () => {
    const call = fakeCall();
    await read({}, call);
    expect(call.limits).toEqual([]);
  });
});

describe('resources/subscribe', () => {
  it('keeps the uri with the session, once', async () => {
    const session = new Session();
    expect(await run('resources/subscribe', { uri: URI }, fakeCall({ session }))).toEqual({});
    expect(await run('resources/subscribe', { uri: URI }, fakeCall({ session }))).toEqual({});
    expect(await run('resources/subscribe', { uri: 'notes:///1' }, fakeCall({ session }))).toEqual({});
    expect([...session.subscriptions]).toEqual([URI, 'notes:///1']);
    expect(session.saves).toBe(2);
  });

  it('has nothing to keep where there is no session', async () => {
    expect(await run('resources/subscribe', { uri: URI })).toEqual({});
    expect(await run('resources/unsubscribe', { uri: URI })).toEqual({});
  });

  it('refuses what is not there, and what the caller may not read', async () => {
    const session = new Session();
    const unknown = run('resources/subscribe', { uri: 'nowhere:///' }, fakeCall({ session }));
    await expect(unknown).rejects.toMatchObject({ code: -32002, data: { uri: 'nowhere:///' } });
    const call = fakeCall({ session, principal: { id: 'ada', isAnonymous: false, scopes: new Set() } });
    const forbidden = run('resources/subscribe', { uri: URI }, call, { scopes: ['docs:read'] });
    await expect(forbidden).rejects.toMatchObject({ code: -32005 });
    expect(session.subscriptions.size).toBe(0);
  });

  it('bounds how many a session holds, and makes room again', async () => {
    const session = new Session();
    const call = fakeCall({ session });
    for (const n of [1, 2, 2]) await run('resources/subscribe', { uri: `notes:///${String(n)}` }, call);
    await expect(run('resources/subscribe', { uri: URI }, call)).rejects.toMatchObject({ code: -32602 });
    await run('resources/unsubscribe', { uri: 'notes:///1' }, call);
    await run('resources/unsubscribe', { uri: 'notes:///1' }, call);
    expect(session.saves).toBe(3);
    expect(await run('resources/subscribe', { uri: URI }, call)).toEqual({});
  });

  it('is a matter of the handshake revisions only', () => {
    const eras = new Map(methods({}).map(({ name, era }) => [name, era]));
    expect(Object.fromEntries(eras)).toEqual({
      'resources/list': undefined,
      'resources/templates/list': undefined,
      'resources/read': undefined,
      'resources/subscribe': 'handshake',
      'resources/unsubscribe': 'handshake',
    });
  });
});

class Session implements SessionFacts {
  readonly id = 'session-1';
  readonly subscriptions = new Set<string>();
  logLevel = 'info' as const;
  saves = 0;

  save(): void {
    this.saves += 1;
  }
}

const notes = defineResourceTemplate({
  uriTemplate: 'notes:///{id}',
  name: 'notes',
  read: (_uri, { id }, context) => `${id} for ${context.principal.id}`,
});

function methods(resource: Partial<Resource>) {
  const it = defineResource({ uri: URI, name: 'it', read: () => 'it', ...resource });
  const registry = new ResourceRegistry(
    { changes: new Changes(), serverInfo: { name: 'test', version: '1' } },
    [it],
    [notes],
  );
  return resourceMethods({ registry, maxSubscriptions: 2 });
}

async function run(name: string, params: object, call: Call = fakeCall(), resource: Partial<Resource> = {}) {
  const method = methods(resource).find((one) => one.name === name)!;
  return method.run(params as Record<string, unknown>, call);
}

function read(resource: Partial<Resource>, call: Call = fakeCall()) {
  return run('resources/read', { uri: URI }, call, resource);
}

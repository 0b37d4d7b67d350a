import { describe, expect, it } from '@jest/globals';
import type { Principal } from '../../../protocol/call.js';
import { type Change, Changes } from '../../../protocol/changes.js';
import { CallContext } from '../../../protocol/context.js';
import { PreparedResult } from '../../../protocol/json-rpc.js';
import type { Revision } from '../../../protocol/versions.js';
import { defineResource, defineResourceTemplate } from '../../../resources/define-resource.js';
import { ResourceRegistry } from '../../../resources/registry.js';
import type { RegistryOptions } from '../../../protocol/listing.js';
import { fakeCall } from '../../support/fake-call.js';

const ANYONE: Principal = { id: 'anyone', isAnonymous: true };
const NOBODY: Principal = { id: 'nobody', isAnonymous: false, scopes: new Set() };
const serverInfo = { name: 'test', version: '1' };

const readme = defineResource({
  uri: 'docs:///readme',
  name: 'readme',
  title: 'Read me',
  description: 'What this is.',
  mimeType: 'text/markdown',
  size: 5,
  annotations: { audience: ['user'], lastModified: '2026-01-01T00:00:00Z' },
  icons: [{ src: 'https://example.com/i.png' }],
  scopes: ['docs:read'],
  _meta: { 'example.com/a': 1 },
  read: () => 'hello',
});
const notes = defineResourceTemplate({
  uriTemplate: 'notes:///{id}{?page}',
  name: 'notes',
  complete: {
    id: (value, _context, filled) => ['1', '10', filled.arguments.page ?? ''].filter((id) => id.startsWith(value)),
  },
  read: (_uri, { id, page }) => `${id} ${page ?? 'whole'}`,
});
const open = defineResource({ uri: 'docs:///open', name: 'open', read: () => 'open' });

describe('ResourceRegistry', () => {
  it('lists resources with what the revision knows of them', () => {
    const registry = create();
    expect(list(registry, '2024-11-05')).toEqual({
      resources: [
        {
          uri: 'docs:///readme',
          name: 'readme',
          description: 'What this is.',
          mimeType: 'text/markdown',
          annotations: { audience: ['user'] },
          size: 5,
        },
        { uri: 'docs:///open', name: 'open' },
      ],
    });
    expect(list(registry, '2025-06-18').resources).toContainEqual(
      expect.objectContaining({
        title: 'Read me',
        annotations: { audience: ['user'], lastModified: '2026-01-01T00:00:00Z' },
        _meta: { 'example.com/a': 1 },
      }),
    );
    expect(list(registry, '2025-11-25').resources).toContainEqual(expect.objectContaining({ icons: readme.icons }));
  });

  it('says to 2026-07-28 clients how long and for whom a list holds, and who made it', () => {
    const frame = {
      resultType: 'complete',
      ttlMs: 0,
      cacheScope: 'public',
      _meta: { 'io.modelcontextprotocol/serverInfo': serverInfo },
    };
    expect(list(create(), '2026-07-28')).toMatchObject(frame);
    expect(listTemplates(create(), '2026-07-28')).toEqual({
      ...frame,
      resourceTemplates: [{ uriTemplate: 'notes:///{id}{?page}', name: 'notes' }],
    });
    expect(list(create({ hidesForbidden: true }), '2026-07-28').cacheScope).toBe('private');
  });

  it('makes a page once for all callers', () => {
    const registry = create();
    expect(registry.list({}, '2025-11-25', ANYONE)).toBe(registry.list({}, '2025-11-25', NOBODY));
    expect(registry.list({}, '2025-11-25', ANYONE)).not.toBe(registry.list({}, '2025-06-18', ANYONE));
  });

  it('cuts long lists into pages', () => {
    const registry = create({ pageSize: 1 });
    const first = list(registry, '2025-11-25');
    expect(first).toMatchObject({ resources: [{ name: 'readme' }], nextCursor: expect.any(String) });
    const last = list(registry, '2025-11-25', { cursor: first.nextCursor });
    expect(last).toEqual({ resources: [{ uri: 'docs:///open', name: 'open' }] });
  });

  it('makes no page for a cursor it never gave out', () => {
    const many = Array.from({ length: 4 }, (_, n) => ({ ...open, uri: `docs:///${String(n)}` }));
    const registry = new ResourceRegistry({ changes: new Changes(), serverInfo, pageSize: 2 }, many);
    const page = (offset: number) => registry.list({ cursor: btoa(`o:${String(offset)}`) }, '2025-11-25', ANYONE);
    expect(page(2)).toBe(page(2));
    expect(() => page(1)).toThrow('Invalid cursor');
  });

  it('hides what the caller may not read, when asked to', () => {
    const registry = create({ hidesForbidden: true });
    expect(parse(registry.list({}, '2025-11-25', NOBODY)).resources).toEqual([{ uri: 'docs:///open', name: 'open' }]);
    expect(parse(registry.list({}, '2025-11-25', ANYONE)).resources).toHaveLength(2);
  });

  it('tells of what is added, removed and updated, and lists it anew', () => {
    const changes = new Changes();
    const heard: Change[] = [];
    changes.subscribe((change) => heard.push(change));
    const registry = new ResourceRegistry({ changes, serverInfo }, [readme]);
    expect(list(registry, '2025-11-25').resources).toHaveLength(1);
    expect(heard).toEqual([]);

    registry.add(open);
    registry.addTemplate(notes);
    registry.updated('docs:///open');
    expect(registry.remove('docs:///readme')).toBe(true);
    expect(registry.remove('docs:///readme')).toBe(false);
    expect(registry.remove(notes.uriTemplate)).toBe(true);

    const resources = { kind: 'resources' };
    expect(heard).toEqual([resources, resources, { kind: 'resource', uri: 'docs:///open' }, resources, resources]);
    expect(list(registry, '2025-11-25').resources).toEqual([{ uri: 'docs:///open', name: 'open' }]);
    expect(listTemplates(registry, '2025-11-25').resourceTemplates).toEqual([]);
    expect(registry.size).toBe(1);
  });

  it('finds a resource before a template, and the template that came first', async () => {
    const registry = create();
    registry.addTemplate(defineResourceTemplate({ uriTemplate: 'docs:///{+any}', name: 'any', read: () => 'any' }));
    registry.addTemplate(defineResourceTemplate({ uriTemplate: 'docs:///{one}', name: 'one', read: () => 'one' }));
    const read = (uri: string) => registry.find(uri)?.read(new CallContext(fakeCall()));
    expect(await read('docs:///open')).toBe('open');
    expect(await read('docs:///other')).toBe('any');
    expect(await read('notes:///7?page=2')).toBe('7 2');
    expect(await read('notes:///7')).toBe('7 whole');
    expect(registry.find('constructor')).toBeUndefined();
  });

  it.each([
    ['no uri', () => create().add({ ...open, uri: 'not a uri' }), 'Resource "open": "not a uri" is no URI'],
    ['a negative ttl', () => create().add({ ...open, ttlMs: -1 }), 'ttlMs must be a whole number'],
    [
      'a broken template',
      () => create().addTemplate({ ...notes, uriTemplate: 'notes:///{' }),
      'Resource template "notes"',
    ],
    [
      'a completer without a variable',
      () => create().addTemplate({ ...notes, complete: { nothing: () => [] } }),
      'there is no variable nothing',
    ],
  ])('refuses %s', (_what, act, message) => {
    expect(act).toThrow(message);
  });
});

describe('ResourceRegistry.complete', () => {
  const context = new CallContext(fakeCall());
  const id = { name: 'id', value: '1' };

  it('asks the completer of the variable, with what is already filled in', async () => {
    expect(await create().complete(notes.uriTemplate, id, context, { page: '12' })).toEqual(['1', '10', '12']);
    expect(await create().complete('notes:///1', id, context)).toEqual(['1', '10']);
  });

  it('has nothing to say where there is no completer', async () => {
    expect(await create().complete(notes.uriTemplate, { name: 'constructor', value: '' }, context)).toEqual([]);
    expect(await create().complete('docs:///open', id, context)).toEqual([]);
  });

  it('does not know what is not there', async () => {
    expect(await create().complete('notes:///{other}', id, context)).toBeUndefined();
    expect(await create().complete('nowhere:///', id, context)).toBeUndefined();
  });

  it('tells nothing to a caller who may not read there', async () => {
    const forbidden = new CallContext(fakeCall({ principal: NOBODY }));
    await expect(create().complete('docs:///readme', id, forbidden)).rejects.toMatchObject({ code: -32005 });
  });
});

function create(options: Partial<RegistryOptions> = {}): ResourceRegistry {
  return new ResourceRegistry({ changes: new Changes(), serverInfo, ...options }, [readme, open], [notes]);
}

function list(registry: ResourceRegistry, revision: Revision, params = {}): Record<string, unknown> {
  return parse(registry.list(params, revision, ANYONE));
}

function listTemplates(registry: ResourceRegistry, revision: Revision): Record<string, unknown> {
  return parse(registry.listTemplates({}, revision, ANYONE));
}

function parse(result: object): Record<string, unknown> {
  expect(result).toBeInstanceOf(PreparedResult);
  return JSON.parse((result as PreparedResult).json) as Record<string, unknown>;
}

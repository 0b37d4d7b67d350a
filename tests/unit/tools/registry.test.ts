import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { ANONYMOUS, type Principal } from '../../../protocol/call.js';
import { type Change, Changes } from '../../../protocol/changes.js';
import { ErrorCode } from '../../../protocol/errors.js';
import type { PreparedResult } from '../../../protocol/json-rpc.js';
import { MetaKey } from '../../../protocol/mcp.js';
import { HANDSHAKE_REVISIONS, type Revision, REVISIONS } from '../../../protocol/versions.js';
import { defineTool, type Tool } from '../../../tools/define-tool.js';
import { ToolRegistry, type ToolRegistryOptions } from '../../../tools/registry.js';

const serverInfo = { name: 'dualgauge', version: '1.2.3' };

interface Listing {
  readonly tools: (Record<string, unknown> & { readonly name: string })[];
  readonly nextCursor?: string;
}

function createRegistry(tools: Tool[], options: Partial<ToolRegistryOptions> = {}) {
  const changes = new Changes();
  const heard: Change[] = [];
  changes.subscribe((change) => heard.push(change));
  return { registry: new ToolRegistry({ changes, serverInfo, ...options }, tools), heard };
}

function list(
  registry: ToolRegistry,
  {
    cursor,
    revision = '2025-11-25',
    principal = ANONYMOUS,
  }: { cursor?: string; revision?: Revision; principal?: Principal } = {},
): Listing {
  const page = registry.list(cursor === undefined ? {} : { cursor }, revision, principal);
  return JSON.parse((page as PreparedResult).json) as Listing;
}

const toolOf = (name: string, more: Partial<Tool> = {}): Tool => ({
  name,
  description: `Does ${name}`,
  run: () => name,
  ...more,
});
const namesOf = (listing: Listing): string[] => listing.tools.map(({ name }) => name);
const callerOf = (...scopes: string[]): Principal => ({ id: 'a', isAnonymous: false, scopes: new Set(scopes) });

describe('a registry', () => {
  it('lists tools in the order they came', () => {
    const { registry } = createRegistry(['b', 'a', 'c'].map((name) => toolOf(name)));
    expect(namesOf(list(registry))).toEqual(['b', 'a', 'c']);
    expect([registry.size, registry.tools.map(({ name }) => name)]).toEqual([3, ['b', 'a', 'c']]);
  });

  it('knows no tool that nobody put there', () => {
    const { registry } = createRegistry([toolOf('a')]);
    for (const name of ['constructor', '__proto__', 'toString', 'A', '']) {
      expect(registry.get(name)).toBeUndefined();
      expect(registry.mirrors(name)).toEqual([]);
    }
  });

  it.each(['constructor', 'a', 'A-b_c.d/e', 'x'.repeat(128)])('takes the name %s', (name) => {
    expect(createRegistry([toolOf(name)]).registry.get(name)?.tool.name).toBe(name);
  });

  it.each(['', 'a b', 'ä', 'a\n', 'a:b', 'x'.repeat(129)])('refuses the name %j', (name) => {
    expect(() => createRegistry([toolOf(name)])).toThrow(/1 to 128 letters/);
  });

  it.each<[string, Partial<Tool>]>([
    ['an input that is no object', { input: z.string() }],
    ['an input from the network', { input: { type: 'object', $ref: 'https://example.com/a' } }],
    ['an output that is no schema', { output: { type: 'objekt' } }],
    ['a header on a number', { input: { type: 'object', properties: { a: { type: 'number', 'x-mcp-header': 'A' } } } }],
  ])('refuses a tool with %s, by name', (_what, more) => {
    expect(() => createRegistry([toolOf('odd', more)])).toThrow(/^Tool "odd": /);
  });

  it('knows which arguments are mirrored', () => {
    const input = { type: 'object', properties: { a: { type: 'string', 'x-mcp-header': 'A' } } };
    const { registry } = createRegistry([toolOf('m', { input })]);
    expect(registry.mirrors('m')).toEqual([{ header: 'mcp-param-a', path: ['a'], type: 'string' }]);
  });
});

describe('a registry that changes', () => {
  it('tells of it and lists anew', () => {
    const { registry, heard } = createRegistry([toolOf('a')]);
    list(registry);
    registry.add(toolOf('b'));
    expect(namesOf(list(registry))).toEqual(['a', 'b']);
    expect(registry.remove('a')).toBe(true);
    expect(namesOf(list(registry))).toEqual(['b']);
    expect(registry.get('a')).toBeUndefined();
    expect(heard).toEqual([{ kind: 'tools' }, { kind: 'tools' }]);
  });

  it('says nothing when a tool that is not there is taken away', () => {
    const { registry, heard } = createRegistry([toolOf('a')]);
    expect(registry.remove('toString')).toBe(false);
    expect(heard).toEqual([]);
  });

  it('puts a tool in the place of the one with its name', () => {
    const { registry } = createRegistry([toolOf('a'), toolOf('b')]);
    registry.add(toolOf('a', { description: 'new' }));
    expect(list(registry).tools.map(({ name, description }) => [name, description])).toEqual([
      ['a', 'new'],
      ['b', 'Does b'],
    ]);
  });

  it('keeps the old tool and its peace when the new one is not valid', () => {
    const { registry, heard } = createRegistry([toolOf('a')]);
    expect(() => registry.add(toolOf('a', { input: z.string() }))).toThrow();
    expect(registry.get('a')?.tool.description).toBe('Does a');
    expect(heard).toEqual([]);
  });
});

describe('tools/list', () => {
  const many = Array.from({ length: 7 }, (_, index) => toolOf(`t${index}`));

  it('comes in pages that hold every tool once', () => {
    const { registry } = createRegistry(many, { pageSize: 3 });
    const first = list(registry);
    const second = list(registry, { cursor: first.nextCursor! });
    const third = list(registry, { cursor: second.nextCursor! });
    expect([first, second, third].map(namesOf)).toEqual([['t0', 't1', 't2'], ['t3', 't4', 't5'], ['t6']]);
    expect(third).not.toHaveProperty('nextCursor');
  });

  it('is written once for all callers', () => {
    const { registry } = createRegistry(many, { pageSize: 3 });
    for (const revision of REVISIONS) {
      const first = registry.list({}, revision, ANONYMOUS);
      expect(registry.list({}, revision, callerOf('a'))).toBe(first);
      const { nextCursor: cursor } = list(registry, { revision });
      expect(registry.list({ cursor }, revision, ANONYMOUS)).toBe(registry.list({ cursor }, revision, ANONYMOUS));
    }
  });

  it('refuses a cursor that leads into the middle of a page: each would be one more page to keep', () => {
    const { registry } = createRegistry(many, { pageSize: 3 });
    expect(() => list(registry, { cursor: btoa('o:2') })).toThrow(
      expect.objectContaining({ code: ErrorCode.invalidParams }),
    );
  });

  it('is empty, without a cursor, where there are no tools', () => {
    expect(list(createRegistry([]).registry)).toEqual({ tools: [] });
  });

  it('says in 2026-07-28 how long it holds, for whom, and who made it, and nothing of that before', () => {
    const { registry } = createRegistry([toolOf('a')]);
    expect(list(registry, { revision: '2026-07-28' })).toMatchObject({
      resultType: 'complete',
      ttlMs: 0,
      cacheScope: 'public',
      _meta: { [MetaKey.serverInfo]: serverInfo },
    });
    for (const revision of HANDSHAKE_REVISIONS) expect(Object.keys(list(registry, { revision }))).toEqual(['tools']);
  });

  it('gives each revision what it knows', () => {
    const tool = toolOf('full', {
      title: 'Full',
      icons: [{ src: 'https://example.com/i.png' }],
      annotations: { readOnlyHint: true },
      output: z.object({ a: z.string() }),
      task: 'optional',
      _meta: { k: 1 },
    });
    const { registry } = createRegistry([tool]);
    const common = ['description', 'inputSchema', 'name'];
    const fields = (revision: Revision) => Object.keys(list(registry, { revision }).tools[0]!).sort();
    expect(fields('2024-11-05')).toEqual(common);
    expect(fields('2025-03-26')).toEqual(['annotations', ...common]);
    expect(fields('2025-06-18')).toEqual(['_meta', 'annotations', ...common, 'outputSchema', 'title']);
    const newest = ['_meta', 'annotations', 'description', 'icons', 'inputSchema', 'name', 'outputSchema', 'title'];
    expect(fields('2025-11-25')).toEqual([...newest, 'execution'].sort());
    expect(fields('2026-07-28')).toEqual(newest);
  });

  it('shows an output that is no object only to those who can read it', () => {
    const { registry } = createRegistry([toolOf('a', { output: z.array(z.number()) })]);
    expect(list(registry, { revision: '2025-11-25' }).tools[0]).not.toHaveProperty('outputSchema');
    expect(list(registry, { revision: '2026-07-28' }).tools[0]).toMatchObject({ outputSchema: { type: 'array' } });
  });

  it('shows an object schema also for tools that take nothing', () => {
    expect(list(createRegistry([toolOf('a')]).registry).tools[0]).toMatchObject({
      inputSchema: { type: 'object', properties: {} },
    });
  });
});

describe('a registry where callers prove who they are', () => {
  const tools = [toolOf('open'), toolOf('closed', { scopes: ['x'], _meta: { k: 1 } })];

  it('says of each tool what it needs, as an array, twice', () => {
    const { registry } = createRegistry(tools, { advertisesSecurity: true });
    const [open, closed] = list(registry).tools;
    expect(open).toMatchObject({ securitySchemes: [{ type: 'noauth' }] });
    const needed = [{ type: 'oauth2', scopes: ['x'] }];
    expect(closed).toMatchObject({ securitySchemes: needed, _meta: { k: 1, securitySchemes: needed } });
  });

  it('hides what a caller may not call, page by page, and caches nothing of it for others', () => {
    const { registry } = createRegistry([...tools, toolOf('last')], { hidesForbidden: true, pageSize: 2 });
    expect(namesOf(list(registry, { principal: callerOf() }))).toEqual(['open', 'last']);
    expect(list(registry, { principal: callerOf() })).not.toHaveProperty('nextCursor');
    expect(namesOf(list(registry, { principal: callerOf('x') }))).toEqual(['open', 'closed']);
    expect(namesOf(list(registry, { principal: callerOf() }))).toEqual(['open', 'last']);
    expect(list(registry, { principal: callerOf(), revision: '2026-07-28' })).toMatchObject({ cacheScope: 'private' });
  });

  it('lists all of them where hiding is off', () => {
    const { registry } = createRegistry(tools);
    expect(namesOf(list(registry, { principal: callerOf() }))).toEqual(['open', 'closed']);
  });
});

describe('defineTool', () => {
  it('is nothing but its types', () => {
    const tool = { name: 'a', description: 'b', input: z.object({}), run: () => 'c' };
    expect(defineTool(tool)).toBe(tool);
  });
});

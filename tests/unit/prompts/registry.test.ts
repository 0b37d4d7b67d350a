import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import type { Principal } from '../../../protocol/call.js';
import { type Change, Changes } from '../../../protocol/changes.js';
import { CallContext } from '../../../protocol/context.js';
import { PreparedResult } from '../../../protocol/json-rpc.js';
import type { Revision } from '../../../protocol/versions.js';
import { definePrompt } from '../../../prompts/define-prompt.js';
import { PromptRegistry } from '../../../prompts/registry.js';
import type { RegistryOptions } from '../../../protocol/listing.js';
import { fakeCall } from '../../support/fake-call.js';

const ANYONE: Principal = { id: 'anyone', isAnonymous: true };
const NOBODY: Principal = { id: 'nobody', isAnonymous: false, scopes: new Set() };
const serverInfo = { name: 'test', version: '1' };

const review = definePrompt({
  name: 'review',
  title: 'Review',
  description: 'Reviews code.',
  arguments: z.object({
    code: z.string().describe('The code'),
    language: z.enum(['go', 'rust']).meta({ title: 'Language', description: 'Of the code' }).optional(),
    depth: z.string().default('shallow'),
  }),
  icons: [{ src: 'https://example.com/i.png' }],
  scopes: ['review'],
  _meta: { 'example.com/a': 1 },
  complete: { language: (value, _context, { arguments: { code = '' } }) => [value, code] },
  get: ({ code, language = 'any', depth }) => `${code} ${language} ${depth}`,
});
const greet = definePrompt({
  name: 'greet',
  arguments: [{ name: 'name', title: 'Name', required: true }, { name: 'mood' }],
  get: ({ name, mood }) => `${name} ${mood ?? ''}`,
});
const plain = definePrompt({ name: 'plain', get: () => 'plain' });

describe('PromptRegistry', () => {
  it('lists prompts with what the revision knows of them, arguments from zod or from a list', () => {
    expect(list(create(), '2025-03-26')).toEqual({
      prompts: [
        {
          name: 'review',
          description: 'Reviews code.',
          arguments: [
            { name: 'code', description: 'The code', required: true },
            { name: 'language', description: 'Of the code', required: false },
            { name: 'depth', required: false },
          ],
        },
        { name: 'greet', arguments: [{ name: 'name', required: true }, { name: 'mood' }] },
        { name: 'plain' },
      ],
    });
    expect(list(create(), '2025-11-25').prompts).toMatchObject([
      {
        title: 'Review',
        icons: review.icons,
        _meta: review._meta,
        arguments: [{}, { name: 'language', title: 'Language' }, {}],
      },
      { arguments: [{ title: 'Name' }, {}] },
      {},
    ]);
  });

  it('says to 2026-07-28 clients how long and for whom a list holds, and who made it', () => {
    expect(list(create(), '2026-07-28')).toMatchObject({
      resultType: 'complete',
      ttlMs: 0,
      cacheScope: 'public',
      _meta: { 'io.modelcontextprotocol/serverInfo': serverInfo },
    });
    expect(list(create({ hidesForbidden: true }), '2026-07-28').cacheScope).toBe('private');
  });

  it('makes a page once for all callers, and none for a cursor it never gave out', () => {
    const registry = create({ pageSize: 2 });
    const page = (cursor?: string) => registry.list(cursor === undefined ? {} : { cursor }, '2025-11-25', ANYONE);
    expect(page()).toBe(page());
    expect(page(btoa('o:2'))).toBe(page(btoa('o:2')));
    expect(() => page(btoa('o:1'))).toThrow('Invalid cursor');
    const { nextCursor } = parse(page());
    expect(parse(page(nextCursor as string))).toEqual({ prompts: [{ name: 'plain' }] });
  });

  it('hides what the caller may not get, when asked to', () => {
    const registry = create({ hidesForbidden: true });
    expect(parse(registry.list({}, '2025-11-25', NOBODY)).prompts).toHaveLength(2);
    expect(parse(registry.list({}, '2025-11-25', ANYONE)).prompts).toHaveLength(3);
  });

  it('tells of what is added and removed, and lists it anew', () => {
    const changes = new Changes();
    const heard: Change[] = [];
    changes.subscribe((change) => heard.push(change));
    const registry = new PromptRegistry({ changes, serverInfo }, [plain]);
    expect(list(registry, '2025-11-25').prompts).toHaveLength(1);
    registry.add(greet);
    expect(list(registry, '2025-11-25').prompts).toHaveLength(2);
    expect(registry.remove('plain')).toBe(true);
    expect(registry.remove('plain')).toBe(false);
    expect(registry.prompts).toEqual([greet]);
    expect(registry.size).toBe(1);
    expect(heard).toEqual([{ kind: 'prompts' }, { kind: 'prompts' }]);
  });

  it.each([
    ['a name with spaces', { ...plain, name: 'a b' }, 'Prompt name "a b"'],
    ['arguments of one name', { ...plain, arguments: [{ name: 'a' }, { name: 'a' }] }, 'argument names must differ'],
    ['a completer without an argument', { ...plain, complete: { a: () => [] } }, 'there is no argument a'],
  ])('refuses %s', (_what, prompt, message) => {
    expect(() => create().add(prompt)).toThrow(message);
  });
});

describe('PromptRegistry.complete', () => {
  const context = new CallContext(fakeCall());

  it('asks the completer of the argument, with what is already filled in', async () => {
    const argument = { name: 'language', value: 'r' };
    expect(await create().complete('review', argument, context, { code: 'x' })).toEqual(['r', 'x']);
  });

  it('has nothing to say where there is no completer, and does not know what is not there', async () => {
    expect(await create().complete('review', { name: 'constructor', value: '' }, context)).toEqual([]);
    expect(await create().complete('plain', { name: 'a', value: '' }, context)).toEqual([]);
    expect(await create().complete('constructor', { name: 'a', value: '' }, context)).toBeUndefined();
  });

  it('tells nothing to a caller who may not get the prompt', async () => {
    const forbidden = new CallContext(fakeCall({ principal: NOBODY }));
    const asked = create().complete('review', { name: 'language', value: '' }, forbidden);
    await expect(asked).rejects.toMatchObject({ code: -32005 });
  });
});

function create(options: Partial<RegistryOptions> = {}): PromptRegistry {
  return new PromptRegistry({ changes: new Changes(), serverInfo, ...options }, [review, greet, plain]);
}

function list(registry: PromptRegistry, revision: Revision): Record<string, unknown> {
  return parse(registry.list({}, revision, ANYONE));
}

function parse(result: object): Record<string, unknown> {
  expect(result).toBeInstanceOf(PreparedResult);
  return JSON.parse((result as PreparedResult).json) as Record<string, unknown>;
}

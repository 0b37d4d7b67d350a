import { describe, expect, it } from '@jest/globals';
import { Changes } from '../../../protocol/changes.js';
import { definePrompt } from '../../../prompts/define-prompt.js';
import { PromptRegistry } from '../../../prompts/registry.js';
import { defineResourceTemplate } from '../../../resources/define-resource.js';
import { ResourceRegistry } from '../../../resources/registry.js';
import { completionMethod } from '../../../server/completion.js';
import { fakeCall } from '../../support/fake-call.js';

const options = { changes: new Changes(), serverInfo: { name: 'test', version: '1' } };
const count = definePrompt({
  name: 'count',
  arguments: [{ name: 'to' }, { name: 'by' }],
  complete: {
    to: (value) => Array.from({ length: Number(value) }, (_, n) => String(n)),
  },
  get: () => 'count',
});
const note = defineResourceTemplate({
  uriTemplate: 'notes:///{folder}/{id}',
  name: 'note',
  complete: { id: (value, { principal }, filled) => [value, filled.arguments.folder ?? 'no folder', principal.id] },
  read: () => 'note',
});
const method = completionMethod({
  prompts: new PromptRegistry(options, [count]),
  resources: new ResourceRegistry(options, [], [note]),
});
const toPrompt = { type: 'ref/prompt', name: 'count' };
const toTemplate = { type: 'ref/resource', uri: note.uriTemplate };

describe('completion/complete', () => {
  it.each([
    [0, 0, false],
    [100, 100, false],
    [101, 100, true],
  ])('of %d values gives %d, and says whether there are more', async (total, given, hasMore) => {
    const result = await complete({ ref: toPrompt, argument: { name: 'to', value: String(total) } });
    expect(result).toEqual({ completion: { values: expect.any(Array), total, hasMore } });
    expect((result as { completion: { values: unknown[] } }).completion.values).toHaveLength(given);
  });

  it('hands what is already filled in, and who asks, to the completer of a template', async () => {
    const argument = { name: 'id', value: 'a' };
    const context = { arguments: { folder: 'inbox' } };
    expect(await complete({ ref: toTemplate, argument, context })).toEqual({
      completion: { values: ['a', 'inbox', 'anonymous'], total: 3, hasMore: false },
    });
    expect(await complete({ ref: toTemplate, argument })).toMatchObject({
      completion: { values: ['a', 'no folder', 'anonymous'] },
    });
  });

  it('has no values where nobody completes', async () => {
    const nothing = { completion: { values: [], total: 0, hasMore: false } };
    expect(await complete({ ref: toPrompt, argument: { name: 'by', value: '' } })).toEqual(nothing);
    expect(await complete({ ref: toPrompt, argument: { name: 'toString', value: '' } })).toEqual(nothing);
    expect(await complete({ ref: toTemplate, argument: { name: 'folder', value: '' } })).toEqual(nothing);
  });

  it.each([
    ['an unknown prompt', { ref: { ...toPrompt, name: 'other' } }, 'ref names no prompt'],
    ['an unknown template', { ref: { ...toTemplate, uri: 'other:///{id}' } }, 'ref names no resource'],
    ['no ref', { ref: undefined }, 'ref is required'],
    ['a ref of another kind', { ref: { type: 'ref/tool', name: 'a' } }, 'ref must be'],
    ['no argument', { argument: undefined }, 'argument must have'],
    ['an argument without a value', { argument: { name: 'to' } }, 'argument must have'],
    ['arguments that are no strings', { context: { arguments: { a: 1 } } }, 'context.arguments must be'],
  ])('refuses %s', async (_what, params, message) => {
    const argument = { name: 'to', value: '1' };
    const refused = complete({ ref: toPrompt, argument, ...params });
    await expect(refused).rejects.toMatchObject({ code: -32602, message: expect.stringContaining(message) });
  });
});

async function complete(params: Record<string, unknown>): Promise<object> {
  return method.run(params, fakeCall());
}

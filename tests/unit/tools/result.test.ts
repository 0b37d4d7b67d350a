import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import type { Schema, Tool } from '../../../tools/define-tool.js';
import { errorResult, textResult, toResult } from '../../../tools/result.js';
import { compileSchema } from '../../../tools/schema.js';

function convert(returned: unknown, output?: Schema) {
  const tool: Tool = { name: 'probe', description: '', run: () => undefined };
  return toResult(returned, {
    tool,
    input: compileSchema(z.object({}), 'input'),
    output: output === undefined ? undefined : compileSchema(output, 'output'),
    mirrored: [],
    scopes: [],
  });
}

const text = { type: 'text', text: 'hi' } as const;
const link = { type: 'resource_link', uri: 'a:1', name: 'a' } as const;

describe('what a tool without output schema returns', () => {
  it.each<[string, unknown, object]>([
    ['text', 'hi', { content: [text] }],
    ['empty text', '', { content: [{ type: 'text', text: '' }] }],
    ['nothing', undefined, { content: [] }],
    ['null', null, { content: [] }],
    ['a block', link, { content: [link] }],
    ['blocks', [text, link], { content: [text, link] }],
    ['no blocks', [], { content: [] }],
    [
      'a whole result',
      { content: [text], isError: true, _meta: { k: 1 } },
      { content: [text], isError: true, _meta: { k: 1 } },
    ],
    ['an object', { a: [1] }, { content: [{ type: 'text', text: '{"a":[1]}' }] }],
    ['a list', [text, 1], { content: [{ type: 'text', text: JSON.stringify([text, 1]) }] }],
    ['an object with content of its own', { content: 'x' }, { content: [{ type: 'text', text: '{"content":"x"}' }] }],
    ['an object with a type of its own', { type: 'cat' }, { content: [{ type: 'text', text: '{"type":"cat"}' }] }],
  ])('becomes a result: %s', async (_what, returned, result) => {
    expect(await convert(returned)).toStrictEqual(result);
  });
});

describe('what a tool with output schema returns', () => {
  const output = z.object({ sum: z.number() });

  it('is sent as structure and, for those who read only that, as text', async () => {
    expect(await convert({ sum: 3 }, output)).toStrictEqual({
      content: [{ type: 'text', text: '{"sum":3}' }],
      structuredContent: { sum: 3 },
    });
  });

  it('is sent as its schema lets it through', async () => {
    expect(await convert({ sum: 3, secret: 1 }, output)).toMatchObject({ structuredContent: { sum: 3 } });
    expect(JSON.stringify(await convert({ sum: 3, secret: 1 }, output))).not.toContain('secret');
  });

  it('may be a whole result, whose structure is checked', async () => {
    expect(await convert({ content: [text], structuredContent: { sum: 1 } }, output)).toStrictEqual({
      content: [text],
      structuredContent: { sum: 1 },
    });
    await expect(convert({ content: [text], structuredContent: {} }, output)).rejects.toThrow(/"probe".*sum/);
  });

  it('needs no structure to say that it failed', async () => {
    const failure = { content: [text], isError: true };
    expect(await convert(failure, output)).toStrictEqual(failure);
  });

  it.each<[string, Schema, unknown]>([
    ['a list of blocks called content', z.object({ content: z.array(z.looseObject({})) }), { content: [text] }],
    ['an empty list called content', z.object({ content: z.array(z.string()) }), { content: [] }],
    ['an object with the type of a block', z.object({ type: z.literal('text') }), { type: 'text' }],
    ['text', z.string(), 'hi'],
    ['null', z.null(), null],
    ['a list', z.array(z.number()), [1, 2]],
  ])('is structure also when it looks like something else: %s', async (_what, schema, returned) => {
    const result = await convert(returned, schema);
    expect(result.structuredContent).toEqual(returned);
    expect(result.content).toEqual([{ type: 'text', text: JSON.stringify(returned) }]);
  });

  // A client drops a result without the structure its tool promised.
  it.each<[string, unknown]>([
    ['something else', { total: 3 }],
    ['no number', { sum: Number.NaN }],
    ['text', 'three'],
    ['nothing', undefined],
    ['a whole result without structure', { content: [text] }],
  ])('is our fault, and stays here, when it is %s', async (_what, returned) => {
    await expect(convert(returned, output)).rejects.toThrow(
      'Tool "probe" returned what its output schema does not allow',
    );
  });

  it('is checked against plain JSON Schema too', async () => {
    const plain = { type: 'object', properties: { sum: { type: 'number' } }, required: ['sum'] };
    expect(await convert({ sum: 1 }, plain)).toMatchObject({ structuredContent: { sum: 1 } });
    await expect(convert({}, plain)).rejects.toThrow(/sum/);
  });
});

describe('results made by hand', () => {
  it('are text, and an error says that it is one', () => {
    expect(textResult('a')).toStrictEqual({ content: [{ type: 'text', text: 'a' }] });
    expect(errorResult('b')).toStrictEqual({ content: [{ type: 'text', text: 'b' }], isError: true });
  });
});

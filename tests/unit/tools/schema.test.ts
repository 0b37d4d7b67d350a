import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { type Checked, compileSchema } from '../../../tools/schema.js';

const problemOf = (verdict: Checked): string => (verdict.ok ? 'none' : verdict.problem);

describe('a zod schema', () => {
  const schema = z.object({
    name: z.string().describe('Who'),
    size: z.coerce.number().default(3),
    at: z.object({ x: z.number() }).optional(),
  });
  const compiled = compileSchema(schema, 'input');

  it('is listed as JSON Schema 2020-12 of what a caller may send', () => {
    expect(compiled.json).toMatchObject({
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      type: 'object',
      properties: { name: { type: 'string', description: 'Who' }, size: { default: 3 } },
      required: ['name'],
    });
  });

  it('lets through what it makes of the arguments', async () => {
    expect(await compiled.check({ name: 'a', size: '7', extra: 1 })).toEqual({
      ok: true,
      value: { name: 'a', size: 7 },
    });
    expect(await compiled.check({ name: 'a' })).toEqual({ ok: true, value: { name: 'a', size: 3 } });
  });

  it('says which arguments are wrong and why', async () => {
    const problem = problemOf(await compiled.check({ at: { x: 'left' } }));
    expect(problem).toMatch(/name: .*expected string.*; at\.x: .*expected number/);
    expect(problemOf(await compiled.check('text'))).toMatch(/expected object/);
  });

  it('checks at once, unless it has to wait itself', async () => {
    expect(compiled.check({ name: 'a' })).not.toBeInstanceOf(Promise);
    const slow = compileSchema(z.object({ a: z.string().refine(async (text) => text === 'ok', 'not ok') }), 'input');
    expect(await slow.check({ a: 'ok' })).toEqual({ ok: true, value: { a: 'ok' } });
    expect(problemOf(await slow.check({ a: 'no' }))).toBe('a: not ok');
  });

  it('is refused when JSON cannot say it', () => {
    expect(() => compileSchema(z.object({ when: z.date() }), 'input')).toThrow();
  });
});

describe('a plain JSON Schema', () => {
  const json = {
    type: 'object',
    properties: { unit: { enum: ['m', 'ft'] }, at: { $ref: '#/$defs/point' } },
    required: ['unit'],
    additionalProperties: false,
    $defs: { point: { type: 'object', properties: { 'x/y': { type: 'number' } } } },
  };

  it('is listed as it is', () => {
    expect(compileSchema(json, 'input').json).toBe(json);
  });

  it('lets through what fits and changes nothing of it', async () => {
    const value = { unit: 'm', at: { 'x/y': 1 } };
    const verdict = await compileSchema(json, 'input').check(value);
    expect(verdict.ok && verdict.value).toBe(value);
  });

  it.each([
    [{}, /unit/],
    [{ unit: 'yard' }, /unit: .*allowed.*"m","ft"/],
    [{ unit: 'm', at: { 'x/y': 'z' } }, /^at\.x\/y: must be number/],
    [{ unit: 'm', colour: 'red' }, /colour/],
    [[], /must be object/],
  ])('says of %j which argument is wrong and why', async (value, problem) => {
    expect(problemOf(await compileSchema(json, 'input').check(value))).toMatch(problem);
  });

  it('may name its dialect, with or without the empty fragment', () => {
    for (const fragment of ['', '#']) {
      const $schema = `https://json-schema.org/draft/2020-12/schema${fragment}`;
      expect(() => compileSchema({ ...json, $schema }, 'input')).not.toThrow();
    }
  });

  it.each(['http://json-schema.org/draft-07/schema#', 'https://json-schema.org/draft/2019-09/schema', '', 7, {}])(
    'is refused in another dialect: %j',
    ($schema) => {
      expect(() => compileSchema({ ...json, $schema }, 'input')).toThrow(/Only JSON Schema 2020-12/);
    },
  );

  it.each([
    'https://example.com/point.json',
    'http://127.0.0.1:1/point.json',
    'file:///etc/point.json',
    'point.json',
    '#/$defs/nowhere',
  ])('is refused when it refers to %s: nothing is ever fetched', ($ref) => {
    expect(() => compileSchema({ type: 'object', properties: { at: { $ref } } }, 'input')).toThrow(/resolve/);
  });

  it('is refused when it is no schema', () => {
    expect(() => compileSchema({ type: 'objekt' }, 'input')).toThrow();
    expect(() => compileSchema({ type: 'object', required: 'unit' }, 'input')).toThrow();
  });

  it('may share its $id with that of another tool', () => {
    const named = { $id: 'https://example.com/a', type: 'object' };
    compileSchema(named, 'input');
    expect(() => compileSchema({ ...named, title: 'b' }, 'input')).not.toThrow();
  });
});

describe('what is wrong', () => {
  const list = z.object({ items: z.array(z.string()) });
  const strict = z.strictObject({});
  const plain = { type: 'object', additionalProperties: false };

  it.each([
    ['many wrong items', list, { items: Array.from({ length: 20_000 }, () => 1) }],
    [
      'many unknown arguments',
      strict,
      Object.fromEntries(Array.from({ length: 20_000 }, (_, key) => [`key-${key}`, 1])),
    ],
    ['a very long name', strict, { ['x'.repeat(100_000)]: 1 }],
    ['a very long name, in plain JSON Schema', plain, { ['x'.repeat(100_000)]: 1 }],
  ])('is said in a few words, however wrong it is: %s', async (_what, schema, value) => {
    const problem = problemOf(await compileSchema(schema, 'input').check(value));
    expect(problem.length).toBeGreaterThan(10);
    expect(problem.length).toBeLessThan(2000);
  });
});

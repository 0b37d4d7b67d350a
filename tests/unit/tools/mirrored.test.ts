import { describe, expect, it } from '@jest/globals';
import { mirroredArguments } from '../../../tools/mirrored.js';

const schemaOf = (properties: object, more: object = {}): Record<string, unknown> => ({
  type: 'object',
  properties,
  ...more,
});
const region = { type: 'string', 'x-mcp-header': 'Region' };

describe('mirroredArguments', () => {
  it('finds annotated properties at any depth, with their headers in lower case', () => {
    const schema = schemaOf({
      region,
      plain: { type: 'string' },
      page: schemaOf({ size: { type: 'integer', 'x-mcp-header': 'Page-Size' } }),
      dry: { type: 'boolean', 'x-mcp-header': 'dry' },
    });
    expect(mirroredArguments(schema)).toEqual([
      { header: 'mcp-param-region', path: ['region'], type: 'string' },
      { header: 'mcp-param-page-size', path: ['page', 'size'], type: 'integer' },
      { header: 'mcp-param-dry', path: ['dry'], type: 'boolean' },
    ]);
  });

  it('finds nothing where nothing is annotated', () => {
    expect(mirroredArguments({ type: 'object' })).toEqual([]);
    expect(mirroredArguments(schemaOf({ a: { type: 'string' } }))).toEqual([]);
  });

  it('takes an argument that is called like the annotation for an argument', () => {
    expect(mirroredArguments(schemaOf({ 'x-mcp-header': { type: 'string' } }))).toEqual([]);
    expect(mirroredArguments(schemaOf({ 'x-mcp-header': region }))).toEqual([
      { header: 'mcp-param-region', path: ['x-mcp-header'], type: 'string' },
    ]);
  });

  it.each<[unknown, string]>([
    ['', 'empty'],
    ['Re gion', 'with a blank'],
    ['Region:', 'with a colon'],
    ['Zürich', 'outside ASCII'],
    ['a\r\nb', 'with a line break'],
    [7, 'no text'],
    [null, 'null'],
    [{}, 'an object'],
  ])('refuses a name that is no header token: %j (%s)', (name) => {
    expect(() => mirroredArguments(schemaOf({ region: { type: 'string', 'x-mcp-header': name } }))).toThrow(
      /must be an HTTP header token/,
    );
  });

  it.each(['number', 'object', 'array', 'null', undefined, ['string', 'null']])('refuses it on a %j', (type) => {
    expect(() => mirroredArguments(schemaOf({ region: { type, 'x-mcp-header': 'Region' } }))).toThrow(
      /may be string, integer or boolean/,
    );
  });

  it('refuses two names that differ only in their case', () => {
    const schema = schemaOf({ region, nested: schemaOf({ other: { type: 'string', 'x-mcp-header': 'REGION' } }) });
    expect(() => mirroredArguments(schema)).toThrow(/must differ/);
  });

  it.each([
    ['the root', { ...region, properties: {} }],
    ['items', schemaOf({ list: { type: 'array', items: region } })],
    ['properties of items', schemaOf({ list: { type: 'array', items: schemaOf({ region }) } })],
    ['additionalProperties', schemaOf({}, { additionalProperties: region })],
    ['anyOf', schemaOf({ a: { anyOf: [region, { type: 'null' }] } })],
    ['allOf at the root', schemaOf({}, { allOf: [schemaOf({ region })] })],
    ['then', schemaOf({}, { if: {}, then: schemaOf({ region }) })],
    ['$defs', schemaOf({ a: { $ref: '#/$defs/region' } }, { $defs: { region } })],
    ['items, with a name that is no text', schemaOf({ list: { type: 'array', items: { 'x-mcp-header': 5 } } })],
  ])('refuses it in %s', (_where, schema) => {
    expect(() => mirroredArguments(schema)).toThrow(/reached through properties from the root/);
  });
});

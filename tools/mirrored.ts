import { isObject } from '../protocol/json-rpc.js';
import type { MirroredArgument } from '../protocol/modern.js';
import type { JsonSchema } from '../protocol/mcp.js';

const KEYWORD = 'x-mcp-header';
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const TYPES = new Set(['string', 'integer', 'boolean']);

/**
 * The arguments a tool wants mirrored into `Mcp-Param-*` headers.
 * @throws Error when an annotation breaks the rules (2026-07-28 "Schema Extension"): clients would drop the tool
 */
export function mirroredArguments(schema: JsonSchema): readonly MirroredArgument[] {
  const found = collect(schema, []);
  if (found.length !== countAnnotations(schema)) {
    throw new Error(`${KEYWORD} stands only on properties reached through properties from the root`);
  }
  const names = new Set(found.map(({ header }) => header));
  if (names.size !== found.length) throw new Error(`${KEYWORD} names must differ, whatever their case`);
  return found;
}

function collect(schema: unknown, path: readonly string[]): MirroredArgument[] {
  const properties = isObject(schema) ? schema.properties : undefined;
  if (!isObject(properties)) return [];
  return Object.entries(properties).flatMap(([name, property]) => {
    const here = [...path, name];
    const own = isObject(property) && KEYWORD in property ? [toArgument(property, here)] : [];
    return [...own, ...collect(property, here)];
  });
}

function toArgument(property: Record<string, unknown>, path: readonly string[]): MirroredArgument {
  const name = property[KEYWORD];
  const type = property.type;
  if (typeof name !== 'string' || !TOKEN.test(name)) throw new Error(`${KEYWORD} must be an HTTP header token`);
  if (typeof type !== 'string' || !TYPES.has(type)) {
    throw new Error(`${KEYWORD} "${name}" stands on a ${String(type)}; it may be string, integer or boolean`);
  }
  return { header: `mcp-param-${name.toLowerCase()}`, path, type: type as MirroredArgument['type'] };
}

function countAnnotations(value: unknown): number {
  if (Array.isArray(value)) return value.reduce<number>((sum, item) => sum + countAnnotations(item), 0);
  if (!isObject(value)) return 0;
  // An object under that name is the schema of an argument that happens to be called so.
  const own = KEYWORD in value && !isObject(value[KEYWORD]) ? 1 : 0;
  return Object.values(value).reduce<number>((sum, inner) => sum + countAnnotations(inner), own);
}

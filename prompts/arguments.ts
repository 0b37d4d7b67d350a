import * as z from 'zod';
import { compact } from '../protocol/fit.js';
import { isObject } from '../protocol/json-rpc.js';
import type { PromptArgument, PromptArguments, ZodArguments } from './define-prompt.js';

export type Checked = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly problem: string };

/** The arguments of a prompt in the two forms they are needed in: the list that is shown and what checks. */
export interface CompiledArguments {
  readonly list: readonly PromptArgument[];
  check(given: Readonly<Record<string, unknown>>): Checked | Promise<Checked>;
}

/**
 * Compiles the arguments once, when their prompt is registered.
 * @throws Error when two of them have one name
 */
export function compileArguments(declared: PromptArguments = []): CompiledArguments {
  return isSchema(declared) ? compileZod(declared) : compileList(declared);
}

function compileZod(schema: ZodArguments): CompiledArguments {
  const json = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  const required = new Set(json.required);
  const list = Object.entries(json.properties ?? {}).map(([name, property]) => {
    const { title, description } = typeof property === 'object' ? property : {};
    return compact({ name, title, description, required: required.has(name) }) as PromptArgument;
  });
  return {
    list,
    async check(given) {
      const parsed = await schema.safeParseAsync(given);
      if (parsed.success) return { ok: true, value: parsed.data };
      return { ok: false, problem: parsed.error.issues.map((issue) => describeIssue(issue, given)).join('; ') };
    },
  };
}

function compileList(list: readonly PromptArgument[]): CompiledArguments {
  if (new Set(list.map(({ name }) => name)).size !== list.length) throw new Error('argument names must differ');
  return { list, check: (given) => checkList(list, given) };
}

// What is not declared is left behind, as zod does it.
function checkList(list: readonly PromptArgument[], given: Readonly<Record<string, unknown>>): Checked {
  const values = new Map<string, string>();
  const problems: string[] = [];
  for (const { name, required } of list) {
    const value = Object.hasOwn(given, name) ? given[name] : undefined;
    if (typeof value === 'string') values.set(name, value);
    else if (value !== undefined) problems.push(`${name}: must be a string`);
    else if (required === true) problems.push(`${name} is required`);
  }
  return problems.length === 0
    ? { ok: true, value: Object.fromEntries(values) }
    : { ok: false, problem: problems.join('; ') };
}

function describeIssue({ path, message }: z.core.$ZodIssue, given: Readonly<Record<string, unknown>>): string {
  const name = path.map(String).join('.');
  if (name === '') return message;
  return Object.hasOwn(given, name) ? `${name}: ${message}` : `${name} is required`;
}

function isSchema(declared: PromptArguments): declared is ZodArguments {
  return isObject(declared);
}

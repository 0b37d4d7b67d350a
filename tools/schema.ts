import { createRequire } from 'node:module';
import type { Ajv2020, ErrorObject } from 'ajv/dist/2020.js';
import * as z from 'zod';
import { $ZodAsyncError } from 'zod/v4/core';
import type { JsonSchema } from '../protocol/mcp.js';
import type { Schema } from './define-tool.js';

export type Checked = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly problem: string };

const DIALECT = /^https:\/\/json-schema\.org\/draft\/2020-12\/schema#?$/;

/** A schema in the two forms it is needed in: the one that is listed and the one that checks. */
export interface CompiledSchema {
  readonly json: JsonSchema;
  /** Synchronous unless the schema itself has asynchronous refinements. */
  check(value: unknown): Checked | Promise<Checked>;
}

/**
 * Compiles a schema once, when its tool is registered.
 * @throws Error when it is no valid JSON Schema 2020-12 or refers to something outside itself: nothing is ever fetched
 */
export function compileSchema(schema: Schema, io: 'input' | 'output'): CompiledSchema {
  return schema instanceof z.ZodType ? compileZod(schema, io) : compileJson(schema);
}

function compileZod(schema: z.ZodType, io: 'input' | 'output'): CompiledSchema {
  const json = z.toJSONSchema(schema, { target: 'draft-2020-12', io }) as JsonSchema;
  return {
    json,
    check(value) {
      try {
        return toChecked(schema.safeParse(value));
      } catch (error) {
        if (error instanceof $ZodAsyncError) return schema.safeParseAsync(value).then(toChecked);
        throw error;
      }
    },
  };
}

function toChecked(parsed: z.ZodSafeParseResult<unknown>): Checked {
  if (parsed.success) return { ok: true, value: parsed.data };
  const { issues } = parsed.error;
  return toProblem(issues, ({ path, message }) => describe(path.map(String).join('.'), message));
}

function compileJson(json: JsonSchema): CompiledSchema {
  const { $schema: dialect } = json;
  if (dialect !== undefined && !(typeof dialect === 'string' && DIALECT.test(dialect))) {
    throw new Error('Only JSON Schema 2020-12 is supported, but $schema says another dialect');
  }
  const validate = createAjv().compile(json);
  return {
    json,
    check(value) {
      if (validate(value)) return { ok: true, value };
      return toProblem(validate.errors ?? [], describeError);
    },
  };
}

// Loaded when the first plain schema comes: most servers have only zod tools and need not wait for it at start.
function createAjv(): Ajv2020 {
  const require = createRequire(import.meta.url);
  const { Ajv2020: Constructor } = require('ajv/dist/2020.js') as { Ajv2020: typeof Ajv2020 };
  return new Constructor({ strict: false, validateFormats: false });
}

/** How many problems are told, and how many letters of each: a megabyte of wrong arguments must not become a larger answer. */
const MAX_PROBLEMS = 5;
const MAX_PROBLEM_LENGTH = 300;

function toProblem<T>(issues: readonly T[], say: (issue: T) => string): Checked {
  const told = issues.slice(0, MAX_PROBLEMS).map((issue) => clip(say(issue)));
  const more = issues.length - told.length;
  return { ok: false, problem: [...told, ...(more > 0 ? [`and ${more} more`] : [])].join('; ') };
}

function clip(text: string): string {
  return text.length > MAX_PROBLEM_LENGTH ? `${text.slice(0, MAX_PROBLEM_LENGTH)}…` : text;
}

// Ajv says that something is not among the allowed and leaves it to `params` to say what, and which are.
function describeError({ instancePath, message = 'is invalid', params }: ErrorObject): string {
  const { additionalProperty, unevaluatedProperty, allowedValues, allowedValue } = params as Record<string, unknown>;
  const detail = additionalProperty ?? unevaluatedProperty ?? allowedValues ?? allowedValue;
  const path = instancePath.slice(1).replaceAll('/', '.').replaceAll('~1', '/').replaceAll('~0', '~');
  return describe(path, detail === undefined ? message : `${message}: ${JSON.stringify(detail)}`);
}

function describe(path: string, message: string): string {
  return path === '' ? message : `${path}: ${message}`;
}

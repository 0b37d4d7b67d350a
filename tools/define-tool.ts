import type { z } from 'zod';
import type { Context } from '../protocol/context.js';
import type { CallToolResult, ContentBlock, Icon, JsonSchema, Meta, ToolAnnotations } from '../protocol/mcp.js';

/** What a tool takes or gives: a zod schema, or plain JSON Schema 2020-12. */
export type Schema = z.ZodType | JsonSchema;

/** The arguments a schema lets through. */
export type Parsed<S> = S extends z.ZodType ? z.output<S> : Record<string, unknown>;

/** What a tool with `output` returns as its structured content. */
type Structured<O> = O extends z.ZodType ? z.input<O> : O extends undefined ? object : unknown;

/**
 * What `run` may return: text, structured content (an object, when there is an `output` schema), one or more content
 * blocks, or a whole result.
 */
export type ToolReturn<O> =
  string | CallToolResult | ContentBlock | readonly ContentBlock[] | Structured<O> | undefined;

/**
 * Whether a call may go on as a task: `optional` for clients that know tasks, `required` when without them there is no
 * point in starting, `manual` when `run` decides with `context.becomeTask()`.
 */
export type TaskSupport = 'optional' | 'required' | 'manual';

export interface ToolDefinition<I, O> {
  /** 1 to 128 letters, digits, `_`, `-`, `.` and `/` (2025-11-25 tools, "Tool Names"). */
  readonly name: string;
  readonly title?: string;
  /** What a model reads to decide whether this is the tool it wants. */
  readonly description: string;
  readonly input?: I;
  readonly output?: O;
  readonly annotations?: ToolAnnotations;
  readonly icons?: readonly Icon[];
  /** What a caller must be allowed to do, where callers have scopes. */
  readonly scopes?: readonly string[];
  /** How long a call may go without progress, in ms. */
  readonly timeoutMs?: number;
  /** How long a call may take in all, in ms. */
  readonly maxMs?: number;
  readonly task?: TaskSupport;
  readonly _meta?: Meta;
  /**
   * Does the work. A `ToolError` it throws is told to the model, an `RpcError` to the client; anything else is logged
   * here and leaves as a generic message.
   */
  run(args: Parsed<I>, context: Context): ToolReturn<O> | Promise<ToolReturn<O>>;
}

/** A tool whose types have done their work. */
export interface Tool extends Omit<ToolDefinition<unknown, unknown>, 'run' | 'input' | 'output'> {
  readonly input?: Schema;
  readonly output?: Schema;
  run(args: never, context: Context): unknown;
}

/** A tool is data: define it at module level, once. */
export function defineTool<I extends Schema = Record<string, never>, O extends Schema | undefined = undefined>(
  tool: ToolDefinition<I, O>,
): Tool {
  return tool as unknown as Tool;
}

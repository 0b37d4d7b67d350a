import type { z } from 'zod';
import type { Context } from '../protocol/context.js';
import type { GetPromptResult, Icon, Meta, PromptMessage } from '../protocol/mcp.js';

export interface PromptArgument {
  readonly name: string;
  readonly title?: string;
  readonly description?: string;
  readonly required?: boolean;
}

/** What a prompt takes: a zod object that reads strings, or a plain list. */
export type PromptArguments = ZodArguments | readonly PromptArgument[];

/** Arguments come as strings whatever becomes of them: `z.coerce.number<string>()` takes one, `z.number()` never does. */
export type ZodArguments = z.ZodObject<Readonly<Record<string, z.ZodType<unknown, string | undefined>>>>;

/** The arguments a prompt is given. */
export type Given<A> = A extends z.ZodType
  ? z.output<A>
  : A extends readonly PromptArgument[]
    ? { readonly [P in A[number] as P['required'] extends true ? P['name'] : never]: string } & {
        readonly [P in A[number] as P['required'] extends true ? never : P['name']]?: string;
      }
    : never;

/** What `get` may return: text for one message of the user, one or more messages, or a whole result. */
export type PromptReturn = string | PromptMessage | readonly PromptMessage[] | GetPromptResult;

/** Suggests values for an argument that begins with `value`, best first; `arguments` are those already filled in. */
export type Completer = (
  value: string,
  context: Context,
  filled: { readonly arguments: Readonly<Record<string, string>> },
) => readonly string[] | Promise<readonly string[]>;

export interface PromptDefinition<A> {
  /** 1 to 128 letters, digits, `_`, `-`, `.` and `/`. */
  readonly name: string;
  readonly title?: string;
  readonly description?: string;
  readonly arguments?: A;
  readonly icons?: readonly Icon[];
  /** What a caller must be allowed to do, where callers have scopes. */
  readonly scopes?: readonly string[];
  readonly _meta?: Meta;
  readonly complete?: { readonly [K in keyof Given<A>]?: Completer };
  /**
   * Writes the messages. A `ToolError` or `RpcError` it throws is told to the client; anything else is logged here and
   * leaves as a generic message.
   */
  get(args: Given<A>, context: Context): PromptReturn | Promise<PromptReturn>;
}

/** A prompt whose types have done their work. */
export interface Prompt extends Omit<PromptDefinition<unknown>, 'arguments' | 'complete' | 'get'> {
  readonly arguments?: PromptArguments;
  readonly complete?: Readonly<Record<string, Completer | undefined>>;
  get(args: never, context: Context): PromptReturn | Promise<PromptReturn>;
}

/** A prompt is data: define it at module level, once. */
export function definePrompt<const A extends PromptArguments = readonly []>(prompt: PromptDefinition<A>): Prompt {
  return prompt;
}

import type { PromptRegistry } from '../prompts/registry.js';
import type { Call } from '../protocol/call.js';
import { CallContext } from '../protocol/context.js';
import type { Method } from '../protocol/dispatcher.js';
import { ErrorCode, RpcError } from '../protocol/errors.js';
import { isObject, type Params } from '../protocol/json-rpc.js';
import type { ResourceRegistry } from '../resources/registry.js';

export interface CompletionOptions {
  readonly prompts: PromptRegistry;
  readonly resources: ResourceRegistry;
}

// The most a response may hold (2024-11-05 and later, completion, "Completion Results").
const MAX_VALUES = 100;

/** `completion/complete`: it alone asks prompts and resources the same question. */
export function completionMethod(options: CompletionOptions): Method {
  return { name: 'completion/complete', run: (params, call) => complete(params, call, options) };
}

async function complete(params: Params, call: Call, { prompts, resources }: CompletionOptions): Promise<object> {
  const ref = parseRef(params.ref);
  const argument = parseArgument(params.argument);
  const given = parseGiven(params.context);
  const registry = ref.type === 'ref/prompt' ? prompts : resources;
  const values = await registry.complete(ref.name, argument, new CallContext(call), given);
  if (values === undefined) throw invalid(`ref names no ${ref.type === 'ref/prompt' ? 'prompt' : 'resource'}`);
  return {
    completion: {
      values: values.slice(0, MAX_VALUES),
      total: values.length,
      hasMore: values.length > MAX_VALUES,
    },
  };
}

function parseRef(ref: unknown): { type: 'ref/prompt' | 'ref/resource'; name: string } {
  if (!isObject(ref)) throw invalid('ref is required');
  const { type, name, uri } = ref;
  if (type === 'ref/prompt' && typeof name === 'string') return { type, name };
  if (type === 'ref/resource' && typeof uri === 'string') return { type, name: uri };
  throw invalid('ref must be a ref/prompt with a name or a ref/resource with a uri');
}

function parseArgument(argument: unknown): { name: string; value: string } {
  const { name, value } = isObject(argument) ? argument : {};
  if (typeof name === 'string' && typeof value === 'string') return { name, value };
  throw invalid('argument must have a name and a value');
}

function parseGiven(context: unknown): Readonly<Record<string, string>> {
  const given = isObject(context) ? (context.arguments ?? {}) : {};
  if (isObject(given) && Object.values(given).every((value) => typeof value === 'string')) {
    return given as Record<string, string>;
  }
  throw invalid('context.arguments must be an object of strings');
}

function invalid(what: string): RpcError {
  return new RpcError(ErrorCode.invalidParams, `Invalid params: ${what}`);
}

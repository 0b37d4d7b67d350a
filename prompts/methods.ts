import { type Call, hasScopes } from '../protocol/call.js';
import { CallContext } from '../protocol/context.js';
import type { Method } from '../protocol/dispatcher.js';
import { ErrorCode, insufficientScope, RpcError, ToolError } from '../protocol/errors.js';
import { fitPrompt } from '../protocol/fit.js';
import { isObject, type Params } from '../protocol/json-rpc.js';
import type { PromptReturn } from './define-prompt.js';
import type { CompiledPrompt, PromptRegistry } from './registry.js';
import { toResult } from './result.js';

export interface PromptMethodOptions {
  readonly registry: PromptRegistry;
}

/** `prompts/list` and `prompts/get`. */
export function promptMethods({ registry }: PromptMethodOptions): Method[] {
  return [
    { name: 'prompts/list', run: (params, call) => registry.list(params, call.revision, call.principal) },
    { name: 'prompts/get', run: (params, call) => getPrompt(params, call, registry) },
  ];
}

async function getPrompt(params: Params, call: Call, registry: PromptRegistry): Promise<object> {
  const compiled = findPrompt(params, call, registry);
  const args = await parseArguments(params, compiled);
  const returned = await get(compiled, args, call);
  return fitPrompt(toResult(returned, compiled.prompt), call.revision);
}

async function get({ prompt }: CompiledPrompt, args: unknown, call: Call): Promise<PromptReturn> {
  try {
    return await prompt.get(args as never, new CallContext(call));
  } catch (error) {
    // There is no result here to say it in, so what a handler puts into words leaves as an error.
    if (error instanceof ToolError) throw new RpcError(ErrorCode.internalError, error.message);
    throw error;
  }
}

function findPrompt(params: Params, call: Call, registry: PromptRegistry): CompiledPrompt {
  const name = params.name;
  if (typeof name !== 'string') throw new RpcError(ErrorCode.invalidParams, 'Invalid params: name is required');
  const compiled = registry.get(name);
  if (compiled === undefined) throw new RpcError(ErrorCode.invalidParams, unknownPrompt(name));
  const scopes = compiled.prompt.scopes ?? [];
  if (!hasScopes(call.principal, scopes)) throw insufficientScope(scopes);
  return compiled;
}

async function parseArguments(params: Params, { prompt, arguments: declared }: CompiledPrompt): Promise<unknown> {
  const given = params.arguments ?? {};
  if (!isObject(given)) throw new RpcError(ErrorCode.invalidParams, 'Invalid params: arguments must be an object');
  const verdict = await declared.check(given);
  if (verdict.ok) return verdict.value;
  throw new RpcError(ErrorCode.invalidParams, `Invalid arguments for ${prompt.name}: ${verdict.problem}`);
}

// Only a name that could be one is repeated: what a peer sends is not echoed raw.
function unknownPrompt(name: string): string {
  return /^[A-Za-z0-9_./-]{1,64}$/.test(name) ? `Unknown prompt: ${name}` : 'Unknown prompt';
}

import { type Call, hasScopes } from '../protocol/call.js';
import { CallContext } from '../protocol/context.js';
import type { Method } from '../protocol/dispatcher.js';
import { ErrorCode, insufficientScope, missingCapability, RpcError, ToolError } from '../protocol/errors.js';
import { fitToolResult } from '../protocol/fit.js';
import { isObject, type Params } from '../protocol/json-rpc.js';
import { type CallToolResult, TASKS_EXTENSION } from '../protocol/mcp.js';
import { MODERN_REVISION } from '../protocol/versions.js';
import type { CompiledTool, ToolRegistry } from './registry.js';
import { errorResult, toResult } from './result.js';
import type { Checked } from './schema.js';

export interface ToolMethodOptions {
  readonly registry: ToolRegistry;
  /** For tools that set no limits of their own, in ms. */
  readonly timeoutMs: number;
  readonly maxMs: number;
  /** Hears of what a tool threw and nobody else may read. */
  readonly onFault: (error: unknown, tool: string, call: Call) => void;
}

/** `tools/list` and `tools/call`. */
export function toolMethods(options: ToolMethodOptions): Method[] {
  return [
    { name: 'tools/list', run: (params, call) => options.registry.list(params, call.revision, call.principal) },
    { name: 'tools/call', run: (params, call) => callTool(params, call, options) },
  ];
}

type Outcome = CallToolResult | Promise<CallToolResult>;

function callTool(params: Params, call: Call, options: ToolMethodOptions): Outcome {
  const compiled = findTool(params, call, options.registry);
  const checked = compiled.input.check(params.arguments ?? {});
  // Waiting for what is there already costs a turn, and nearly every check is.
  if (!(checked instanceof Promise)) return begin(compiled, checked, call, options);
  return checked.then((verdict) => begin(compiled, verdict, call, options));
}

function begin(compiled: CompiledTool, verdict: Checked, call: Call, options: ToolMethodOptions): Outcome {
  const { tool } = compiled;
  if (!verdict.ok) return errorResult(`Invalid arguments for ${tool.name}: ${verdict.problem}`);
  call.limit({
    timeoutMs: tool.timeoutMs ?? options.timeoutMs,
    maxMs: tool.maxMs ?? options.maxMs,
    outcome: (elapsedMs) => errorResult(`Tool ${tool.name} timed out after ${String(elapsedMs)} ms`),
  });
  const { value } = verdict;
  const isTask = tool.task === 'required' || tool.task === 'optional';
  if (isTask) return call.becomeTask().then(() => run(compiled, value, call, options));
  return run(compiled, value, call, options);
}

function run(compiled: CompiledTool, args: unknown, call: Call, options: ToolMethodOptions): Outcome {
  try {
    const returned = compiled.tool.run(args as never, new CallContext(call));
    const result = isThenable(returned)
      ? Promise.resolve(returned).then((value) => toResult(value, compiled))
      : toResult(returned, compiled);
    if (!(result instanceof Promise)) return fitToolResult(result, call.revision);
    return result
      .then((whole) => fitToolResult(whole, call.revision))
      .catch((error: unknown) => failure(error, compiled, call, options));
  } catch (error) {
    return failure(error, compiled, call, options);
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  const mayBe = (typeof value === 'object' && value !== null) || typeof value === 'function';
  return mayBe && 'then' in value && typeof value.then === 'function';
}

function failure(error: unknown, { tool }: CompiledTool, call: Call, { onFault }: ToolMethodOptions): CallToolResult {
  if (error instanceof ToolError) return errorResult(error.message);
  if (error instanceof RpcError) return refusal(error, call);
  if (!isAbort(error, call)) onFault(error, tool.name, call);
  return errorResult(`Tool ${tool.name} failed: internal error`);
}

// A tool that stops because nobody waits for it any more does as it was told.
function isAbort(error: unknown, { signal }: Call): boolean {
  return signal.aborted && (error === signal.reason || (isObject(error) && error.name === 'AbortError'));
}

function findTool(params: Params, call: Call, registry: ToolRegistry): CompiledTool {
  const name = params.name;
  if (typeof name !== 'string') throw new RpcError(ErrorCode.invalidParams, 'Invalid params: name is required');
  const compiled = registry.get(name);
  if (compiled === undefined) throw new RpcError(ErrorCode.invalidParams, unknownTool(name));
  const scopes = compiled.tool.scopes ?? [];
  if (!hasScopes(call.principal, scopes)) throw insufficientScope(scopes);
  // 2025-11-25 clients ask for a task by name; a tool that cannot be one says so (2025-11-25 tasks, "Tool-Level Negotiation").
  if (call.knowsTasks && call.revision !== MODERN_REVISION && compiled.tool.task === undefined) {
    throw new RpcError(ErrorCode.methodNotFound, `Tool ${name} cannot be run as a task`);
  }
  if (compiled.tool.task === 'required' && call.revision === MODERN_REVISION && !call.knowsTasks) {
    throw missingCapability({ extensions: { [TASKS_EXTENSION]: {} } });
  }
  return compiled;
}

// Only a name that could be one is repeated: what a peer sends is not echoed raw.
function unknownTool(name: string): string {
  return /^[A-Za-z0-9_./-]{1,64}$/.test(name) ? `Unknown tool: ${name}` : 'Unknown tool';
}

// Before 2026-07-28 there is no code for a capability the client lacks, so the model is told instead.
function refusal(error: RpcError, call: Call): CallToolResult {
  if (error.code === ErrorCode.missingClientCapability && call.revision !== MODERN_REVISION) {
    return errorResult(error.message);
  }
  throw error;
}

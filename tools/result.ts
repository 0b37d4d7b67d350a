import { isObject } from '../protocol/json-rpc.js';
import type { CallToolResult, ContentBlock } from '../protocol/mcp.js';
import type { CompiledTool } from './registry.js';

/**
 * Makes a result of what a tool returned.
 * @throws Error when the structured content does not fit the tool's output schema: that is our fault, not the caller's
 */
export function toResult(returned: unknown, { tool, output }: CompiledTool): CallToolResult | Promise<CallToolResult> {
  if (output !== undefined) return toStructured(returned, { tool, output });
  if (typeof returned === 'string') return textResult(returned);
  if (returned === undefined || returned === null) return { content: [] };
  if (isResult(returned)) return returned;
  if (isBlock(returned)) return { content: [returned] };
  if (Array.isArray(returned) && returned.every(isBlock)) return { content: returned };
  return textResult(JSON.stringify(returned));
}

export function textResult(text: string): CallToolResult {
  return { content: [{ type: 'text', text }] };
}

/** A result that tells the model what went wrong. */
export function errorResult(text: string): CallToolResult {
  return { content: [{ type: 'text', text }], isError: true };
}

async function toStructured(returned: unknown, tool: WithOutput): Promise<CallToolResult> {
  if (isResult(returned) && saysItAll(returned)) return checkedResult(returned, tool);
  return structuredResult(await checked(returned, tool));
}

type WithOutput = Pick<CompiledTool, 'tool'> & { readonly output: NonNullable<CompiledTool['output']> };

async function checkedResult(result: CallToolResult, tool: WithOutput): Promise<CallToolResult> {
  if (result.isError === true) return result;
  return { ...result, structuredContent: await checked(result.structuredContent, tool) };
}

async function checked(value: unknown, { tool, output }: WithOutput): Promise<unknown> {
  const verdict = await output.check(value);
  if (verdict.ok) return verdict.value;
  throw new Error(`Tool "${tool.name}" returned what its output schema does not allow: ${verdict.problem}`);
}

// The same in text, for clients and models that read only that (2025-06-18 tools, "Structured Content").
function structuredResult(structuredContent: unknown): CallToolResult {
  return { content: [{ type: 'text', text: JSON.stringify(structuredContent) }], structuredContent };
}

function isResult(value: unknown): value is CallToolResult {
  return isObject(value) && Array.isArray(value.content) && value.content.every(isBlock);
}

// Structured content may have a list called `content` of its own; a whole result has what the schema asks for beside it.
function saysItAll(result: CallToolResult): boolean {
  return 'structuredContent' in result || result.isError === true;
}

const BLOCK_TYPES = new Set(['text', 'image', 'audio', 'resource', 'resource_link']);

function isBlock(value: unknown): value is ContentBlock {
  return isObject(value) && BLOCK_TYPES.has(value.type as string);
}

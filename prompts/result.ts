import { compact } from '../protocol/fit.js';
import { isObject } from '../protocol/json-rpc.js';
import type { GetPromptResult, PromptMessage } from '../protocol/mcp.js';
import type { Prompt } from './define-prompt.js';

/**
 * Makes a result of what a prompt returned.
 * @throws Error when it is no messages: that is our fault, not the caller's
 */
export function toResult(returned: unknown, prompt: Prompt): GetPromptResult {
  const { description = prompt.description, messages, _meta } = toPromptResult(returned);
  if (!messages.every(isMessage)) throw new Error(`Prompt "${prompt.name}" returned something that is no message`);
  return compact({ description, messages, _meta });
}

function toPromptResult(returned: unknown): GetPromptResult {
  if (typeof returned === 'string') return { messages: [{ role: 'user', content: { type: 'text', text: returned } }] };
  if (isObject(returned) && Array.isArray(returned.messages)) return returned as unknown as GetPromptResult;
  return { messages: (Array.isArray(returned) ? returned : [returned]) as PromptMessage[] };
}

function isMessage(value: unknown): boolean {
  if (!isObject(value) || !isObject(value.content)) return false;
  return (value.role === 'user' || value.role === 'assistant') && typeof value.content.type === 'string';
}

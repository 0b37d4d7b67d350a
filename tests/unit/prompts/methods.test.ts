import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import type { Call } from '../../../protocol/call.js';
import { Changes } from '../../../protocol/changes.js';
import { RpcError, ToolError } from '../../../protocol/errors.js';
import { definePrompt, type Prompt, type PromptReturn } from '../../../prompts/define-prompt.js';
import { promptMethods } from '../../../prompts/methods.js';
import { PromptRegistry } from '../../../prompts/registry.js';
import { fakeCall } from '../../support/fake-call.js';

const hello = { role: 'user', content: { type: 'text', text: 'hello' } } as const;
const reply = { role: 'assistant', content: { type: 'text', text: 'hi' } } as const;

describe('prompts/get', () => {
  it.each<[string, PromptReturn, object]>([
    ['text', 'hello', { messages: [hello] }],
    ['a message', reply, { messages: [reply] }],
    ['messages', [hello, reply], { messages: [hello, reply] }],
    ['no messages', [], { messages: [] }],
    [
      'a result',
      { description: 'A', messages: [hello], _meta: { a: 1 } },
      { description: 'A', messages: [hello], _meta: { a: 1 } },
    ],
  ])('makes a result of %s', async (_what, returned, result) => {
    expect(await get(definePrompt({ name: 'it', get: async () => returned }))).toEqual(result);
  });

  it('describes the result as the prompt, unless it describes itself', async () => {
    const prompt = definePrompt({ name: 'it', description: 'It', get: () => 'hello' });
    expect(await get(prompt)).toEqual({ description: 'It', messages: [hello] });
  });

  it('gives an old client only what it can read', async () => {
    const audio = { role: 'user', content: { type: 'audio', data: 'AA==', mimeType: 'audio/wav' } } as const;
    const prompt = definePrompt({ name: 'it', get: () => audio });
    const result = await get(prompt, {}, fakeCall({ revision: '2024-11-05' }));
    expect(result).toMatchObject({ messages: [{ content: { type: 'text' } }] });
    expect(await get(prompt)).toEqual({ messages: [audio] });
  });

  it('hands over the arguments and the call', async () => {
    const zod = definePrompt({
      name: 'it',
      arguments: z.object({ name: z.string(), times: z.coerce.number<string>().default(1) }),
      get: ({ name, times }, { principal }) => `${name} ${String(times + 1)} ${principal.id}`,
    });
    expect(text(await get(zod, { name: 'a', times: '2', other: 'x' }))).toBe('a 3 anonymous');
    expect(text(await get(zod, { name: 'a' }))).toBe('a 2 anonymous');
    const list = definePrompt({
      name: 'it',
      arguments: [{ name: 'a', required: true }, { name: 'b' }],
      get: (args) => JSON.stringify(args),
    });
    expect(text(await get(list, { a: '', other: 'x' }))).toBe('{"a":""}');
  });

  it.each([
    [{}, 'Invalid arguments for it: name is required'],
    [{ name: 7 }, 'name: Invalid input: expected string, received number'],
    [{ name: 'a', kind: 'c' }, 'kind: Invalid option'],
    ['name', 'Invalid params: arguments must be an object'],
  ])('says which of the arguments %j a zod object refuses, and why', async (args, message) => {
    const prompt = definePrompt({
      name: 'it',
      arguments: z.object({ name: z.string(), kind: z.enum(['a', 'b']).optional() }),
      get: () => 'hello',
    });
    const refusal = { code: -32602, message: expect.stringContaining(message) };
    await expect(get(prompt, args)).rejects.toMatchObject(refusal);
  });

  it.each([
    [{}, 'Invalid arguments for it: constructor is required'],
    [{ constructor: 7, b: null }, 'Invalid arguments for it: constructor: must be a string; b: must be a string'],
    [[], 'Invalid params: arguments must be an object'],
  ])('says which of the arguments %j a list refuses, and why', async (args, message) => {
    const prompt = definePrompt({
      name: 'it',
      arguments: [{ name: 'constructor', required: true }, { name: 'b' }],
      get: () => 'hello',
    });
    await expect(get(prompt, args)).rejects.toEqual(new RpcError(-32602, message));
  });

  it('takes no arguments for empty ones', async () => {
    const prompt = definePrompt({ name: 'it', arguments: z.object({}), get: () => 'hello' });
    expect(await run('prompts/get', { name: 'it' }, prompt)).toEqual({ messages: [hello] });
  });

  it.each([
    [{ name: 'other' }, 'Unknown prompt: other'],
    [{ name: 'constructor' }, 'Unknown prompt: constructor'],
    [{ name: '<script>' }, 'Unknown prompt'],
    [{}, 'Invalid params: name is required'],
  ])('knows no prompt for %j', async (params, message) => {
    const prompt = definePrompt({ name: 'it', get: () => 'hello' });
    await expect(run('prompts/get', params, prompt)).rejects.toEqual(new RpcError(-32602, message));
  });

  it('refuses a caller who lacks the scope', async () => {
    const call = fakeCall({ principal: { id: 'ada', isAnonymous: false, scopes: new Set() } });
    const prompt = definePrompt({ name: 'it', scopes: ['write'], get: () => 'hello' });
    await expect(get(prompt, {}, call)).rejects.toMatchObject({ code: -32005, data: { scopes: ['write'] } });
  });

  it('tells the client what a handler puts into words, and nothing else it throws', async () => {
    const worded = definePrompt({ name: 'it', get: () => Promise.reject(new ToolError('Not on Sundays')) });
    await expect(get(worded)).rejects.toEqual(new RpcError(-32603, 'Not on Sundays'));
    const fault = new Error('hunter2');
    const faulty = definePrompt({ name: 'it', get: () => Promise.reject(fault) });
    await expect(get(faulty)).rejects.toBe(fault);
  });

  it.each([undefined, 7, [7], { role: 'system', content: hello.content }, { role: 'user', content: 'hello' }])(
    'takes %j for a fault of ours',
    async (returned) => {
      const error: unknown = await get({ name: 'it', get: () => returned as never }).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(Error);
      expect(error).not.toBeInstanceOf(RpcError);
    },
  );
});

async function run(name: string, params: object, prompt: Prompt, call: Call = fakeCall()) {
  const registry = new PromptRegistry({ changes: new Changes(), serverInfo: { name: 'test', version: '1' } }, [prompt]);
  const method = promptMethods({ registry }).find((one) => one.name === name)!;
  return method.run(params as Record<string, unknown>, call);
}

function get(prompt: Prompt, args: unknown = {}, call: Call = fakeCall()) {
  return run('prompts/get', { name: prompt.name, arguments: args }, prompt, call);
}

function text(result: object): unknown {
  return (result as { messages: { content: { text: unknown } }[] }).messages[0]?.content.text;
}

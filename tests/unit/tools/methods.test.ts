import { setTimeout } from 'node:timers/promises';
import { describe, expect, it, jest } from '@jest/globals';
import { z } from 'zod';
import type { AbortCause } from '../../../protocol/call.js';
import { Changes } from '../../../protocol/changes.js';
import { ErrorCode, RpcError, ToolError } from '../../../protocol/errors.js';
import type { Params } from '../../../protocol/json-rpc.js';
import type { CallToolResult } from '../../../protocol/mcp.js';
import { HANDSHAKE_REVISIONS } from '../../../protocol/versions.js';
import { defineTool, type Tool } from '../../../tools/define-tool.js';
import { toolMethods, type ToolMethodOptions } from '../../../tools/methods.js';
import { ToolRegistry } from '../../../tools/registry.js';
import { fakeCall } from '../../support/fake-call.js';

const SECRET = 'hunter2';

const greet = defineTool({
  name: 'greet',
  description: 'Greets',
  input: z.object({ name: z.string() }),
  run: ({ name }) => `Hello, ${name}`,
});
const failing = (error: Error, more: Partial<Tool> = {}): Tool => ({
  name: 'fail',
  description: 'Fails',
  run: () => Promise.reject(error),
  ...more,
});

function createMethods(...tools: Tool[]) {
  const onFault = jest.fn<ToolMethodOptions['onFault']>();
  const registry = new ToolRegistry({ changes: new Changes(), serverInfo: { name: 's', version: '1' } }, tools);
  const methods = toolMethods({ registry, timeoutMs: 60_000, maxMs: 600_000, onFault });
  const method = (name: string) => methods.find((candidate) => candidate.name === name)!;
  return {
    onFault,
    list: (params: Params, call = fakeCall()) => method('tools/list').run(params, call),
    call: async (params: Params, call = fakeCall()) => (await method('tools/call').run(params, call)) as CallToolResult,
  };
}

const textOf = ({ content }: CallToolResult): string =>
  content.map((block) => ('text' in block ? block.text : '')).join();

describe('tools/call', () => {
  it('runs the tool with what its schema lets through', async () => {
    const { call } = createMethods(greet);
    expect(await call({ name: 'greet', arguments: { name: 'Ada', more: 1 } })).toEqual({
      content: [{ type: 'text', text: 'Hello, Ada' }],
    });
  });

  it.each([[{}], [{ arguments: null }], [{ arguments: {} }]])('takes %j for no arguments', async (more) => {
    const run = jest.fn<Tool['run']>(() => 'ran');
    const { call } = createMethods({ name: 'idle', description: 'Needs nothing', run });
    expect(textOf(await call({ name: 'idle', ...more }))).toBe('ran');
    expect(run.mock.calls).toEqual([[{}, expect.anything()]]);
  });

  it.each([
    [{}, /^Invalid arguments for greet: name: .*expected string/],
    [{ name: 7 }, /^Invalid arguments for greet: name: .*expected string, received number/],
    ['Ada', /expected object, received string/],
    [['Ada'], /expected object, received array/],
  ])('tells the model what is wrong with the arguments %j, and does not run', async (args, problem) => {
    const run = jest.fn(() => 'ran');
    const { call, onFault } = createMethods({ ...greet, run });
    const result = await call({ name: 'greet', arguments: args });
    expect(result.isError).toBe(true);
    expect(textOf(result)).toMatch(problem);
    expect(run).not.toHaveBeenCalled();
    expect(onFault).not.toHaveBeenCalled();
  });

  it.each(['clok', 'constructor', '__proto__', 'toString'])('knows no tool called %s', async (name) => {
    const { call } = createMethods(greet);
    await expect(call({ name })).rejects.toMatchObject({
      code: ErrorCode.invalidParams,
      message: `Unknown tool: ${name}`,
    });
  });

  it.each(['<script>alert(1)</script>', 'x'.repeat(65), 'a\nb', ''])('does not repeat the name %j', async (name) => {
    await expect(createMethods(greet).call({ name })).rejects.toMatchObject({ message: 'Unknown tool' });
  });

  it.each([[{}], [{ name: null }], [{ name: 7 }], [{ name: ['greet'] }]])('needs a name: %j', async (params) => {
    await expect(createMethods(greet).call(params)).rejects.toMatchObject({
      code: ErrorCode.invalidParams,
      message: expect.stringContaining('name is required'),
    });
  });
});

describe('a tool that fails', () => {
  it('tells the model what its ToolError says', async () => {
    const { call, onFault } = createMethods(failing(new ToolError('No such city')));
    expect(await call({ name: 'fail' })).toEqual({ content: [{ type: 'text', text: 'No such city' }], isError: true });
    expect(onFault).not.toHaveBeenCalled();
  });

  it.each<[string, unknown]>([
    ['an error', new Error(SECRET, { cause: SECRET })],
    ['a text', SECRET],
    ['nothing', undefined],
    ['an error that looks like a ToolError', Object.assign(new Error(SECRET), { name: 'ToolError' })],
  ])('keeps to ourselves what else it threw, and tells us: %s', async (_what, error) => {
    const { call, onFault } = createMethods(failing(error as Error));
    const result = await call({ name: 'fail' });
    expect(result).toEqual({ content: [{ type: 'text', text: 'Tool fail failed: internal error' }], isError: true });
    expect(onFault).toHaveBeenCalledWith(error, 'fail', expect.anything());
  });

  it('may throw without being asynchronous', async () => {
    const run = (): never => {
      throw new Error(SECRET);
    };
    const { call, onFault } = createMethods(failing(new Error(SECRET), { run }));
    expect(JSON.stringify(await call({ name: 'fail' }))).not.toContain(SECRET);
    expect(onFault).toHaveBeenCalledTimes(1);
  });

  it('may return what can only be waited for, as query builders do', async () => {
    const later = (run: (resolve: (value: unknown) => void, reject: (error: Error) => void) => void) => ({ then: run });
    const kept = createMethods(failing(new Error(), { run: () => later((resolve) => resolve('kept')) }));
    expect(await kept.call({ name: 'fail' })).toEqual({ content: [{ type: 'text', text: 'kept' }] });
    const broken = createMethods(failing(new Error(), { run: () => later((_, reject) => reject(new Error(SECRET))) }));
    expect(await broken.call({ name: 'fail' })).toMatchObject({ isError: true });
    expect(broken.onFault).toHaveBeenCalledTimes(1);
  });

  it('keeps to ourselves that it broke its own output schema', async () => {
    const odd = defineTool({
      name: 'odd',
      description: 'Breaks its word',
      output: z.object({ sum: z.number() }),
      run: () => ({ sum: SECRET }) as never,
    });
    const { call, onFault } = createMethods(odd);
    expect(await call({ name: 'odd' })).toMatchObject({ isError: true });
    expect(onFault).toHaveBeenCalledWith(
      expect.objectContaining({ message: expect.stringContaining('output schema') }),
      'odd',
      expect.anything(),
    );
  });

  it('lets the client read its RpcError', async () => {
    const { call, onFault } = createMethods(failing(new RpcError(-32602, 'No', { why: 1 })));
    await expect(call({ name: 'fail' })).rejects.toMatchObject({ code: -32602, message: 'No', data: { why: 1 } });
    expect(onFault).not.toHaveBeenCalled();
  });

  // A client that leaves is an ordinary event, not an error.
  it.each<AbortCause>(['cancelled', 'disconnected', 'timeout'])('as it was told to is no fault: %s', async (cause) => {
    const ways: Tool['run'][] = [
      (_args, { signal }) => setTimeout(60_000, undefined, { signal }),
      async (_args, { signal }) => {
        await setTimeout(0);
        signal.throwIfAborted();
      },
    ];
    for (const run of ways) {
      const { call, onFault } = createMethods(failing(new Error(SECRET), { run }));
      const asked = fakeCall();
      const result = call({ name: 'fail' }, asked);
      asked.abort(cause);
      expect(await result).toMatchObject({ isError: true });
      expect(onFault).not.toHaveBeenCalled();
    }
  });

  it('for a reason of its own is a fault, also when nobody waits any more', async () => {
    const { call, onFault } = createMethods(failing(new Error(SECRET)));
    const asked = fakeCall();
    asked.abort('disconnected');
    await call({ name: 'fail' }, asked);
    expect(onFault).toHaveBeenCalledTimes(1);
  });
});

describe('a tool that asks its client', () => {
  const asks = defineTool({
    name: 'ask',
    description: 'Asks',
    run: async (_args, context) => JSON.stringify(await context.elicit({ message: 'm', schema: z.object({}) })),
  });

  it.each(HANDSHAKE_REVISIONS)('tells the model when a client of %s cannot answer', async (revision) => {
    const result = await createMethods(asks).call({ name: 'ask' }, fakeCall({ revision }));
    expect(result.isError).toBe(true);
    expect(textOf(result)).toContain('elicitation');
  });

  it('tells a client of 2026-07-28 that it cannot answer', async () => {
    await expect(createMethods(asks).call({ name: 'ask' }, fakeCall({ revision: '2026-07-28' }))).rejects.toMatchObject(
      {
        code: ErrorCode.missingClientCapability,
        data: { requiredCapabilities: { elicitation: {} } },
      },
    );
  });
});

describe('a tool with limits', () => {
  it('sets its own, or those of the server', async () => {
    const { call } = createMethods(greet, { ...greet, name: 'quick', timeoutMs: 5, maxMs: 10 });
    const limitsOf = async (name: string) => {
      const asked = fakeCall();
      await call({ name, arguments: { name: 'Ada' } }, asked);
      return asked.limits[0]!;
    };
    expect(await limitsOf('greet')).toMatchObject({ timeoutMs: 60_000, maxMs: 600_000 });
    expect(await limitsOf('quick')).toMatchObject({ timeoutMs: 5, maxMs: 10 });
    expect((await limitsOf('quick')).outcome(12)).toEqual({
      content: [{ type: 'text', text: 'Tool quick timed out after 12 ms' }],
      isError: true,
    });
  });

  it('is refused to callers without its scopes, and to them alone', async () => {
    const { call } = createMethods({ ...greet, scopes: ['a', 'b'] });
    const as = (scopes: ReadonlySet<string> | undefined) =>
      call(
        { name: 'greet', arguments: { name: 'Ada' } },
        fakeCall({ principal: { id: 'p', isAnonymous: false, scopes } }),
      );
    await expect(as(new Set(['a']))).rejects.toMatchObject({
      code: ErrorCode.insufficientScope,
      data: { scopes: ['a', 'b'] },
    });
    expect(textOf(await as(new Set(['b', 'c', 'a'])))).toBe('Hello, Ada');
    expect(textOf(await as(undefined))).toBe('Hello, Ada');
  });
});

describe('a tool that is a task', () => {
  const args = { name: 'greet', arguments: { name: 'Ada' } };

  it.each([
    [undefined, 0],
    ['manual', 0],
    ['optional', 1],
    ['required', 1],
  ] as const)('when it says %s becomes one %d times', async (task, times) => {
    const asked = fakeCall({ revision: '2026-07-28', knowsTasks: true });
    await createMethods(task === undefined ? greet : { ...greet, task }).call(args, asked);
    expect(asked.tasks).toBe(times);
  });

  it('becomes none when its arguments are wrong', async () => {
    const asked = fakeCall({ knowsTasks: true });
    await createMethods({ ...greet, task: 'required' }).call({ name: 'greet' }, asked);
    expect(asked.tasks).toBe(0);
  });

  it('and must be one, is refused to a client of 2026-07-28 that knows no tasks', async () => {
    const { call } = createMethods({ ...greet, task: 'required' });
    await expect(call(args, fakeCall({ revision: '2026-07-28' }))).rejects.toMatchObject({
      code: ErrorCode.missingClientCapability,
    });
    expect(textOf(await call(args, fakeCall({ revision: '2026-07-28', knowsTasks: true })))).toBe('Hello, Ada');
    expect(textOf(await call(args, fakeCall({ revision: '2025-11-25' })))).toBe('Hello, Ada');
  });
});

describe('tools/list', () => {
  it('refuses a cursor it never gave out', () => {
    const { list } = createMethods(greet);
    expect(() => list({ cursor: 'x' })).toThrow(expect.objectContaining({ code: ErrorCode.invalidParams }));
  });
});

describe('a result', () => {
  it('is cut to what the revision of the call can read', async () => {
    const tool = defineTool({
      name: 'sum',
      description: 'Adds',
      output: z.object({ sum: z.number() }),
      run: () => ({ sum: 1 }),
    });
    const { call } = createMethods(tool);
    expect(await call({ name: 'sum' }, fakeCall({ revision: '2025-03-26' }))).toEqual({
      content: [{ type: 'text', text: '{"sum":1}' }],
    });
    expect(await call({ name: 'sum' }, fakeCall({ revision: '2025-06-18' }))).toMatchObject({
      structuredContent: { sum: 1 },
    });
  });
});

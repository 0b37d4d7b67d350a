import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Client } from 'sdk-1/client/index.js';
import { StreamableHTTPClientTransport } from 'sdk-1/client/streamableHttp.js';
import { CallToolResultSchema, ElicitRequestSchema } from 'sdk-1/types.js';
import { z } from 'zod';
import { defineTool, ToolError } from '../../server/index.js';
import { startServer, type TestServer } from '../support/server.js';

const greeting = defineTool({
  name: 'greeting',
  description: 'Asks for a name, then greets.',
  task: 'optional',
  async run(_args, context) {
    const answer = await context.elicit({ message: 'Who?', schema: z.object({ name: z.string() }) });
    return answer.action === 'accept' ? `Hello, ${answer.content.name}!` : 'Nobody';
  },
});

const failing = defineTool({
  name: 'failing',
  description: 'Fails.',
  task: 'optional',
  run() {
    throw new ToolError('It failed');
  },
});

const waiting = defineTool({
  name: 'waiting',
  description: 'Waits until it is cancelled.',
  task: 'optional',
  run: (_args, { signal }) => new Promise<string>((resolve) => signal.addEventListener('abort', () => resolve('late'))),
});

const Created = z.object({ task: z.object({ taskId: z.string() }) });

describe('Tasks of 2025-11-25', () => {
  let server: TestServer;
  const clients: Client[] = [];

  beforeEach(async () => {
    server = await startServer({ tools: [greeting, failing, waiting] });
  });

  afterEach(async () => {
    for (const client of clients.splice(0)) await client.close();
    await server.close();
  });

  async function connect(): Promise<Client> {
    const client = new Client({ name: 'test', version: '1' }, { capabilities: { elicitation: {} } });
    client.setRequestHandler(ElicitRequestSchema, () => ({ action: 'accept', content: { name: 'Alice' } }));
    await client.connect(new StreamableHTTPClientTransport(new URL(`${server.url}/mcp`)));
    clients.push(client);
    return client;
  }

  it('carry an SDK 1.x client from the task to its result, with a question on the way', async () => {
    const client = await connect();
    const seen: string[] = [];
    let text = '';
    const params = { name: 'greeting', arguments: {} };
    for await (const message of client.experimental.tasks.callToolStream(params, CallToolResultSchema, {
      task: { ttl: 60_000 },
    })) {
      seen.push(message.type);
      if (message.type === 'result') text = JSON.stringify(message.result);
    }
    expect(seen[0]).toBe('taskCreated');
    expect(seen.at(-1)).toBe('result');
    expect(text).toContain('Hello, Alice!');
  });

  it('are listed to the session that made them, and to no other', async () => {
    const [mine, other] = [await connect(), await connect()];
    const taskId = await create(mine, 'waiting');
    expect((await mine.experimental.tasks.listTasks()).tasks.map((task) => task.taskId)).toEqual([taskId]);
    expect((await other.experimental.tasks.listTasks()).tasks).toEqual([]);
    await expect(other.experimental.tasks.getTask(taskId)).rejects.toThrow('Unknown task');
  });

  it('fail when their tool fails, and give its result all the same', async () => {
    const client = await connect();
    const taskId = await create(client, 'failing');
    const result = await client.experimental.tasks.getTaskResult(taskId, CallToolResultSchema);
    expect(result).toMatchObject({ isError: true, content: [{ text: 'It failed' }] });
    expect(await client.experimental.tasks.getTask(taskId)).toMatchObject({ status: 'failed' });
  });

  it('are cancelled once', async () => {
    const client = await connect();
    const taskId = await create(client, 'waiting');
    expect(await client.experimental.tasks.cancelTask(taskId)).toMatchObject({ status: 'cancelled' });
    await expect(client.experimental.tasks.cancelTask(taskId)).rejects.toThrow('The task is over');
    await expect(client.experimental.tasks.getTaskResult(taskId)).rejects.toThrow('cancelled');
  });

  it('are refused for a tool that cannot be one', async () => {
    const client = await connect();
    await expect(create(client, 'echo', { message: 'x' })).rejects.toMatchObject({ code: -32601 });
  });
});

async function create(client: Client, name: string, args: object = {}): Promise<string> {
  const params = { name, arguments: args, task: { ttl: 60_000 } };
  const { task } = (await client.request({ method: 'tools/call', params }, Created as never)) as z.infer<
    typeof Created
  >;
  return task.taskId;
}

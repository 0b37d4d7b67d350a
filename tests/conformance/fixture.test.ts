// What the suite asks of the fixture, asked here of both doors: the suite itself knows only /mcp.
import { expect } from '@jest/globals';
import { createLog } from '../../server/log.js';
import { onBothDoors } from '../support/both-doors.js';
import type { Json } from '../support/clients/test-client.js';
import type { TestServer } from '../support/server.js';
import { createFixture } from './fixture.js';
import { enumForm, formWithDefaults } from './forms.js';
import { PNG, WAV } from './media.js';
import { schemaTools } from './schema-tools.js';

const SAMPLED = { role: 'assistant', model: 'test-model', content: { type: 'text', text: 'Paris' } };
const ROOTS = { roots: [{ uri: 'file:///test/root', name: 'Test Root' }] };

onBothDoors(
  'the conformance fixture',
  ({ client, connect, it }) => {
    it('lists first a tool that needs no arguments, and describes everything', async () => {
      const { tools } = await client.request('tools/list');
      expect(tools[0].inputSchema.required).toBeUndefined();
      const { prompts } = await client.request('prompts/list');
      for (const { description } of [...tools, ...prompts]) expect(description).toMatch(/./);
    });

    it('keeps every keyword of a schema', async () => {
      const { tools } = await client.request('tools/list');
      for (const { name, input } of schemaTools) {
        expect(tools).toContainEqual(expect.objectContaining({ name, inputSchema: input }));
      }
    });

    it.each([
      ['test_simple_text', [text('This is a simple text response for testing.')]],
      ['test_image_content', [{ type: 'image', data: PNG, mimeType: 'image/png' }]],
      ['test_audio_content', [{ type: 'audio', data: WAV, mimeType: 'audio/wav' }]],
    ])('answers %s', async (name, content) => {
      expect(await client.callTool(name)).toEqual({ content });
    });

    it('embeds resources', async () => {
      const { content } = await client.callTool('test_multiple_content_types');
      const resource = { uri: 'test://mixed-content-resource', mimeType: 'application/json' };
      expect(content).toEqual([
        text('Multiple content types test:'),
        { type: 'image', data: PNG, mimeType: 'image/png' },
        { type: 'resource', resource: { ...resource, text: '{"test":"data","value":123}' } },
      ]);
    });

    it('fails in words for the model', async () => {
      const content = [text('This tool intentionally returns an error for testing')];
      expect(await client.callTool('test_error_handling')).toEqual({ isError: true, content });
    });

    it('tells its progress before its result', async () => {
      const seen: unknown[] = [];
      await client.callTool('test_tool_with_progress', {}, { onProgress: ({ progress }) => seen.push(progress) });
      expect(seen).toEqual([0, 50, 100]);
    });

    it('logs as loudly as it was asked to', async () => {
      await client.request('logging/setLevel', { level: 'error' });
      await client.callTool('test_tool_with_logging');
      await client.request('logging/setLevel', { level: 'debug' });
      await client.callTool('test_tool_with_logging');
      const data = ['Tool execution started', 'Tool processing data', 'Tool execution completed'];
      expect(client.notifications.all).toEqual(data.map((line) => log({ level: 'info', data: line })));
    });

    it('asks the model', async () => {
      client.answerRequests(() => SAMPLED);
      const { content } = await client.callTool('test_sampling', { prompt: 'Where?' });
      expect(content).toEqual([text('LLM response: Paris')]);
      expect(client.requests.all.map(({ method, params }) => ({ method, params }))).toEqual([
        {
          method: 'sampling/createMessage',
          params: { messages: [{ role: 'user', content: text('Where?') }], maxTokens: 100 },
        },
      ]);
    });

    it.each([
      ['test_elicitation_sep1034_defaults', formWithDefaults],
      ['test_elicitation_sep1330_enums', enumForm],
    ])('shows the user the form of %s as it was written', async (name, requestedSchema) => {
      client.answerRequests(() => ({ action: 'decline' }));
      const { content } = await client.callTool(name);
      expect(content).toEqual([text('Elicitation completed: action=decline, content={}')]);
      expect(client.requests.all[0]?.params.requestedSchema).toEqual(requestedSchema);
    });

    it('asks several at once', async () => {
      client.answerRequests((method) => {
        if (method === 'elicitation/create') return { action: 'accept', content: { name: 'Alice' } };
        return method === 'roots/list' ? ROOTS : SAMPLED;
      });
      const { content } = await client.callTool('test_input_required_result_multiple_inputs');
      expect(content).toEqual([text('Paris Alice, you work in 1 folders.')]);
    });

    it('asks one after the other', async () => {
      const answers = [{ name: 'Alice' }, { color: 'blue' }];
      client.answerRequests(() => ({ action: 'accept', content: answers.shift() }));
      const { content } = await client.callTool('test_input_required_result_multi_round');
      expect(content).toEqual([text('Alice likes blue.')]);
    });

    it('asks nothing that the client did not declare', async () => {
      const modest = await connect({ capabilities: { sampling: {} } });
      modest.answerRequests(() => SAMPLED);
      const { content } = await modest.callTool('test_input_required_result_capabilities');
      expect(content).toEqual([text('Answers: ["Paris"]')]);
      expect(await modest.callTool('test_elicitation', { message: 'Who are you?' })).toMatchObject({ isError: true });
    });

    it.each([
      ['test_trigger_tool_change', 'notifications/tools/list_changed'],
      ['test_trigger_prompt_change', 'notifications/prompts/list_changed'],
    ])('tells of the change that %s makes', async (name, notification) => {
      await client.callTool(name);
      await client.notifications.next(({ method }) => method === notification);
    });

    it('reads its resources', async () => {
      const read = async (uri: string): Promise<Json> => (await client.request('resources/read', { uri })).contents;
      expect(await read('test://static-text')).toMatchObject([
        { mimeType: 'text/plain', text: 'This is the content of the static text resource.' },
      ]);
      expect(await read('test://static-binary')).toMatchObject([{ mimeType: 'image/png', blob: PNG }]);
      expect(await read('test://template/123/data')).toEqual([
        {
          uri: 'test://template/123/data',
          mimeType: 'application/json',
          text: '{"id":"123","templateTest":true,"data":"Data for ID: 123"}',
        },
      ]);
    });

    it('fills in its prompts', async () => {
      const args = { arg1: 'one', arg2: 'two' };
      const { messages } = await client.request('prompts/get', { name: 'test_prompt_with_arguments', arguments: args });
      const content = text("Prompt with arguments: arg1='one', arg2='two'");
      expect(messages).toEqual([{ role: 'user', content }]);
    });

    it('runs its tasks while the client waits, where there are no tasks', async () => {
      client.answerRequests(() => ({ action: 'accept', content: { name: 'Alice', confirm: true } }));
      const slow = await client.callTool('slow_compute', { seconds: 0, label: 'nothing' });
      expect(slow.content).toEqual([text('Computed nothing in 0 s')]);
      const confirmed = await client.callTool('confirm_delete', { filename: 'a.txt' });
      expect(confirmed.content).toEqual([text('Deleted a.txt')]);
      const greeted = await client.callTool('test_tool_with_task');
      expect(greeted.content).toEqual([text('Hello, Alice!')]);
      await expect(client.callTool('protocol_error_job')).rejects.toMatchObject({ code: -32603 });
    });
  },
  { start: startFixture },
);

async function startFixture(): Promise<TestServer> {
  const mcp = createFixture({ log: createLog({ level: 'silent' }), drainMs: 200 });
  const running = await mcp.listen();
  return { url: running.url, port: running.port, mcp, close: () => running.close() };
}

function text(words: string) {
  return { type: 'text', text: words };
}

function log(params: object) {
  return { method: 'notifications/message', params };
}

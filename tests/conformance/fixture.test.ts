// What the suite asks of the fixture, asked here of both doors: the suite itself knows only /mcp.
import { expect } from '@jest/globals';
import { onBothDoors } from '../support/both-doors.js';
import type { Json } from '../support/clients/test-client.js';
import { createFixture } from './fixture.js';
import { enumForm, formWithDefaults } from './forms.js';
import { PNG, WAV } from './media.js';

const SAMPLED = { role: 'assistant', model: 'test-model', content: { type: 'text', text: 'Paris' } };
const ROOTS = { roots: [{ uri: 'file:///test/root', name: 'Test Root' }] };

onBothDoors(
  'the conformance fixture',
  ({ client, connect, it }) => {
    it('lists first a tool that needs no arguments, and describes everything', async () => {
      const { tools } = await client.request('tools/list');
      expect(tools[0].inputSchema).toEqual({ type: 'object', properties: {} });
      expect(tools.every(({ description }: Json) => description.length > 0)).toBe(true);
      const { prompts } = await client.request('prompts/list');
      expect(prompts.every(({ description }: Json) => description.length > 0)).toBe(true);
    });

    it('keeps every keyword of a schema', async () => {
      const { tools } = await client.request('tools/list');
      const { inputSchema } = tools.find(({ name }: Json) => name === 'json_schema_2020_12_tool');
      expect(inputSchema).toMatchObject({
        $schema: 'https://json-schema.org/draft/2020-12/schema',
        $defs: { address: { $anchor: 'addressDef' } },
        allOf: [{ anyOf: [{ required: ['phone'] }, { required: ['email'] }] }],
        if: { required: ['contactMethod'] },
        then: { required: ['phone'] },
        else: { required: ['email'] },
        additionalProperties: false,
      });
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
      expect(content.map(({ type }: Json) => type)).toEqual(['text', 'image', 'resource']);
      expect(content[2].resource.text).toBe('{"test":"data","value":123}');
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
      expect(client.notifications.all.map(({ params }) => params.data)).toEqual([
        'Tool execution started',
        'Tool processing data',
        'Tool execution completed',
      ]);
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
      const { resources } = await client.request('resources/list');
      const uris = [...resources.map(({ uri }: Json) => uri), 'test://template/123/data'];
      const results: Json[] = await Promise.all(uris.map((uri) => client.request('resources/read', { uri })));
      expect(results.map(({ contents }) => contents)).toEqual([
        [{ uri: uris[0], mimeType: 'text/plain', text: 'This is the content of the static text resource.' }],
        [{ uri: uris[1], mimeType: 'image/png', blob: PNG }],
        [{ uri: uris[2], mimeType: 'text/plain', text: 'Watched resource content' }],
        [
          {
            uri: uris[3],
            mimeType: 'application/json',
            text: '{"id":"123","templateTest":true,"data":"Data for ID: 123"}',
          },
        ],
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
  { startServer: () => createFixture().listen() },
);

function text(words: string) {
  return { type: 'text', text: words };
}

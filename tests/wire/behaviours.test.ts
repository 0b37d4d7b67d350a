// What a tool, resource or prompt may do reaches its client alike, in every handshake revision and over both doors. One author
// writes it once; the rest of this file does not know which door it is at.
import { expect } from '@jest/globals';
import { z } from 'zod';
import { definePrompt } from '../../prompts/define-prompt.js';
import { defineResource, defineResourceTemplate } from '../../resources/define-resource.js';
import { defineTool, type ToolReturn } from '../../tools/define-tool.js';
import type { Context } from '../../protocol/context.js';
import { onBothDoors } from '../support/both-doors.js';
import type { Json, Progress } from '../support/clients/test-client.js';
import { waitingTool } from '../support/waiting-tool.js';

const REVISIONS = ['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25'] as const;

const text = (words: string) => ({ type: 'text', text: words });
const tool = (name: string, run: (context: Context) => Promise<ToolReturn<undefined>>) =>
  defineTool({ name, description: name, run: (_args, context) => run(context) });

const question = { message: 'Who?', schema: z.object({ name: z.string() }) };
const prompt = { messages: [{ role: 'user', content: text('Where?') }], maxTokens: 10 } as const;

const tools = [
  tool('talk', async (context) => {
    for (const level of ['debug', 'info', 'warning', 'error', 'emergency'] as const)
      await context.log(level, { level }, 'talker');
    return 'said';
  }),
  tool('step', async (context) => {
    await context.progress(1, 3, 'one');
    await context.progress(0.5, 3, 'back');
    await context.progress(3, 3, 'three');
    return 'stepped';
  }),
  tool('ask_model', async (context) => JSON.stringify((await context.sample(prompt)).content)),
  tool('ask_form', async (context) => JSON.stringify(await context.elicit(question))),
  tool('ask_page', async (context) =>
    JSON.stringify(await context.elicit({ message: 'Log in', url: 'https://example.com/in' })),
  ),
  tool('ask_folders', async (context) => JSON.stringify(await context.listRoots())),
  tool('ask_all', async (context) => {
    const [form, model, folders] = await Promise.all([
      context.elicit(question),
      context.sample(prompt),
      context.listRoots(),
    ]);
    return [form.action, model.model, folders.length].join(' ');
  }),
  tool('ask_twice', async (context) => {
    const first = await context.elicit({ ...question, key: 'first' });
    const second = await context.elicit({ ...question, key: 'second' });
    return [first, second].map(({ content }) => content?.name).join(' and ');
  }),
];

const resources = ['test://a', 'test://b'].map((uri) => defineResource({ uri, name: uri.slice(-1), read: () => uri }));
const resourceTemplates = [
  defineResourceTemplate({
    uriTemplate: 'test://city/{city}',
    name: 'city',
    complete: { city: (value) => ['Paris', 'Prague', 'Rome'].filter((city) => city.startsWith(value)) },
    read: (_uri, { city }) => city,
  }),
];
const prompts = [
  definePrompt({
    name: 'greet',
    arguments: [{ name: 'who', required: true }],
    complete: { who: (value) => Array.from({ length: 150 }, (_, index) => `${value}${index}`) },
    get: ({ who }) => `Greet ${who}.`,
  }),
];

const ANSWERS = new Map<string, unknown>([
  ['sampling/createMessage', { role: 'assistant', model: 'm', content: text('Here.') }],
  ['elicitation/create', { action: 'accept', content: { name: 'Alice' } }],
  ['roots/list', { roots: [{ uri: 'file:///a', name: 'a' }] }],
]);

for (const revision of REVISIONS) {
  const waiting = { current: waitingTool() };
  const serverOptions = { tools, resources, resourceTemplates, prompts, pageSize: 3, askTimeoutMs: 5000 };

  onBothDoors(
    `behaviours at ${revision}`,
    ({ client, connect, server, it }) => {
      const answer = () => client.answerRequests((method) => ANSWERS.get(method));
      const said = (method: string) =>
        client.notifications.all.filter((one) => one.method === method).map(({ params }) => params);
      const textOf = async (name: string, args = {}) =>
        (await client.callTool(name, args)).content.map((block: Json) => block.text).join('');

      it('agrees on the revision that was asked for', () => {
        expect(client.initialized.protocolVersion).toBe(revision);
      });

      it('hears progress, forwards only, before the result', async () => {
        const heard: Progress[] = [];
        await client.callTool('step', {}, { onProgress: (progress) => heard.push(progress) });
        const hasMessage = revision >= '2025-03-26';
        expect(heard.map(({ progress, total, message }) => ({ progress, total, message }))).toEqual([
          { progress: 1, total: 3, message: hasMessage ? 'one' : undefined },
          { progress: 3, total: 3, message: hasMessage ? 'three' : undefined },
        ]);
      });

      it('hears no progress that it did not ask for', async () => {
        await client.callTool('step');
        expect(client.errors).toEqual([]);
      });

      it('hears log messages of the level it set, and above', async () => {
        await client.request('logging/setLevel', { level: 'error' });
        await client.callTool('talk');
        expect(said('notifications/message')).toEqual([
          { level: 'error', logger: 'talker', data: { level: 'error' } },
          { level: 'emergency', logger: 'talker', data: { level: 'emergency' } },
        ]);
        await expect(client.request('logging/setLevel', { level: 'loud' })).rejects.toMatchObject({ code: -32602 });
      });

      it('is asked for its model', async () => {
        answer();
        expect(await textOf('ask_model')).toBe(JSON.stringify(text('Here.')));
        expect(client.requests.all[0]).toMatchObject({ method: 'sampling/createMessage', params: prompt });
      });

      it('is asked to fill in a form', async () => {
        answer();
        expect(await textOf('ask_form')).toBe('{"action":"accept","content":{"name":"Alice"}}');
        expect(client.requests.all[0]).toMatchObject({
          method: 'elicitation/create',
          params: { message: 'Who?', requestedSchema: { type: 'object', required: ['name'] } },
        });
      });

      it('is asked to visit a page', async () => {
        client.answerRequests(() => ({ action: 'accept' }));
        expect(await textOf('ask_page')).toBe('{"action":"accept"}');
        expect(client.requests.all[0]).toMatchObject({
          method: 'elicitation/create',
          params: { mode: 'url', message: 'Log in', url: 'https://example.com/in' },
        });
      });

      it('is asked for its folders', async () => {
        answer();
        expect(await textOf('ask_folders')).toBe('[{"uri":"file:///a","name":"a"}]');
      });

      it('is asked several things at once, and one after the other', async () => {
        answer();
        expect(await textOf('ask_all')).toBe('accept m 1');
        expect(await textOf('ask_twice')).toBe('Alice and Alice');
        const ids = client.requests.all.map(({ id }) => id);
        expect(new Set(ids).size).toBe(5);
      });

      it('may say no or fail, which the model is told, or talk nonsense, which it is told itself', async () => {
        client.answerRequests(() => ({ action: 'decline' }));
        expect(await textOf('ask_form')).toBe('{"action":"decline"}');
        client.answerRequests(() => {
          throw new Error('Not today');
        });
        expect(await client.callTool('ask_form')).toMatchObject({
          isError: true,
          content: [text('The client refused to answer: Not today')],
        });
        client.answerRequests(() => ({ action: 'maybe' }));
        await expect(client.callTool('ask_form')).rejects.toMatchObject({ code: -32602 });
      });

      it.each(['ask_model', 'ask_form', 'ask_page', 'ask_folders'])(
        'is never asked what it did not declare: %s',
        async (name) => {
          const modest = await connect({ capabilities: {}, revision });
          expect(await modest.callTool(name)).toMatchObject({ isError: true });
          expect(modest.requests.all).toEqual([]);
        },
      );

      it('hears of the updates it subscribed to, and of no others', async () => {
        await client.request('resources/subscribe', { uri: 'test://a' });
        server().mcp.resources.updated('test://b');
        server().mcp.resources.updated('test://a');
        expect(await client.notifications.next()).toEqual({
          method: 'notifications/resources/updated',
          params: { uri: 'test://a' },
        });
        await client.request('resources/unsubscribe', { uri: 'test://a' });
        server().mcp.resources.updated('test://a');
        await client.request('ping');
        expect(said('notifications/resources/updated')).toHaveLength(1);
      });

      it('hears that lists have changed', async () => {
        server().mcp.tools.remove('echo');
        server().mcp.prompts.add(definePrompt({ name: 'new', get: () => '' }));
        server().mcp.resources.add(defineResource({ uri: 'test://c', name: 'c', read: () => '' }));
        const methods = [];
        for (let count = 0; count < 3; count += 1) methods.push((await client.notifications.next()).method);
        expect(methods).toEqual([
          'notifications/tools/list_changed',
          'notifications/prompts/list_changed',
          'notifications/resources/list_changed',
        ]);
      });

      it('completes arguments of prompts and variables of templates', async () => {
        const cities = await client.request('completion/complete', {
          ref: { type: 'ref/resource', uri: 'test://city/{city}' },
          argument: { name: 'city', value: 'P' },
        });
        expect(cities.completion).toEqual({ values: ['Paris', 'Prague'], total: 2, hasMore: false });
        const people = await client.request('completion/complete', {
          ref: { type: 'ref/prompt', name: 'greet' },
          argument: { name: 'who', value: 'x' },
        });
        expect(people.completion).toMatchObject({ total: 150, hasMore: true });
        expect(people.completion.values).toHaveLength(100);
        await expect(
          client.request('completion/complete', {
            ref: { type: 'ref/prompt', name: 'nobody' },
            argument: { name: 'x', value: '' },
          }),
        ).rejects.toMatchObject({ code: -32602 });
      });

      it('pages through a list: everything once, in order, by cursors it cannot read', async () => {
        const names: string[] = [];
        let cursor: string | undefined;
        do {
          const page = await client.request('tools/list', cursor === undefined ? {} : { cursor });
          expect(page.tools.length).toBeLessThanOrEqual(3);
          names.push(...(page.tools as { name: string }[]).map(({ name }) => name));
          cursor = page.nextCursor as string | undefined;
        } while (cursor !== undefined);
        expect(names).toEqual(server().mcp.tools.tools.map(({ name }) => name));
        for (const bad of ['', 'x', '1', 'bzo0', null, 7]) {
          await expect(client.request('tools/list', { cursor: bad })).rejects.toMatchObject({ code: -32602 });
        }
      });

      it('reads resources and gets prompts', async () => {
        expect((await client.request('resources/read', { uri: 'test://city/Rome' })).contents).toMatchObject([
          { uri: 'test://city/Rome', text: 'Rome' },
        ]);
        await expect(client.request('resources/read', { uri: 'test://nowhere' })).rejects.toMatchObject({
          code: -32002,
        });
        expect((await client.request('prompts/get', { name: 'greet', arguments: { who: 'Bob' } })).messages).toEqual([
          { role: 'user', content: text('Greet Bob.') },
        ]);
        await expect(client.request('prompts/get', { name: 'greet' })).rejects.toMatchObject({ code: -32602 });
      });

      it('cancels a call', async () => {
        waiting.current = waitingTool();
        server().mcp.tools.add(waiting.current.tool);
        const call = client.callTool('wait', {}, { id: 'w' }).catch((error: unknown) => error);
        await waiting.current.started();
        await client.cancel('w');
        await waiting.current.aborted();
        await client.request('ping');
        void call;
      });
    },
    { serverOptions, revision },
  );
}

onBothDoors(
  'tasks at 2025-11-25',
  ({ client, it }) => {
    it('go on without their request, and give their result later', async () => {
      client.answerRequests((method) => ANSWERS.get(method));
      const { task } = await client.request('tools/call', { name: 'job', arguments: {}, task: {} });
      expect(task).toMatchObject({ taskId: expect.any(String), status: expect.any(String) });
      const { content } = await client.request('tasks/result', { taskId: task.taskId });
      expect(content).toEqual([text('done')]);
      expect((await client.request('tasks/get', { taskId: task.taskId })).status).toBe('completed');
      await expect(client.request('tasks/get', { taskId: 'nobody' })).rejects.toMatchObject({ code: -32602 });
    });
  },
  {
    serverOptions: { tools: [defineTool({ name: 'job', description: 'Works.', task: 'optional', run: () => 'done' })] },
    revision: '2025-11-25',
  },
);

onBothDoors(
  'a client that never answers',
  ({ client, it }) => {
    it('is given up after ASK_TIMEOUT_MS, and the model is told', async () => {
      client.answerRequests(() => new Promise(() => {}));
      const result = await client.callTool('ask_form');
      expect(result).toMatchObject({ isError: true, content: [text('The client did not answer within 50 ms')] });
    });
  },
  { serverOptions: { tools, askTimeoutMs: 50 } },
);

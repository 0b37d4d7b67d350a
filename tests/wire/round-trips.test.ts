// What handshake clients are asked on a stream, 2026-07-28 clients are asked in rounds: the same tools, written once. And the
// other behaviours of tests/wire/behaviours.test.ts as this revision has them.
import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { definePrompt } from '../../prompts/define-prompt.js';
import { defineResource, defineResourceTemplate } from '../../resources/define-resource.js';
import type { Context } from '../../protocol/context.js';
import { defineTool, type ToolReturn } from '../../tools/define-tool.js';
import type { Json } from '../support/clients/test-client.js';
import { callModern, callRounds } from '../support/modern-call.js';
import { useServers } from '../support/servers.js';

const start = useServers();

const text = (words: string) => ({ type: 'text', text: words });
const tool = (name: string, run: (context: Context) => Promise<ToolReturn<undefined>>) =>
  defineTool({ name, description: name, run: (_args, context) => run(context) });

const capabilities = { sampling: { tools: {} }, elicitation: { form: {}, url: {} }, roots: {} };
const who = { message: 'Who?', schema: z.object({ name: z.string() }) };
const prompt = { messages: [{ role: 'user', content: text('Where?') }], maxTokens: 10 } as const;
const ANSWERS = new Map<string, unknown>([
  ['sampling/createMessage', { role: 'assistant', model: 'm', content: text('Here.') }],
  ['elicitation/create', { action: 'accept', content: { name: 'Alice' } }],
  ['roots/list', { roots: [{ uri: 'file:///a', name: 'a' }] }],
]);
const answer = (method: string) => ANSWERS.get(method);
const questionsOf = (round: Json) => Object.values<Json>(round.inputRequests).map(({ method }) => method as string);

const tools = [
  tool('ask_model', async (context) => JSON.stringify((await context.sample(prompt)).content)),
  tool('ask_form', async (context) => JSON.stringify(await context.elicit(who))),
  tool('ask_page', async (context) =>
    JSON.stringify(await context.elicit({ message: 'Log in', url: 'https://example.com/in' })),
  ),
  tool('ask_folders', async (context) => JSON.stringify(await context.listRoots())),
  tool('ask_all', async (context) => {
    const [form, model, folders] = await Promise.all([
      context.elicit(who),
      context.sample(prompt),
      context.listRoots(),
    ]);
    return [form.action, model.model, folders.length].join(' ');
  }),
  tool('ask_thrice', async (context) => {
    const names: unknown[] = [];
    for (const key of ['first', 'second', 'third'])
      names.push((await context.elicit({ ...who, message: key, key })).content?.name);
    return names.join(', ');
  }),
  tool('ask_what_it_may', async (context) => {
    const { sampling, roots } = context.client.capabilities;
    const asked = await Promise.all([sampling && context.sample(prompt), roots && context.listRoots()]);
    return `${asked.filter((one) => one !== undefined).length}`;
  }),
];

describe('one question', () => {
  it.each([
    ['ask_model', 'sampling/createMessage', { ...prompt }, JSON.stringify(text('Here.'))],
    [
      'ask_form',
      'elicitation/create',
      { message: 'Who?', requestedSchema: { required: ['name'] } },
      '{"action":"accept","content":{"name":"Alice"}}',
    ],
    [
      'ask_page',
      'elicitation/create',
      { mode: 'url', message: 'Log in', url: 'https://example.com/in' },
      '{"action":"accept"}',
    ],
    ['ask_folders', 'roots/list', {}, '[{"uri":"file:///a","name":"a"}]'],
  ])('is asked in one round, and answered in the next: %s', async (name, method, params, result) => {
    const { url } = await start({ tools });
    const rounds = await callRounds(url, 'tools/call', { name }, answer, { capabilities });
    expect(rounds).toHaveLength(2);
    expect(Object.values(rounds[0].inputRequests)).toEqual([{ method, params: expect.objectContaining({}) }]);
    expect(Object.values<Json>(rounds[0].inputRequests)[0].params).toMatchObject(params);
    expect(rounds[1]).toMatchObject({ resultType: 'complete', content: [text(result)] });
  });
});

describe('several questions', () => {
  it('at once travel together, each under its own key', async () => {
    const { url } = await start({ tools });
    const rounds = await callRounds(url, 'tools/call', { name: 'ask_all' }, answer, { capabilities });
    expect(rounds).toHaveLength(2);
    expect(questionsOf(rounds[0]).sort()).toEqual(['elicitation/create', 'roots/list', 'sampling/createMessage']);
    expect(rounds[1].content).toEqual([text('accept m 1')]);
  });

  it('one after the other take a round each, and none is asked twice', async () => {
    const { url } = await start({ tools });
    const names = ['Ann', 'Bob', 'Cid'];
    const asked: string[] = [];
    const rounds = await callRounds(
      url,
      'tools/call',
      { name: 'ask_thrice' },
      (_method, params, key) => {
        asked.push(`${key}: ${params.message}`);
        return { action: 'accept', content: { name: names.shift() } };
      },
      { capabilities },
    );
    expect(asked).toEqual(['first: first', 'second: second', 'third: third']);
    expect(rounds).toHaveLength(4);
    expect(rounds[3].content).toEqual([text('Ann, Bob, Cid')]);
    const states = rounds.slice(0, 3).map(({ requestState }) => requestState as string);
    expect(new Set(states).size).toBe(3);
  });

  it('go on in parallel with others of the same client', async () => {
    const { url } = await start({ tools });
    const all = await Promise.all(
      Array.from({ length: 5 }, (_, index) =>
        callRounds(
          url,
          'tools/call',
          { name: 'ask_form' },
          () => ({ action: 'accept', content: { name: `n${index}` } }),
          { capabilities },
        ),
      ),
    );
    expect(all.map((rounds) => JSON.parse(rounds[1].content[0].text).content.name)).toEqual([
      'n0',
      'n1',
      'n2',
      'n3',
      'n4',
    ]);
  });
});

describe('a client', () => {
  it('is never asked what it did not declare', async () => {
    const { url } = await start({ tools });
    for (const [declared, methods] of [
      [{ sampling: {} }, ['sampling/createMessage']],
      [{ roots: {} }, ['roots/list']],
      [{ sampling: {}, roots: {} }, ['roots/list', 'sampling/createMessage']],
    ] as const) {
      const rounds = await callRounds(url, 'tools/call', { name: 'ask_what_it_may' }, answer, {
        capabilities: declared,
      });
      expect(questionsOf(rounds[0]).sort()).toEqual(methods);
    }
    const rounds = await callRounds(url, 'tools/call', { name: 'ask_what_it_may' }, answer);
    expect(rounds[0].content).toEqual([text('0')]);
  });

  it('may come back with less than before: what it no longer declares is not asked', async () => {
    const { url } = await start({ tools });
    const { json } = await callModern(url, 'tools/call', { name: 'ask_form' }, { capabilities });
    const { requestState } = json.result as { requestState: string };
    const back = await callModern(url, 'tools/call', { name: 'ask_form', requestState, inputResponses: {} });
    expect(back.json.error).toMatchObject({ code: -32021 });
  });

  it('that never comes back costs nothing: nothing waits for it', async () => {
    const { url, mcp } = await start({ tools });
    for (let id = 0; id < 20; id += 1) await callModern(url, 'tools/call', { name: 'ask_form' }, { id, capabilities });
    expect({ calls: mcp.calls.size, sessions: mcp.sessions.size, streams: mcp.streams.size }).toEqual({
      calls: 0,
      sessions: 0,
      streams: 0,
    });
  });

  it('hears progress in each round', async () => {
    const asking = tool('ask_late', async (context) => {
      await context.progress(1, 2);
      const { action } = await context.elicit(who);
      await context.progress(2, 2);
      return action;
    });
    const { url } = await start({ tools: [asking] });
    const options = { capabilities, meta: { progressToken: 'p' } };
    const first = await callModern(url, 'tools/call', { name: 'ask_late' }, options);
    const { requestState, inputRequests } = first.messages.at(-1)!.result as {
      requestState: string;
      inputRequests: object;
    };
    expect(first.messages.map(({ method }) => method)).toEqual(['notifications/progress', undefined]);
    const inputResponses = { [Object.keys(inputRequests)[0]!]: { action: 'decline' } };
    const second = await callModern(url, 'tools/call', { name: 'ask_late', requestState, inputResponses }, options);
    expect(second.messages.at(-1)).toMatchObject({ result: { content: [text('decline')] } });
    expect(
      second.messages.filter(({ method }) => method === 'notifications/progress').map(({ params }) => params.progress),
    ).toEqual([1, 2]);
  });
});

describe('prompts and resources', () => {
  it('may ask too', async () => {
    const greet = definePrompt({
      name: 'greet',
      get: async (_args, context) => `Greet ${(await context.elicit(who)).content?.name}.`,
    });
    const city = defineResource({
      uri: 'test://me',
      name: 'me',
      read: async (_uri, context) => String((await context.elicit(who)).content?.name),
    });
    const { url } = await start({ prompts: [greet], resources: [city] });
    const got = await callRounds(url, 'prompts/get', { name: 'greet' }, answer, { capabilities });
    expect(got.at(-1).messages).toEqual([{ role: 'user', content: text('Greet Alice.') }]);
    const read = await callRounds(url, 'resources/read', { uri: 'test://me' }, answer, { capabilities });
    expect(read.at(-1).contents).toMatchObject([{ uri: 'test://me', text: 'Alice' }]);
  });
});

describe('the other behaviours', () => {
  const cities = defineResourceTemplate({
    uriTemplate: 'test://city/{city}',
    name: 'city',
    complete: { city: (value) => ['Paris', 'Prague', 'Rome'].filter((one) => one.startsWith(value)) },
    read: (_uri, { city }) => city,
  });

  it('complete', async () => {
    const { url } = await start({ resourceTemplates: [cities] });
    const params = { ref: { type: 'ref/resource', uri: 'test://city/{city}' }, argument: { name: 'city', value: 'P' } };
    expect((await callModern(url, 'completion/complete', params)).json.result.completion.values).toEqual([
      'Paris',
      'Prague',
    ]);
  });

  it('page through lists, with the same cacheScope on each page', async () => {
    const { url, mcp } = await start({ pageSize: 2 });
    const names: string[] = [];
    const scopes = new Set<string>();
    let cursor: string | undefined;
    do {
      const { result } = (await callModern(url, 'tools/list', cursor === undefined ? {} : { cursor })).json as {
        result: Json;
      };
      names.push(...(result.tools as { name: string }[]).map(({ name }) => name));
      scopes.add(result.cacheScope as string);
      cursor = result.nextCursor as string | undefined;
    } while (cursor !== undefined);
    expect(names).toEqual(mcp.tools.tools.map(({ name }) => name));
    expect(scopes.size).toBe(1);
    expect((await callModern(url, 'tools/list', { cursor: 'x' })).json.error.code).toBe(-32602);
  });

  it('hear progress forwards only, and none without a token', async () => {
    const step = tool('step', async (context) => {
      await context.progress(1, 3, 'one');
      await context.progress(0.5);
      await context.progress(3, 3);
      return 'stepped';
    });
    const { url } = await start({ tools: [step] });
    const heard = async (meta?: Json) => {
      const { messages } = await callModern(url, 'tools/call', { name: 'step' }, meta === undefined ? {} : { meta });
      return messages.slice(0, -1).map(({ params }) => params);
    };
    expect(await heard({ progressToken: 0 })).toEqual([
      { progressToken: 0, progress: 1, total: 3, message: 'one' },
      { progressToken: 0, progress: 3, total: 3 },
    ]);
    expect(await heard()).toEqual([]);
  });
});

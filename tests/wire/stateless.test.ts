// The rows of the wire contract's table "M — /mcp, 2026-07-28", each test named after its row.
import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { defineResource } from '../../resources/define-resource.js';
import { definePrompt } from '../../prompts/define-prompt.js';
import { defineTool } from '../../tools/define-tool.js';
import type { Context } from '../../protocol/context.js';
import { REVISIONS } from '../../protocol/versions.js';
import { call, messagesOf, rpc, type JsonObject } from '../support/http-call.js';
import { openSession } from '../support/mcp-session.js';
import { callModern, callRounds, modern, MODERN, streamModern, type ModernOptions } from '../support/modern-call.js';
import { useServers } from '../support/servers.js';
import { isMessage } from '../support/sse-reader.js';
import { until } from '../support/until.js';
import { waitingTool } from '../support/waiting-tool.js';

const start = useServers();

const KEY = 'io.modelcontextprotocol/';
const text = (words: string) => ({ type: 'text', text: words });
const base64 = (words: string) => `=?base64?${Buffer.from(words).toString('base64')}?=`;
const add = ['tools/call', { name: 'add', arguments: { a: 1, b: 2 } }] as const;

/** Counts its calls; some of its arguments are mirrored into headers. */
function routed() {
  let calls = 0;
  const tool = defineTool({
    name: 'route',
    description: 'Goes somewhere.',
    input: {
      type: 'object',
      properties: {
        region: { type: 'string', 'x-mcp-header': 'Region' },
        limit: { type: 'integer', 'x-mcp-header': 'Limit' },
        dry: { type: 'boolean', 'x-mcp-header': 'Dry' },
        deep: { type: 'object', properties: { er: { type: 'string', 'x-mcp-header': 'Deep-Er' } } },
        free: { type: 'string' },
      },
    },
    run() {
      calls += 1;
      return 'gone';
    },
  });
  return { tool, calls: () => calls };
}

const asksName = defineTool({
  name: 'greet',
  description: 'Greets.',
  input: z.object({ greeting: z.string().default('Hello') }),
  async run({ greeting }, context) {
    const answer = await context.elicit({ message: 'Who?', schema: z.object({ name: z.string() }) });
    return answer.action === 'accept' ? `${greeting}, ${answer.content.name}!` : 'Goodbye.';
  },
});

describe('how it is told', () => {
  it('is by _meta; nothing else makes a request modern', async () => {
    const { url } = await start();
    const reply = await callModern(url, 'tools/list');
    expect(reply.json.result.resultType).toBe('complete');
    const { headers } = modern('tools/list');
    const old = await call(`${url}/mcp`, {
      body: rpc('tools/list'),
      headers: { ...headers, 'MCP-Protocol-Version': '2025-11-25' },
    });
    expect({ status: old.status, type: old.json.result.resultType }).toEqual({ status: 200, type: undefined });
  });

  it.each([
    ['no params', undefined],
    ['no _meta', {}],
    ['an empty _meta', { _meta: {} }],
    ['_meta that is no object', { _meta: 'x' }],
    ['only capabilities', { _meta: { [`${KEY}clientCapabilities`]: {} } }],
  ])('is 400 -32602 with the id for a modern header and %s', async (_what, params) => {
    const { url } = await start();
    const { headers } = modern('server/discover');
    const { status, json } = await call(`${url}/mcp`, { body: rpc('server/discover', params, 'mine'), headers });
    expect({ status, id: json.id, code: json.error.code }).toEqual({ status: 400, id: 'mine', code: -32602 });
  });

  it.each([
    ['no capabilities', { [`${KEY}clientCapabilities`]: undefined }],
    ['capabilities that are none', { [`${KEY}clientCapabilities`]: [] }],
    ['a log level that is none', { [`${KEY}logLevel`]: 'loud' }],
  ])('is 400 -32602 for %s', async (_what, meta) => {
    const { url } = await start();
    const { body, headers } = modern('tools/list');
    const request = { ...body, params: { _meta: { ...body.params._meta, ...meta } } };
    const { status, json } = await call(`${url}/mcp`, { body: request, headers });
    expect({ status, id: json.id, code: json.error.code }).toEqual({ status: 400, id: 1, code: -32602 });
  });

  it('needs no clientInfo', async () => {
    const { url } = await start();
    const { body, headers } = modern('tools/list');
    body.params._meta[`${KEY}clientInfo`] = undefined;
    expect((await call(`${url}/mcp`, { body, headers })).status).toBe(200);
  });

  it.each([0, -1, '', '0', 'x'])('echoes the id in every refusal: %j', async (id) => {
    const { url } = await start();
    const replies = [
      await callModern(url, 'nobody/knows', {}, { id }),
      await callModern(url, 'tools/list', {}, { id, headers: { 'Mcp-Method': 'other' } }),
      await callModern(url, 'tools/list', { cursor: 'x' }, { id }),
    ];
    expect(replies.map(({ json }) => json.id)).toEqual([id, id, id]);
  });
});

describe('header ≠ _meta, Mcp-Method/Mcp-Name missing or different', () => {
  const CASES: readonly (readonly [string, ModernOptions['headers']])[] = [
    ['no version', { 'MCP-Protocol-Version': undefined }],
    ['another version', { 'MCP-Protocol-Version': '2025-11-25' }],
    ['an unknown version', { 'MCP-Protocol-Version': '2099-01-01' }],
    ['no method', { 'Mcp-Method': undefined }],
    ['another method', { 'Mcp-Method': 'tools/list' }],
    ['the method in other letters', { 'Mcp-Method': 'Tools/Call' }],
    ['the method encoded', { 'Mcp-Method': base64('tools/call') }],
    ['an empty method', { 'Mcp-Method': '' }],
    ['no name', { 'Mcp-Name': undefined }],
    ['another name', { 'Mcp-Name': 'echo' }],
    ['the name in other letters', { 'Mcp-Name': 'Route' }],
    ['a bad base64 sentinel', { 'Mcp-Name': '=?base64?cm91dGU?=' }],
    ['a sentinel of no base64', { 'Mcp-Name': '=?base64?!!!!?=' }],
    ['a sentinel of no UTF-8', { 'Mcp-Name': '=?base64?//79?=' }],
    ['a sentinel of another name', { 'Mcp-Name': base64('echo') }],
    ['a sentinel in capitals', { 'Mcp-Name': base64('route').replace('base64', 'BASE64') }],
    ['letters that a header cannot have', { 'Mcp-Name': 'r\u00f6ute' }],
    ['an argument that is not mirrored', { 'Mcp-Param-Region': undefined }],
    ['an argument mirrored wrong', { 'Mcp-Param-Region': 'us' }],
    ['a number mirrored wrong', { 'Mcp-Param-Limit': '43' }],
    ['a number that is none', { 'Mcp-Param-Limit': '0x2a' }],
    ['a truth mirrored wrong', { 'Mcp-Param-Dry': 'false' }],
    ['a truth in capitals', { 'Mcp-Param-Dry': 'True' }],
    ['a deep argument mirrored wrong', { 'Mcp-Param-Deep-Er': 'shallow' }],
    ['an argument badly encoded', { 'Mcp-Param-Region': '=?base64?x?=' }],
  ];
  const MIRRORED = {
    'Mcp-Param-Region': 'eu',
    'Mcp-Param-Limit': '42',
    'Mcp-Param-Dry': 'true',
    'Mcp-Param-Deep-Er': 'down',
  };
  const ARGUMENTS = { region: 'eu', limit: 42, dry: true, deep: { er: 'down' }, free: 'x' };

  it.each(CASES)('is 400 -32020, and the tool is not run: %s', async (_what, headers) => {
    const { tool, calls } = routed();
    const { url } = await start({ tools: [tool] });
    const params = { name: 'route', arguments: ARGUMENTS };
    const { status, json } = await callModern(url, 'tools/call', params, {
      id: 'mine',
      headers: { ...MIRRORED, ...headers },
    });
    expect({ status, id: json.id, code: json.error.code }).toEqual({ status: 400, id: 'mine', code: -32020 });
    expect(calls()).toBe(0);
  });

  it('is 400 -32020 for a mirrored header without its argument', async () => {
    const { tool, calls } = routed();
    const { url } = await start({ tools: [tool] });
    for (const args of [{}, { region: null }]) {
      const { json } = await callModern(
        url,
        'tools/call',
        { name: 'route', arguments: args },
        { headers: { 'Mcp-Param-Region': 'eu' } },
      );
      expect(json.error.code).toBe(-32020);
    }
    expect(calls()).toBe(0);
  });

  it.each([
    ['as they are', {}],
    ['encoded', { 'Mcp-Name': base64('route'), 'Mcp-Param-Region': base64('eu') }],
    ['a number as another number says it', { 'Mcp-Param-Limit': '42.0' }],
    ['names in other letters', { 'mcp-param-region': 'eu', 'Mcp-Param-Region': undefined }],
    ['headers nobody knows', { 'Mcp-Param-Free': 'y', 'Mcp-Param-Other': '=?base64?!?=' }],
  ])('runs the tool when they agree: %s', async (_what, headers) => {
    const { tool, calls } = routed();
    const { url } = await start({ tools: [tool] });
    const params = { name: 'route', arguments: ARGUMENTS };
    const { status, json } = await callModern(url, 'tools/call', params, { headers: { ...MIRRORED, ...headers } });
    expect({ status, content: json.result?.content }).toEqual({ status: 200, content: [text('gone')] });
    expect(calls()).toBe(1);
  });

  it('compares what a header cannot say after decoding it', async () => {
    const { tool } = routed();
    const { url } = await start({ tools: [tool] });
    for (const region of ['Hello, 世界', ' padded ', 'line1\nline2', '=?base64?literal?=', '']) {
      const params = { name: 'route', arguments: { region } };
      const { json } = await callModern(url, 'tools/call', params, { headers: { 'Mcp-Param-Region': base64(region) } });
      expect(json.result?.content).toEqual([text('gone')]);
    }
  });

  it('goes for prompts and resources too', async () => {
    const { url } = await start();
    for (const [method, params] of [
      ['prompts/get', { name: 'x' }],
      ['resources/read', { uri: 'test://x' }],
    ] as const) {
      const { status, json } = await callModern(url, method, params, { headers: { 'Mcp-Name': 'other' } });
      expect({ status, code: json.error.code }).toEqual({ status: 400, code: -32020 });
    }
  });

  it('is told before whether the version is served: the header names one we know', async () => {
    const { url } = await start();
    const { body, headers } = modern('tools/list');
    body.params._meta[`${KEY}protocolVersion`] = 'v999.0.0';
    expect((await call(`${url}/mcp`, { body, headers })).json.error.code).toBe(-32020);
  });
});

describe('version unknown', () => {
  it.each(['v999.0.0', '2025-11-25', '2026-07-29', ''])(
    'is 400 -32022 with supported and requested: "%s"',
    async (version) => {
      const { url } = await start();
      const { body, headers } = modern('tools/list', {}, { id: 'v' });
      body.params._meta[`${KEY}protocolVersion`] = version;
      const { status, json } = await call(`${url}/mcp`, {
        body,
        headers: { ...headers, 'MCP-Protocol-Version': version },
      });
      expect({ status, json }).toEqual({
        status: 400,
        json: {
          jsonrpc: '2.0',
          id: 'v',
          error: { code: -32022, message: expect.any(String), data: { supported: REVISIONS, requested: version } },
        },
      });
      const discovered = await callModern(url, 'server/discover');
      expect(discovered.json.result.supportedVersions).toEqual(json.error.data.supported);
    },
  );
});

describe('capability needed but not declared', () => {
  const asks = (name: string, ask: (context: Context) => Promise<unknown>) =>
    defineTool({ name, description: 'Asks.', run: async (_args, context) => JSON.stringify(await ask(context)) });
  const tools = [
    asks('form', (context) => context.elicit({ message: '?', schema: z.object({ a: z.string() }) })),
    asks('page', (context) => context.elicit({ message: '?', url: 'https://example.com' })),
    asks('model', (context) => context.sample({ messages: [], maxTokens: 1 })),
    asks('model_tools', (context) => context.sample({ messages: [], maxTokens: 1, tools: [] })),
    asks('folders', (context) => context.listRoots()),
  ];

  it.each([
    ['page', {}, { elicitation: { url: {} } }],
    ['page', { elicitation: {} }, { elicitation: { url: {} } }],
    ['page', { elicitation: { form: {} } }, { elicitation: { url: {} } }],
    ['model', {}, { sampling: {} }],
    ['model', { sampling: null }, { sampling: {} }],
    ['model_tools', { sampling: {} }, { sampling: { tools: {} } }],
    ['folders', {}, { roots: {} }],
    ['form', { elicitation: { url: {} } }, { elicitation: expect.any(Object) }],
    ['form', {}, { elicitation: expect.any(Object) }],
  ])('is 400 -32021 with requiredCapabilities: %s, %j', async (name, capabilities, required) => {
    const { url } = await start({ tools });
    const { status, json } = await callModern(url, 'tools/call', { name }, { capabilities });
    expect({ status, code: json.error?.code, data: json.error?.data }).toEqual({
      status: 400,
      code: -32021,
      data: { requiredCapabilities: required },
    });
  });

  it('is 400 where answers are streams, too', async () => {
    const { url } = await start({ tools, responseMode: 'sse' });
    const { status, json } = await callModern(url, 'tools/call', { name: 'form' });
    expect({ status, code: json.error?.code }).toEqual({ status: 400, code: -32021 });
  });
});

describe('unknown method', () => {
  it.each([
    'nobody/knows',
    'ping',
    'initialize',
    'logging/setLevel',
    'resources/subscribe',
    'resources/unsubscribe',
    'sampling/createMessage',
    'constructor',
    '',
  ])('is 404 -32601: "%s"', async (method) => {
    const { url, mcp } = await start();
    const { status, json, header } = await callModern(url, method, { protocolVersion: '2025-11-25' }, { id: 'u' });
    expect({ status, json }).toEqual({
      status: 404,
      json: { jsonrpc: '2.0', id: 'u', error: { code: -32601, message: 'Method not found' } },
    });
    expect(header('mcp-session-id')).toBeUndefined();
    expect(mcp.sessions.size).toBe(0);
  });

  it('is 404 -32601 where answers are streams, too', async () => {
    const { url } = await start({ responseMode: 'sse' });
    const { status, json } = await callModern(url, 'ping', {}, { id: 0 });
    expect({ status, json }).toMatchObject({ status: 404, json: { id: 0, error: { code: -32601 } } });
    expect((await callModern(url, 'tools/list')).header('content-type')).toContain('text/event-stream');
  });
});

describe('server/discover, lists, reads', () => {
  const resource = defineResource({ uri: 'test://a', name: 'a', read: () => 'A' });
  const prompt = definePrompt({ name: 'p', get: () => 'P' });

  it.each([
    ['server/discover', {}],
    ['tools/list', {}],
    ['resources/list', {}],
    ['resources/templates/list', {}],
    ['resources/read', { uri: 'test://a' }],
    ['prompts/list', {}],
  ])('carry ttlMs and cacheScope: %s', async (method, params) => {
    const { url } = await start({ resources: [resource] });
    const { json } = await callModern(url, method, params);
    expect(json.result.ttlMs).toBeGreaterThanOrEqual(0);
    expect(['public', 'private']).toContain(json.result.cacheScope);
  });

  it.each([
    ['server/discover', {}],
    ['tools/list', {}],
    ['tools/call', { name: 'echo', arguments: { message: 'x' } }],
    ['tools/call', { name: 'echo', arguments: {} }],
    ['resources/list', {}],
    ['resources/templates/list', {}],
    ['resources/read', { uri: 'test://a' }],
    ['prompts/list', {}],
    ['prompts/get', { name: 'p' }],
    ['completion/complete', { ref: { type: 'ref/prompt', name: 'p' }, argument: { name: 'x', value: '' } }],
  ])('carry resultType and serverInfo, as every result: %s', async (method, params) => {
    const { url } = await start({ resources: [resource], prompts: [prompt] });
    const { status, json } = await callModern(url, method, params);
    expect(status).toBe(200);
    expect(json.result.resultType).toBe('complete');
    expect(json.result._meta[`${KEY}serverInfo`]).toMatchObject({ name: 'dualgauge', version: '0.0.0-test' });
  });

  it('say nothing of it to a client of an older revision', async () => {
    const { url } = await start({ resources: [resource] });
    const { post } = await openSession(url);
    for (const request of [rpc('tools/list'), rpc('resources/read', { uri: 'test://a' }), rpc('tools/call', add[1])]) {
      const { json } = await post(request);
      expect(Object.keys(json.result)).not.toEqual(
        expect.arrayContaining([expect.stringMatching(/resultType|ttlMs|cacheScope/)]),
      );
    }
  });

  it('name the versions and what the server can do', async () => {
    const { url } = await start({ instructions: 'Be kind.' });
    const { json } = await callModern(url, 'server/discover');
    expect(json.result).toMatchObject({
      supportedVersions: REVISIONS,
      instructions: 'Be kind.',
      capabilities: { tools: {}, logging: {} },
    });
  });

  it('answer a resource nobody has with -32602', async () => {
    const { url } = await start();
    expect((await callModern(url, 'resources/read', { uri: 'test://nowhere' })).json.error).toMatchObject({
      code: -32602,
    });
    expect(
      (await call(`${url}/mcp`, { body: rpc('resources/read', { uri: 'test://nowhere' }) })).json.error,
    ).toMatchObject({ code: -32002 });
  });
});

describe('tool wants input', () => {
  const capabilities = { elicitation: { form: {} } };
  const params = { name: 'greet', arguments: { greeting: 'Hi' } };
  const accept = { action: 'accept', content: { name: 'Alice' } };

  /** The first round: what it asked, and its state. */
  async function firstRound(url: string) {
    const { json } = await callModern(url, 'tools/call', params, { capabilities });
    expect(json.result.resultType).toBe('input_required');
    const [key = ''] = Object.keys(json.result.inputRequests);
    return {
      key,
      requestState: json.result.requestState as string,
      inputRequests: json.result.inputRequests as JsonObject,
    };
  }

  it('is input_required with inputRequests and a requestState, and goes on with the answers', async () => {
    const { url } = await start({ tools: [asksName] });
    const { key, requestState, inputRequests } = await firstRound(url);
    expect(inputRequests[key]).toMatchObject({ method: 'elicitation/create', params: { message: 'Who?' } });
    const { json } = await callModern(
      url,
      'tools/call',
      { ...params, requestState, inputResponses: { [key]: accept } },
      { id: 2, capabilities },
    );
    expect(json.result).toMatchObject({ resultType: 'complete', content: [text('Hi, Alice!')] });
  });

  it('refuses a bad state where answers are streams, too, and begins none', async () => {
    const { url } = await start({ tools: [asksName], responseMode: 'sse' });
    const { status, json } = await callModern(url, 'tools/call', { ...params, requestState: 'bad' }, { capabilities });
    expect({ status, code: json.error?.code }).toEqual({ status: 400, code: -32602 });
    // By the time of this answer a stream would have begun.
    expect((await call(`${url}/metrics`)).text).not.toMatch(/^dualgauge_streams_opened_total\{.*[1-9]$/m);
  });

  it('seals the state: nothing of it can be read', async () => {
    const { url } = await start({ tools: [asksName] });
    const { requestState } = await firstRound(url);
    const bytes = Buffer.from(requestState, 'base64url').toString('latin1');
    for (const word of ['greet', 'anonymous', 'principal', 'expires', 'elicit']) {
      expect(requestState).not.toContain(word);
      expect(bytes).not.toContain(word);
    }
  });

  it.each<[string, (state: string) => unknown]>([
    ['its first letter changed', (state) => (state.startsWith('A') ? 'B' : 'A') + state.slice(1)],
    ['its last letter changed', (state) => state.slice(0, -1) + (state.endsWith('A') ? 'B' : 'A')],
    ['cut', (state) => state.slice(0, -4)],
    ['something behind it', (state) => `${state}AAAA`],
    ['padding', (state) => `${state}==`],
    ['empty', () => ''],
    ['made up', () => Buffer.from(JSON.stringify({ answers: {} })).toString('base64url')],
    ['a number', () => 7],
    ['null', () => null],
  ])('refuses a state that was touched: %s', async (_what, touch) => {
    const { url } = await start({ tools: [asksName] });
    const { key, requestState } = await firstRound(url);
    const more = { requestState: touch(requestState), inputResponses: { [key]: accept } };
    const { status, json } = await callModern(url, 'tools/call', { ...params, ...more }, { capabilities });
    expect({ status, code: json.error?.code }).toEqual({ status: 400, code: -32602 });
  });

  it('refuses a state with other parameters, another tool, another method', async () => {
    const { url } = await start({
      tools: [asksName, { ...asksName, name: 'greet2' }],
      prompts: [definePrompt({ name: 'greet', get: () => 'P' })],
    });
    const { key, requestState } = await firstRound(url);
    const more = { requestState, inputResponses: { [key]: accept } };
    for (const [method, other] of [
      ['tools/call', { ...params, arguments: { greeting: 'Bye' } }],
      ['tools/call', { ...params, arguments: {} }],
      ['tools/call', { ...params, name: 'greet2' }],
      ['prompts/get', params],
    ] as const) {
      const { status, json } = await callModern(url, method, { ...other, ...more }, { capabilities });
      expect({ status, code: json.error?.code }).toEqual({ status: 400, code: -32602 });
    }
    // The order of the members is no other parameter.
    const { name, arguments: args } = params;
    expect(
      (await callModern(url, 'tools/call', { arguments: args, ...more, name }, { capabilities })).json.result.content,
    ).toEqual([text('Hi, Alice!')]);
  });

  it('refuses a state that has expired', async () => {
    const { url } = await start({ tools: [asksName], stateTtlMs: 1 });
    const { key, requestState } = await firstRound(url);
    await until('it has expired', async () => {
      const { json } = await callModern(
        url,
        'tools/call',
        { ...params, requestState, inputResponses: { [key]: accept } },
        { capabilities },
      );
      return json.error?.code === -32602 && String(json.error.message).includes('expired');
    });
  });

  it('refuses the state of another server, unless they share STATE_SECRET', async () => {
    const secret = { tools: [asksName], stateSecret: 'x'.repeat(32) };
    const servers = [await start(secret), await start(secret), await start({ tools: [asksName] })];
    const [first, second, stranger] = servers.map(({ url }) => url) as [string, string, string];
    const { key, requestState } = await firstRound(first);
    const retry = { ...params, requestState, inputResponses: { [key]: accept } };
    expect((await callModern(second, 'tools/call', retry, { capabilities })).json.result.content).toEqual([
      text('Hi, Alice!'),
    ]);
    expect((await callModern(stranger, 'tools/call', retry, { capabilities })).json.error.code).toBe(-32602);
  });

  it('asks again when the answer cannot be used or is not there', async () => {
    const { url } = await start({ tools: [asksName] });
    const { key, requestState } = await firstRound(url);
    for (const inputResponses of [
      {},
      { other: accept },
      { [key]: { action: 'accept', content: { name: 7 } } },
      { [key]: 'nonsense' },
      { [key]: null },
    ]) {
      const { json } = await callModern(
        url,
        'tools/call',
        { ...params, requestState, inputResponses },
        { capabilities },
      );
      expect(json.result?.resultType).toBe('input_required');
    }
  });

  it('takes no for an answer', async () => {
    const { url } = await start({ tools: [asksName] });
    for (const action of ['decline', 'cancel']) {
      const rounds = await callRounds(url, 'tools/call', params, () => ({ action }), { capabilities });
      expect(rounds.at(-1)).toMatchObject({ content: [text('Goodbye.')] });
    }
  });
});

describe('subscriptions/listen', () => {
  const all = {
    toolsListChanged: true,
    promptsListChanged: true,
    resourcesListChanged: true,
    resourceSubscriptions: ['test://a'],
  };
  const resource = defineResource({ uri: 'test://a', name: 'a', read: () => 'A' });

  it('is acknowledged first, and then carries only what was asked for, each tagged', async () => {
    const { url, mcp } = await start({ resources: [resource] });
    const reader = await streamModern(
      url,
      'subscriptions/listen',
      { notifications: { toolsListChanged: true } },
      { id: 'sub' },
    );
    const tag = { [`${KEY}subscriptionId`]: 'sub' };
    expect(await reader.nextMessage()).toEqual({
      jsonrpc: '2.0',
      method: 'notifications/subscriptions/acknowledged',
      params: { _meta: tag, notifications: { toolsListChanged: true } },
    });
    mcp.prompts.add(definePrompt({ name: 'p', get: () => 'P' }));
    mcp.resources.updated('test://a');
    mcp.tools.remove('echo');
    expect(await reader.nextMessage()).toEqual({
      jsonrpc: '2.0',
      method: 'notifications/tools/list_changed',
      params: { _meta: tag },
    });
    expect(messagesOf(reader, MODERN)).toHaveLength(2);
    reader.close();
  });

  it('carries all of it, when all is asked for', async () => {
    const { url, mcp } = await start({ resources: [resource] });
    const reader = await streamModern(url, 'subscriptions/listen', { notifications: all }, { id: 0 });
    expect((await reader.nextMessage()).params).toEqual({ _meta: { [`${KEY}subscriptionId`]: 0 }, notifications: all });
    mcp.prompts.add(definePrompt({ name: 'p', get: () => 'P' }));
    mcp.resources.add(defineResource({ uri: 'test://b', name: 'b', read: () => 'B' }));
    mcp.resources.updated('test://a');
    mcp.resources.updated('test://b');
    mcp.tools.remove('echo');
    const methods: unknown[] = [];
    for (let index = 0; index < 4; index += 1) {
      const message = await reader.nextMessage();
      expect(message.params._meta).toEqual({ [`${KEY}subscriptionId`]: 0 });
      methods.push(message.method);
    }
    expect(methods.sort()).toEqual([
      'notifications/prompts/list_changed',
      'notifications/resources/list_changed',
      'notifications/resources/updated',
      'notifications/tools/list_changed',
    ]);
    reader.close();
  });

  it('ends with a result when the server goes', async () => {
    const { url, close } = await start();
    const reader = await streamModern(
      url,
      'subscriptions/listen',
      { notifications: { toolsListChanged: true } },
      { id: 'sub' },
    );
    await reader.nextMessage();
    const closing = close();
    expect(await reader.nextMessage()).toMatchObject({
      id: 'sub',
      result: { resultType: 'complete', _meta: { [`${KEY}subscriptionId`]: 'sub' } },
    });
    await reader.waitForEnd();
    await closing;
  });

  it('is a stream at once, kept alive, without event ids', async () => {
    const { url } = await start({ keepAliveMs: 100 });
    const reader = await streamModern(url, 'subscriptions/listen', { notifications: {} });
    await reader.nextMessage();
    await reader.next(({ comment }) => comment !== undefined);
    expect(reader.raw).not.toMatch(/^(id|retry):/m);
    reader.close();
  });

  it('is a stream where calls are answered with JSON, and 406 for who reads no stream', async () => {
    const { url } = await start({ responseMode: 'json' });
    const reader = await streamModern(url, 'subscriptions/listen', { notifications: {} });
    expect((await reader.nextMessage()).method).toBe('notifications/subscriptions/acknowledged');
    reader.close();
    const headers = { Accept: 'application/json' };
    const { status, json } = await callModern(url, 'subscriptions/listen', { notifications: {} }, { id: 'a', headers });
    expect({ status, json }).toMatchObject({ status: 406, json: { id: 'a', error: { code: -32000 } } });
  });

  it.each([undefined, null, [], 'all'])('is -32602 for a filter that is none: %j', async (notifications) => {
    const { url } = await start();
    const { json } = await callModern(url, 'subscriptions/listen', { notifications });
    expect(json.error.code).toBe(-32602);
  });

  it('lets go of everything when its client leaves', async () => {
    const { url, mcp } = await start();
    const reader = await streamModern(url, 'subscriptions/listen', { notifications: all });
    await reader.nextMessage();
    reader.close();
    await until('the call has ended', () => mcp.calls.size === 0 && mcp.streams.size === 0);
  });
});

describe('client closes the stream', () => {
  it('cancels the call', async () => {
    const waiting = waitingTool();
    const { url, mcp } = await start({ streamAfterMs: 10, tools: [waiting.tool] });
    const reader = await streamModern(url, 'tools/call', { name: 'wait' });
    reader.close();
    await waiting.aborted();
    await until('the call is gone', () => mcp.calls.size === 0 && mcp.streams.size === 0);
  });

  it('cancels a call that would have been answered as JSON, too', async () => {
    const waiting = waitingTool();
    const { url } = await start({ tools: [waiting.tool] });
    const gone = new AbortController();
    const { body, headers } = modern('tools/call', { name: 'wait' });
    const call = fetch(`${url}/mcp`, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/json',
        Accept: 'application/json',
        ...(headers as Record<string, string>),
      },
      body: JSON.stringify(body),
      signal: gone.signal,
    });
    await waiting.started();
    gone.abort();
    await expect(call).rejects.toThrow();
    await waiting.aborted();
  });
});

describe('GET, DELETE with the modern version header', () => {
  it.each([
    ['GET', '/mcp'],
    ['DELETE', '/mcp'],
    ['GET', '/mcp/'],
  ])('are 405 Allow: POST: %s %s', async (method, path) => {
    const { url } = await start();
    const { headers } = await openSession(url);
    for (const more of [{}, headers, { Accept: 'text/event-stream' }]) {
      const reply = await call(url + path, { method, headers: { 'MCP-Protocol-Version': MODERN, ...more } });
      expect({ status: reply.status, allow: reply.header('allow') }).toEqual({ status: 405, allow: 'POST' });
    }
  });
});

describe('Mcp-Session-Id, Last-Event-ID', () => {
  it('are ignored, not echoed', async () => {
    const { url, mcp } = await start({ sessions: 'required' });
    const session = await openSession(url);
    for (const id of [session.id, 'nobody', '']) {
      const headers = { 'Mcp-Session-Id': id, 'Last-Event-ID': `${session.id}.m.1` };
      const reply = await callModern(url, 'tools/call', { name: 'server_status' }, { headers });
      expect({ status: reply.status, session: reply.json.result.structuredContent.session }).toEqual({
        status: 200,
        session: false,
      });
      expect(reply.header('mcp-session-id')).toBeUndefined();
    }
    expect(mcp.sessions.size).toBe(1);
  });

  it('have no part in streams: there are no ids, no priming, no retry', async () => {
    const { url } = await start();
    const meta = { progressToken: 'n' };
    const reply = await callModern(
      url,
      'tools/call',
      { name: 'countdown', arguments: { from: 2, intervalMs: 1 } },
      { meta },
    );
    expect(reply.messages.map(({ method }) => method)).toEqual([
      'notifications/progress',
      'notifications/progress',
      undefined,
    ]);
    expect(reply.events.every((event) => isMessage(event) && event.id === undefined && event.retry === undefined)).toBe(
      true,
    );
  });
});

describe('log level', () => {
  const talk = defineTool({
    name: 'talk',
    description: 'Talks.',
    async run(_args, context) {
      await context.log('debug', 'quiet');
      await context.log('error', 'loud');
      return 'said';
    },
  });

  it.each([
    [undefined, []],
    ['debug', ['quiet', 'loud']],
    ['error', ['loud']],
    ['emergency', []],
  ])('is that of the request: %s', async (logLevel, heard) => {
    const { url } = await start({ tools: [talk] });
    const { messages } = await callModern(
      url,
      'tools/call',
      { name: 'talk' },
      { ...(logLevel !== undefined && { logLevel }) },
    );
    const said = messages.filter(({ method }) => method === 'notifications/message').map(({ params }) => params.data);
    expect(said).toEqual(heard);
  });
});

describe('W3C trace context', () => {
  it('reaches the tool through _meta', async () => {
    const seen: unknown[] = [];
    const tool = defineTool({
      name: 'trace',
      description: 'Sees.',
      run(_args, { meta }) {
        seen.push(meta.traceparent, meta.tracestate, meta.baggage);
        return 'seen';
      },
    });
    const { url } = await start({ tools: [tool] });
    const meta = {
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      tracestate: 'a=b',
      baggage: 'c=d',
    };
    await callModern(url, 'tools/call', { name: 'trace' }, { meta });
    expect(seen).toEqual([meta.traceparent, meta.tracestate, meta.baggage]);
  });
});

describe('a notification', () => {
  it.each(['notifications/cancelled', 'notifications/initialized', 'nobody/knows'])(
    'is 202 and empty, and does nothing: %s',
    async (method) => {
      const waiting = waitingTool();
      const { url } = await start({ tools: [waiting.tool] });
      const inFlight = callModern(url, 'tools/call', { name: 'wait' }, { id: 1 });
      await waiting.started();
      const { body, headers } = modern(method, { requestId: 1 });
      delete body.id;
      const { status, text } = await call(`${url}/mcp`, { body, headers });
      expect({ status, text }).toEqual({ status: 202, text: '' });
      waiting.finish();
      expect((await inFlight).messages.at(-1)).toMatchObject({ result: { content: [{ text: 'waited' }] } });
    },
  );
});

describe('an answer', () => {
  it('comes as JSON or as a stream, as with a session', async () => {
    const { url } = await start();
    const typeFor = async (accept: string) =>
      (await callModern(url, ...add, { headers: { Accept: accept } })).header('content-type');
    expect(await typeFor('application/json, text/event-stream')).toBe('application/json');
    expect(await typeFor('application/json')).toBe('application/json');
    expect(await typeFor('text/event-stream')).toBe('text/event-stream; charset=utf-8');
    expect((await callModern(url, ...add, { headers: { Accept: 'text/html' } })).status).toBe(406);
  });

  it('belongs to its own request, whatever ids the others have', async () => {
    const { url } = await start();
    const sums = await Promise.all(
      Array.from({ length: 10 }, async (_, number) => {
        const params = { name: 'add', arguments: { a: number, b: 100 } };
        return (await callModern(url, 'tools/call', params, { id: 1 })).json.result.structuredContent.sum as number;
      }),
    );
    expect(sums).toEqual(Array.from({ length: 10 }, (_, number) => number + 100));
  });
});

// Every client we could lay hands on, against the whole server. What a client sees is the client's own account: its errors, its types.
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { z } from 'zod';
import { definePrompt, defineResource, defineTool } from '../../server/index.js';
import { allClients } from '../support/clients/all-clients.js';
import type {
  Answers,
  ClientDriver,
  ConnectOptions,
  Progress,
  TestClient,
  ToolResult,
} from '../support/clients/test-client.js';
import { within } from '../support/clients/within.js';
import { startServer, type TestServer } from '../support/server.js';

const interview = defineTool({
  name: 'interview',
  description: 'Asks the client something and tells what it said.',
  input: z.object({ about: z.enum(['sampling', 'elicitation', 'roots']) }),
  async run({ about }, context) {
    if (about === 'roots') return JSON.stringify(await context.listRoots());
    const text = 'What is your name?';
    if (about === 'elicitation') {
      return JSON.stringify(await context.elicit({ message: text, schema: z.object({ name: z.string() }) }));
    }
    const messages = [{ role: 'user' as const, content: { type: 'text' as const, text } }];
    return JSON.stringify(await context.sample({ messages, maxTokens: 10 }));
  },
});

const readme = defineResource({ name: 'readme', uri: 'file:///readme', read: () => 'Read me.' });

const greeting = definePrompt({
  name: 'greeting',
  arguments: z.object({ name: z.string() }),
  get: ({ name }) => `Hello, ${name}!`,
});

const OPTIONS = {
  tools: [interview],
  resources: [readme],
  prompts: [greeting],
  // A legacy session whose stream is gone waits this long for its client to come back.
  legacyResumeMs: 20,
};

type Settings = Parameters<typeof startServer>[0];

const ANSWERS: Required<Answers> = {
  sampling: () => ({ model: 'm', role: 'assistant', content: { type: 'text', text: 'Ada' } }),
  elicitation: () => ({ action: 'accept', content: { name: 'Ada' } }),
  roots: () => ({ roots: [{ uri: 'file:///home/Ada', name: 'home' }] }),
};

describe.each(named(allClients))('%s', (_name, driver) => {
  const { client, server } = connectedWith(driver, (url) => url);

  it('learns whom it talks to, and in which revision', () => {
    expect(client().server.name).toBe('dualgauge');
    if (driver.supports.has('version')) expect(client().server.protocolVersion).toBe(driver.speaks);
  });

  it('lists the tools, server_status first', async () => {
    const tools = await client().listTools();
    expect(tools[0]?.name).toBe('server_status');
    expect(tools.map(({ name }) => name)).toEqual(expect.arrayContaining(['echo', 'add', 'countdown']));
  });

  it('calls a tool that answers text', async () => {
    expect(textOf(await client().callTool('echo', { message: 'ça va? 🦊\n' }))).toContain('ça va? 🦊\n');
  });

  it('calls a tool that answers with structure', async () => {
    expect(sumOf(await client().callTool('add', { a: 2, b: 40 }))).toBe(42);
  });

  it('gets a megabyte whole', async () => {
    const result = await client().callTool('large_result', { bytes: 2 ** 20 });
    expect(textOf(result).length).toBeGreaterThanOrEqual(2 ** 20);
  });

  if (driver.supports.has('progress')) {
    it('hears every step of a call, the last one included', async () => {
      const heard = await countDown(client());
      expect(heard).toEqual([1, 2, 3, 4, 5]);
    });

    it('hears of no other call', async () => {
      const all = await Promise.all([countDown(client()), countDown(client()), countDown(client())]);
      expect(all).toEqual(Array(3).fill([1, 2, 3, 4, 5]));
    });
  }

  it('gets the right answer to each of twenty calls at once', async () => {
    const numbers = Array.from({ length: 20 }, (_, number) => number);
    const sums = numbers.map(async (number) => sumOf(await client().callTool('add', { a: number, b: 1000 })));
    expect(await Promise.all(sums)).toEqual(numbers.map((number) => number + 1000));
  });

  it('is told by the result which argument was bad', async () => {
    const result = await client().callTool('add', { a: 1, b: 'two' });
    expect(result.isError).toBe(true);
    expect(textOf(result)).toMatch(/\bb\b/);
  });

  it('gets an error for a tool nobody knows, and goes on', async () => {
    await expect(client().callTool('clok')).rejects.toMatchObject({ code: -32602 });
    expect(sumOf(await client().callTool('add', { a: 1, b: 1 }))).toBe(2);
  });

  if (driver.supports.has('cancel')) {
    it('cancels a call, and goes on', async () => {
      const abort = new AbortController();
      const onProgress = () => abort.abort(new Error('not needed any more'));
      const call = client().callTool('countdown', { from: 1000, intervalMs: 10 }, { onProgress, signal: abort.signal });
      await expect(call).rejects.toThrow();
      expect(sumOf(await client().callTool('add', { a: 1, b: 1 }))).toBe(2);
    });
  }

  it('reads a resource', async () => {
    expect(await client().listResources()).toMatchObject([{ uri: 'file:///readme', name: 'readme' }]);
    expect(await client().readResource('file:///readme')).toMatchObject({ contents: [{ text: 'Read me.' }] });
  });

  it('gets a prompt', async () => {
    expect(await client().listPrompts()).toMatchObject([{ name: 'greeting', arguments: [{ name: 'name' }] }]);
    const { messages } = await client().getPrompt('greeting', { name: 'Ada' });
    expect(messages).toEqual([{ role: 'user', content: { type: 'text', text: 'Hello, Ada!' } }]);
  });

  if (driver.supports.has('logging')) {
    it('hears the log of a call', async () => {
      await client().setLogLevel?.('info');
      await client().callTool('countdown', { from: 1, intervalMs: 0 });
      const { params } = await client().notifications.next(({ method }) => method === 'notifications/message');
      expect(params).toMatchObject({ level: 'info', logger: 'countdown', data: '0 to go' });
    });
  }

  if (driver.supports.has('notifications')) {
    it('hears that the tools have changed', async () => {
      const subscription = await client().listen?.({ toolsListChanged: true });
      await waitForHealth(server(), ({ streams }) => streams > 0, 'a stream for what the server says unasked');
      server().mcp.tools.remove('interview');
      await client().notifications.next(({ method }) => method === 'notifications/tools/list_changed');
      await subscription?.close();
    });
  }

  it('leaves without a complaint and without a trace', async () => {
    await client().callTool('echo', { message: 'bye' });
    expect(client().errors).toEqual([]);
    expect(server().mcp.sessions.size).toBe(driver.speaks === '2026-07-28' ? 0 : 1);
    await client().close();
    await waitUntilEmpty(server());
  });
});

describe.each(named(allClients))('%s at a path with a trailing slash', (_name, driver) => {
  const { client } = connectedWith(driver, (url) => `${url}/${driver.door === 'legacy' ? 'sse' : 'mcp'}/`);

  it('is served alike', async () => {
    expect(sumOf(await client().callTool('add', { a: 1, b: 1 }))).toBe(2);
  });
});

// A GET that says MCP-Protocol-Version is no legacy client to us, and @ai-sdk/mcp says it even over sse.
const isTakenForModern = (driver: ClientDriver) => driver.name === '@ai-sdk/mcp over sse';

describe.each(named(allClients.filter((driver) => !isTakenForModern(driver))))(
  '%s at the other door',
  (_name, driver) => {
    const { client, server } = connectedWith(driver, (url) => toOtherDoor(url, driver));

    it('works whole', async () => {
      expect((await client().listTools())[0]?.name).toBe('server_status');
      expect(sumOf(await client().callTool('add', { a: 2, b: 40 }))).toBe(42);
      if (driver.supports.has('progress')) expect(await countDown(client())).toEqual([1, 2, 3, 4, 5]);
      expect(client().errors).toEqual([]);
      await client().close();
      await waitUntilEmpty(server());
    });
  },
);

describe.each(named(allClients.filter(isTakenForModern)))('%s at the other door', (_name, driver) => {
  it('is told at once that this is the wrong one', async () => {
    const server = await startServer(OPTIONS);
    try {
      await expect(driver.connect(toOtherDoor(server.url, driver))).rejects.toThrow('405');
    } finally {
      await server.close();
    }
  });
});

const questions = allClients.flatMap((driver) =>
  (['sampling', 'elicitation', 'roots'] as const)
    .filter((question) => driver.supports.has(question))
    .map((question) => [driver.name, question, driver] as const),
);

describe.each(questions)('%s', (_name, about, driver) => {
  const { client } = connectedWith(driver, (url) => url, { answers: { [about]: ANSWERS[about] } });

  it(`answers the server on ${about}, in the middle of a call`, async () => {
    const result = await client().callTool('interview', { about });
    expect(textOf(result)).toContain('Ada');
    expect(client().errors).toEqual([]);
  });
});

// These take the end of a primed stream without a result for a cut one, and come back for the rest until there is no stream to have.
const comesBack = ({ door, speaks, supports, name }: ClientDriver) =>
  door === 'mcp' && speaks === '2025-11-25' && supports.has('cancel') && !name.startsWith('raw');

describe.each(named(allClients.filter(comesBack)))('%s, told to come back soon', (_name, driver) => {
  const { client } = connectedWith(driver, (url) => url, {}, { retryMs: 1 });

  it('does not come back for ever for a call it cancelled', async () => {
    const fetched = jest.spyOn(globalThis, 'fetch');
    const resumptions = () =>
      fetched.mock.calls.filter(([, init]) => new Headers(init?.headers).has('last-event-id')).length;
    const talkOn = async () => {
      for (let turn = 0; turn < 30; turn += 1) await client().callTool('echo', { message: 'meanwhile' });
    };
    try {
      const abort = new AbortController();
      const onProgress = () => abort.abort(new Error('not needed any more'));
      const call = client().callTool('countdown', { from: 1000, intervalMs: 10 }, { onProgress, signal: abort.signal });
      await expect(call).rejects.toThrow();
      await talkOn();
      const before = resumptions();
      await talkOn();
      expect(resumptions()).toBe(before);
    } finally {
      fetched.mockRestore();
    }
  });
});

/** A fresh server and a fresh client of it for each test. */
function connectedWith(
  driver: ClientDriver,
  toUrl: (url: string) => string,
  options: ConnectOptions = {},
  settings: Settings = {},
) {
  let server: TestServer | undefined;
  let client: TestClient | undefined;

  beforeEach(async () => {
    server = await startServer({ ...OPTIONS, ...settings });
    client = await driver.connect(toUrl(server.url), options);
  });

  afterEach(async () => {
    try {
      await client?.close();
    } finally {
      await server?.close();
      client = undefined;
      server = undefined;
    }
  });

  return { client: () => client!, server: () => server! };
}

async function countDown(client: TestClient): Promise<number[]> {
  const heard: Progress[] = [];
  await client.callTool('countdown', { from: 5, intervalMs: 5 }, { onProgress: (progress) => heard.push(progress) });
  return heard.map(({ progress }) => progress);
}

function toOtherDoor(url: string, { door }: ClientDriver): string {
  return `${url}${door === 'legacy' ? '/mcp' : '/sse'}`;
}

function textOf({ content }: ToolResult): string {
  return content.map(({ text }) => String(text)).join('');
}

/** Old revisions have no structured content; there the text is the same as JSON. */
function sumOf(result: ToolResult): number {
  return Number((result.structuredContent ?? JSON.parse(textOf(result))).sum);
}

function named(drivers: readonly ClientDriver[]) {
  return drivers.map((driver) => [driver.name, driver] as const);
}

function waitUntilEmpty(server: TestServer): Promise<void> {
  const isEmpty = ({ sessions, streams, calls }: Health) => sessions + streams + calls === 0;
  return waitForHealth(server, isEmpty, 'the server to hold no session, stream or call');
}

interface Health {
  readonly sessions: number;
  readonly streams: number;
  readonly calls: number;
}

/** Looks at the server's own account until it says so. */
async function waitForHealth({ url }: TestServer, isReached: (health: Health) => boolean, what: string): Promise<void> {
  let seen = '';
  async function look(): Promise<void> {
    for (;;) {
      seen = await (await fetch(`${url}/health`)).text();
      if (isReached(JSON.parse(seen) as Health)) return;
      await setTimeout(5);
    }
  }
  await within(5000, what, look(), () => `; it says ${seen}`);
}

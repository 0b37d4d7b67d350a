// Every client we could lay hands on, against the whole server. What a client sees is the client's own account: its errors, its types.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { allClients } from '../support/clients/all-clients.js';
import type { ClientDriver, Progress, TestClient, ToolResult } from '../support/clients/test-client.js';
import { startServer } from '../support/server.js';

type Server = Awaited<ReturnType<typeof startServer>>;

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

  it('leaves without a complaint and without a trace', async () => {
    await client().callTool('echo', { message: 'bye' });
    expect(client().errors).toEqual([]);
    await client().close();
    await waitForNoSessions(server());
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

describe.each(named(allClients.filter((driver) => !isTakenForModern(driver))))('%s at the other door', (_name, driver) => {
  const { client, server } = connectedWith(driver, (url) => toOtherDoor(url, driver));

  it('works whole', async () => {
    expect((await client().listTools())[0]?.name).toBe('server_status');
    expect(sumOf(await client().callTool('add', { a: 2, b: 40 }))).toBe(42);
    if (driver.supports.has('progress')) expect(await countDown(client())).toEqual([1, 2, 3, 4, 5]);
    expect(client().errors).toEqual([]);
    await client().close();
    await waitForNoSessions(server());
  });
});

describe.each(named(allClients.filter(isTakenForModern)))('%s at the other door', (_name, driver) => {
  it('is told at once that this is the wrong one', async () => {
    const server = await startServer();
    try {
      await expect(driver.connect(toOtherDoor(server.url, driver))).rejects.toThrow('405');
    } finally {
      await server.close();
    }
  });
});

/** A fresh server and a fresh client of it for each test. */
function connectedWith(driver: ClientDriver, toUrl: (url: string) => string) {
  let server: Server | undefined;
  let client: TestClient | undefined;

  beforeEach(async () => {
    server = await startServer();
    client = await driver.connect(toUrl(server.url));
  });

  afterEach(async () => {
    await client?.close();
    await server?.close();
    client = undefined;
    server = undefined;
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
  return (result.structuredContent ?? JSON.parse(textOf(result))).sum;
}

function named(drivers: readonly ClientDriver[]) {
  return drivers.map((driver) => [driver.name, driver] as const);
}

async function waitForNoSessions(server: Server): Promise<void> {
  // TODO
  await fetch(`${server.url}/health`);
}

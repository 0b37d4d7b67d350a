// Nothing of a later revision goes to a client of an earlier one: every field of the matrix, looked for in each revision and
// over each door. And what each door agrees on.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { definePrompt } from '../../prompts/define-prompt.js';
import { defineResource } from '../../resources/define-resource.js';
import { defineTool } from '../../tools/define-tool.js';
import {
  BEHAVIOURS,
  DOORS,
  FIELDS,
  has,
  isServed,
  REVISIONS,
  type Door,
  type Revision,
} from '../spec/revision-matrix.js';
import { DoorClient } from '../support/both-doors.js';
import type { Json } from '../support/clients/test-client.js';
import { call, rpc } from '../support/http-call.js';
import { openLegacy } from '../support/legacy-pair.js';
import { openSession } from '../support/mcp-session.js';
import { callModern } from '../support/modern-call.js';
import { startServer, type TestServer } from '../support/server.js';

const icons = [{ src: 'https://example.com/icon.png', mimeType: 'image/png', sizes: ['48x48'] }];
const annotations = { audience: ['user' as const], priority: 1, lastModified: '2025-01-12T15:00:58Z' };
const _meta = { 'example.com/key': 'value' };

const PICTURE = 'iVBORw0KGgo=';
const options = {
  title: 'Title',
  description: 'Description',
  websiteUrl: 'https://example.com',
  icons,
  tools: [
    defineTool({
      name: 'rich',
      title: 'Rich',
      description: 'Has all there is.',
      icons,
      _meta,
      annotations: { readOnlyHint: true },
      task: 'manual',
      output: z.object({ n: z.number() }),
      async run(_args, context) {
        await context.progress(1, 1, 'done');
        return {
          structuredContent: { n: 1 },
          content: [
            { type: 'text' as const, text: 'x', annotations, _meta },
            { type: 'audio' as const, data: PICTURE, mimeType: 'audio/wav' },
            { type: 'resource_link' as const, uri: 'test://rich', name: 'rich', title: 'Rich', icons },
            { type: 'resource' as const, resource: { uri: 'test://rich', text: 'x', _meta }, annotations, _meta },
            { type: 'image' as const, data: PICTURE, mimeType: 'image/png', annotations, _meta },
          ],
        };
      },
    }),
    defineTool({ name: 'listing', description: 'Gives a list.', output: z.array(z.number()), run: () => [1, 2] }),
  ],
  resources: [
    defineResource({
      uri: 'test://rich',
      name: 'rich',
      title: 'Rich',
      icons,
      annotations,
      _meta,
      read: () => ({ text: 'x', _meta }),
    }),
  ],
  prompts: [
    definePrompt({
      name: 'rich',
      title: 'Rich',
      icons,
      _meta,
      arguments: [{ name: 'a', title: 'A' }],
      get: () => [
        { role: 'user', content: { type: 'audio', data: PICTURE, mimeType: 'audio/wav', annotations, _meta } },
      ],
    }),
  ],
};

/** All a client of a revision sees at a door. */
interface Seen {
  readonly server: Json;
  readonly tools: Record<string, Json>;
  readonly resource: Json;
  readonly prompt: Json;
  readonly rich: Json;
  readonly listing: Json;
  readonly read: Json;
  readonly progress: Json;
}

/** Where in it each field would be. */
const LOOK: Record<string, (seen: Seen) => unknown> = {
  'title of the server': ({ server }) => server.serverInfo.title,
  'description, website and icons of the server': ({ server: { serverInfo } }) =>
    serverInfo.description ?? serverInfo.websiteUrl ?? serverInfo.icons,
  'completions capability': ({ server }) => server.capabilities.completions,
  'annotations of tools': ({ tools }) => tools.rich.annotations,
  'title of tools': ({ tools }) => tools.rich.title,
  'title of resources': ({ resource }) => resource.title,
  'title of prompts': ({ prompt }) => prompt.title,
  'title of prompt arguments': ({ prompt }) => prompt.arguments[0].title,
  '_meta of tools': ({ tools }) => tools.rich._meta,
  'icons of tools': ({ tools }) => tools.rich.icons,
  'icons of resources': ({ resource }) => resource.icons,
  'icons of prompts': ({ prompt }) => prompt.icons,
  'output schema': ({ tools }) => tools.rich.outputSchema,
  'output schema that is no object': ({ tools }) => tools.listing.outputSchema,
  'task support of tools': ({ tools }) => tools.rich.execution,
  'structured content': ({ rich }) => rich.structuredContent,
  'structured content that is no object': ({ listing }) => listing.structuredContent,
  audio: ({ rich }) => ofType(rich, 'audio'),
  'resource links': ({ rich }) => ofType(rich, 'resource_link'),
  '_meta of content': ({ rich }) =>
    (rich.content as Json[]).find((block) => block._meta !== undefined || block.resource?._meta !== undefined),
  '_meta of what is read': ({ read }) => read.contents[0]._meta,
  lastModified: ({ rich, resource }) =>
    [resource, ...(rich.content as Json[])].find((one) => one.annotations?.lastModified !== undefined),
  'message of progress': ({ progress }) => progress.message,
  'resultType and serverInfo of results': ({ rich }) =>
    rich.resultType ?? rich._meta?.['io.modelcontextprotocol/serverInfo'],
  'ttlMs and cacheScope': ({ read }) => read.ttlMs ?? read.cacheScope,
};

let server: TestServer;

beforeAll(async () => {
  server = await startServer(options);
});

afterAll(async () => {
  await server.close();
});

for (const door of DOORS) {
  for (const revision of REVISIONS.filter((one) => isServed(door, one))) {
    describe(`what a client of ${revision} gets (${door} door)`, () => {
      let seen: Seen;

      beforeAll(async () => {
        seen = revision === '2026-07-28' ? await seeModern() : await seeHandshake(door, revision);
      });

      it.each(FIELDS.map((row) => [row.feature, row] as const))(
        '%s goes to those whose schema has it, and to nobody else',
        (feature, row) => {
          const isThere = LOOK[feature]!(seen) !== undefined;
          expect({ feature, isThere }).toEqual({ feature, isThere: has(row, revision, door) });
        },
      );

      it('loses nothing for the model: what cannot be said as it is, is said as text', () => {
        expect(seen.rich.content).toHaveLength(5);
        expect(seen.listing.content).toEqual([{ type: 'text', text: '[1,2]' }]);
        const words = (seen.rich.content as Json[]).map((block) => String(block.text ?? ''));
        if (ofType(seen.rich, 'audio') === undefined) expect(words).toContainEqual(expect.stringContaining('audio'));
        if (ofType(seen.rich, 'resource_link') === undefined)
          expect(words).toContainEqual(expect.stringContaining('test://rich'));
      });
    });
  }
}

describe('batches', () => {
  it.each(
    REVISIONS.filter((revision) => revision !== '2026-07-28').flatMap((revision) =>
      DOORS.map((door) => [revision, door] as const),
    ),
  )('takes a batch where the revision has them: %s at the %s door', async (revision, door) => {
    const row = BEHAVIOURS.find(({ feature }) => feature === 'batches')!;
    const post = door === 'mcp' ? (await openSession(server.url, { revision })).post : await legacyPost(revision);
    const { status } = await post([rpc('ping', {}, 'a'), rpc('ping', {}, 'b')]);
    const accepted = door === 'mcp' ? 200 : 202;
    expect(status).toBe(has(row, revision, door) ? accepted : 400);
  });
});

describe('negotiation', () => {
  it.each(DOORS)('of each version is the same at the %s door', async (door) => {
    for (const [asked, answered] of [
      ...REVISIONS.map((revision) => [revision, revision === '2026-07-28' ? '2025-11-25' : revision] as const),
      ['2099-01-01', '2025-11-25'],
      [undefined, '2025-03-26'],
    ]) {
      const opening = rpc(
        'initialize',
        asked === undefined
          ? {}
          : { protocolVersion: asked, capabilities: {}, clientInfo: { name: 't', version: '1' } },
      );
      expect(await answerAt(door, opening)).toMatchObject({ result: { protocolVersion: answered } });
    }
  });
});

describe('docs/revisions.md', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/revisions.md'), 'utf8');
  const rows = page
    .split('\n')
    .filter((line) => /^\| (?!-|Feature)/.test(line))
    .map((line) => line.split('|').map((cell) => cell.trim()));
  const rowOf = (feature: string) => rows.find((cells) => cells[1] === feature) ?? [];

  it.each([...FIELDS, ...BEHAVIOURS].map((row) => [row.feature, row] as const))(
    'says of "%s" what the tests say',
    (feature, row) => {
      const cells = rowOf(feature).slice(2, -2);
      const expected = REVISIONS.map((revision) => {
        const doors = DOORS.filter((door) => has(row, revision, door));
        if (doors.length === 0) return '–';
        const word = row.how?.[revision] ?? 'yes';
        const isEverywhere = DOORS.filter((door) => isServed(door, revision)).every((door) => doors.includes(door));
        return isEverywhere ? word : `${word} (${doors.join()})`;
      });
      expect(cells).toEqual(expected);
    },
  );

  it.each([...FIELDS, ...BEHAVIOURS].map((row) => [row.feature, row] as const))(
    'names a test of "%s" that is there',
    (feature, { test }) => {
      expect(rowOf(feature).at(-2)).toContain(test.name);
      expect(readFileSync(join(import.meta.dirname, '../..', test.file), 'utf8')).toContain(test.name);
    },
  );

  it('says nothing else', () => {
    expect(rows).toHaveLength(FIELDS.length + BEHAVIOURS.length);
  });
});

async function seeHandshake(door: Door, revision: Revision): Promise<Seen> {
  const client = new DoorClient(door);
  await client.connect(server.url, { revision });
  let progress: Json;
  const rich = await client.callTool('rich', {}, { onProgress: (one) => (progress = one) });
  const [tools, listed, prompts, listing, read] = await Promise.all([
    client.request('tools/list'),
    client.request('resources/list'),
    client.request('prompts/list'),
    client.callTool('listing'),
    client.request('resources/read', { uri: 'test://rich' }),
  ]);
  await client.request('prompts/get', { name: 'rich' });
  expect(client.errors).toEqual([]);
  await client.close();
  return toSeen({ server: client.initialized, tools, listed, prompts, rich, listing, read, progress });
}

async function seeModern(): Promise<Seen> {
  const ask = async (method: string, params?: Json) => (await callModern(server.url, method, params)).json.result;
  const discovered = await ask('server/discover');
  const { messages } = await callModern(server.url, 'tools/call', { name: 'rich' }, { meta: { progressToken: 1 } });
  await ask('prompts/get', { name: 'rich' });
  return toSeen({
    server: { ...discovered, serverInfo: discovered._meta['io.modelcontextprotocol/serverInfo'] },
    tools: await ask('tools/list'),
    listed: await ask('resources/list'),
    prompts: await ask('prompts/list'),
    rich: messages.at(-1)?.result,
    listing: await ask('tools/call', { name: 'listing' }),
    read: await ask('resources/read', { uri: 'test://rich' }),
    progress: messages[0]?.params,
  });
}

function toSeen({ tools, listed, prompts, ...rest }: Json): Seen {
  const byName = Object.fromEntries((tools.tools as Json[]).map((tool) => [tool.name, tool]));
  return { ...rest, tools: byName, resource: listed.resources[0], prompt: prompts.prompts[0] };
}

function ofType({ content }: Json, type: string): Json {
  return (content as Json[]).find((block) => block.type === type);
}

async function legacyPost(revision: Revision) {
  const pair = await openLegacy(server.url);
  await pair.send(
    rpc('initialize', { protocolVersion: revision, capabilities: {}, clientInfo: { name: 't', version: '1' } }),
  );
  await pair.reader.nextMessage();
  return pair.post;
}

async function answerAt(door: Door, message: Json): Promise<Json> {
  if (door === 'mcp') return (await call(`${server.url}/mcp`, { body: message })).json;
  const pair = await openLegacy(server.url);
  await pair.send(message);
  const answer: Json = await pair.reader.nextMessage();
  pair.close();
  return answer;
}

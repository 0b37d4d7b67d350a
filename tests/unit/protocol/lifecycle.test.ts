import { describe, expect, it, jest } from '@jest/globals';
import { type Call, ANONYMOUS } from '../../../protocol/call.js';
import type { Method } from '../../../protocol/dispatcher.js';
import { ErrorCode, RpcError } from '../../../protocol/errors.js';
import {
  isSevere,
  lifecycleMethods,
  parseCapabilities,
  parseImplementation,
  parseOpening,
} from '../../../protocol/lifecycle.js';
import { LOG_LEVELS, type LogLevel, MetaKey } from '../../../protocol/mcp.js';
import { elicitQuestion, rootsQuestion, sampleQuestion } from '../../../protocol/questions.js';
import { HANDSHAKE_REVISIONS, REVISIONS } from '../../../protocol/versions.js';
import { fakeCall } from '../../support/fake-call.js';

const capabilities = {
  tools: { listChanged: true },
  logging: {},
  completions: {},
  tasks: {},
  extensions: { 'io.modelcontextprotocol/tasks': {} },
};
const info = { name: 'dualgauge', version: '1.2.3', title: 'Dualgauge', description: 'Both doors' };
const methods = lifecycleMethods({ info, instructions: 'Be kind', capabilities: () => capabilities });
const find = (name: string): Method => methods.find((method) => method.name === name)!;

describe('parseOpening', () => {
  it('reads version, name and capabilities', () => {
    const params = {
      protocolVersion: '2025-06-18',
      clientInfo: { name: 'c', version: '1' },
      capabilities: { roots: {} },
    };
    expect(parseOpening(params)).toEqual({
      revision: '2025-06-18',
      client: { info: { name: 'c', version: '1' }, capabilities: { roots: {} } },
    });
  });

  it('takes empty params for those of an early client', () => {
    const empty = { revision: '2025-03-26', client: { info: undefined, capabilities: {} } };
    expect(parseOpening({})).toEqual(empty);
    expect(parseOpening(undefined)).toEqual(empty);
  });

  it.each([
    { protocolVersion: [], clientInfo: 'me', capabilities: 'all' },
    { protocolVersion: 1, clientInfo: { name: 1 }, capabilities: [] },
    { protocolVersion: 'x', clientInfo: null, capabilities: null },
  ])('is not upset by %j', (params) => {
    expect(parseOpening(params)).toEqual({ revision: '2025-11-25', client: { info: undefined, capabilities: {} } });
  });
});

describe('parseImplementation', () => {
  it('keeps name, version and title, where they are text', () => {
    const said = { name: 'c', version: '1', title: 'C' };
    expect(parseImplementation({ ...said, more: 1 })).toStrictEqual(said);
    expect(parseImplementation({ name: 'c', version: 1, title: 1 })).toStrictEqual({ name: 'c', version: '' });
  });

  it('keeps names to a size that fits a log line', () => {
    const long = 'x'.repeat(100_000);
    const parsed = parseImplementation({ name: long, version: long, title: long, more: long });
    expect(JSON.stringify(parsed).length).toBeLessThan(1000);
  });

  it('serves a client that says no version', () => {
    expect(parseImplementation({ name: 'c' })).toStrictEqual({ name: 'c', version: '' });
  });
});

describe('parseCapabilities', () => {
  it('keeps what is declared, known or not', () => {
    const declared = { roots: { listChanged: true }, elicitation: { form: {}, url: {} }, 'x/y': { a: 1 } };
    expect(parseCapabilities(declared)).toEqual(declared);
  });

  // Some serializers write every member they know, and null for those that are not set.
  it.each([
    [
      'elicitation',
      { elicitation: null },
      (call: Call) => elicitQuestion({ message: 'm', schema: { type: 'object' } }, call),
    ],
    [
      'elicitation by URL',
      { elicitation: { form: {}, url: null } },
      (call: Call) => elicitQuestion({ message: 'm', url: 'u' }, call),
    ],
    ['sampling', { sampling: null }, (call: Call) => sampleQuestion({ messages: [], maxTokens: 1 }, call)],
    [
      'sampling with tools',
      { sampling: { tools: null } },
      (call: Call) => sampleQuestion({ messages: [], maxTokens: 1, tools: [] }, call),
    ],
    ['roots', { roots: null }, (call: Call) => rootsQuestion({}, call)],
    ['roots, as a word', { roots: 'yes' }, (call: Call) => rootsQuestion({}, call)],
  ])('takes null for not declared: %s', (_what, declared, ask) => {
    const call = fakeCall({ client: { capabilities: parseCapabilities(declared) } });
    expect(() => ask(call)).toThrow(RpcError);
    expect(() => ask(call)).toThrow(expect.objectContaining({ code: ErrorCode.missingClientCapability }));
  });

  it('takes forms for declared where only url is null', () => {
    const call = fakeCall({ client: { capabilities: parseCapabilities({ elicitation: { form: null, url: null } }) } });
    expect(elicitQuestion({ message: 'm', schema: { type: 'object' } }, call).method).toBe('elicitation/create');
  });
});

describe('initialize', () => {
  it.each(HANDSHAKE_REVISIONS)('answers in %s with what it can read', async (revision) => {
    const result = await find('initialize').run({}, fakeCall({ revision }));
    expect(result).toMatchObject({ protocolVersion: revision, instructions: 'Be kind' });
    expect(result).toMatchObject({ capabilities: { tools: { listChanged: true }, logging: {} } });
    const { capabilities: said, serverInfo } = result as { capabilities: object; serverInfo: object };
    expect('completions' in said).toBe(revision >= '2025-03-26');
    expect('tasks' in said).toBe(revision === '2025-11-25');
    expect('extensions' in said).toBe(false);
    expect('title' in serverInfo).toBe(revision >= '2025-06-18');
    expect('description' in serverInfo).toBe(revision >= '2025-11-25');
  });

  it('and ping belong to the handshake, discover to what came after', () => {
    expect(methods.map(({ name, era }) => [name, era])).toEqual([
      ['initialize', 'handshake'],
      ['ping', 'handshake'],
      ['logging/setLevel', 'handshake'],
      ['server/discover', 'modern'],
    ]);
  });
});

describe('server/discover', () => {
  it('lists every revision, cache hints and who answers', async () => {
    expect(await find('server/discover').run({}, fakeCall({ revision: '2026-07-28' }))).toEqual({
      supportedVersions: [...REVISIONS],
      capabilities: {
        tools: { listChanged: true },
        logging: {},
        completions: {},
        extensions: { 'io.modelcontextprotocol/tasks': {} },
      },
      instructions: 'Be kind',
      ttlMs: 0,
      cacheScope: 'public',
      _meta: { [MetaKey.serverInfo]: info },
    });
  });
});

describe('ping', () => {
  it('is answered with nothing at all', async () => {
    expect(await find('ping').run({}, fakeCall())).toStrictEqual({});
  });
});

describe('logging/setLevel', () => {
  const createSession = () => ({
    id: 's',
    principal: ANONYMOUS,
    logLevel: 'info' as LogLevel,
    subscriptions: new Set<string>(),
    save: jest.fn(() => undefined),
  });

  it('is remembered by the session and kept', async () => {
    const session = createSession();
    expect(await find('logging/setLevel').run({ level: 'error' }, fakeCall({ session }))).toStrictEqual({});
    expect(session.logLevel).toBe('error');
    expect(session.save).toHaveBeenCalledTimes(1);
  });

  it('does no harm without a session', async () => {
    expect(await find('logging/setLevel').run({ level: 'error' }, fakeCall())).toStrictEqual({});
  });

  it.each([undefined, null, 'loud', 'INFO', 3, 'constructor'])(
    'refuses %j, names the levels and changes nothing',
    async (level) => {
      const session = createSession();
      await expect(find('logging/setLevel').run({ level }, fakeCall({ session }))).rejects.toThrow(
        /expected one of debug, info/,
      );
      expect(session.logLevel).toBe('info');
      expect(session.save).not.toHaveBeenCalled();
    },
  );

  it('orders severities from debug to emergency', () => {
    const heard = LOG_LEVELS.filter((level) => isSevere(level, 'warning'));
    expect(heard).toEqual(['warning', 'error', 'critical', 'alert', 'emergency']);
  });
});

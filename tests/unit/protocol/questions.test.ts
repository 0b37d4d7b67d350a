import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { ErrorCode } from '../../../protocol/errors.js';
import type { ClientCapabilities } from '../../../protocol/mcp.js';
import { elicitQuestion, rootsQuestion, sampleQuestion } from '../../../protocol/questions.js';
import { fakeCall } from '../../support/fake-call.js';

const callOf = (capabilities: ClientCapabilities, revision: '2025-11-25' | '2026-07-28' = '2025-11-25') =>
  fakeCall({ revision, client: { capabilities } });
const unreadable = expect.objectContaining({ code: ErrorCode.invalidParams });
const missing = (requiredCapabilities: object) =>
  expect.objectContaining({ code: ErrorCode.missingClientCapability, data: { requiredCapabilities } });

describe('a form', () => {
  const form = {
    message: 'Who?',
    schema: z.object({ name: z.string().min(2), age: z.number().optional() }),
    key: 'who',
  };
  const ask = () => elicitQuestion(form, callOf({ elicitation: {} }));

  it('goes to the client as JSON Schema', () => {
    expect(ask()).toMatchObject({
      method: 'elicitation/create',
      key: 'who',
      params: {
        message: 'Who?',
        requestedSchema: { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] },
      },
    });
    expect(ask().params).not.toHaveProperty(['requestedSchema', '$schema']);
  });

  it('comes back as what its schema lets through', () => {
    const answer = { action: 'accept', content: { name: 'Ada', more: 1 } };
    expect(ask().read(answer)).toEqual({ action: 'accept', content: { name: 'Ada' } });
  });

  it('can be plain JSON Schema', () => {
    const schema = { type: 'object', properties: { ok: { type: 'boolean' } }, required: ['ok'] };
    const question = elicitQuestion({ message: 'Sure?', schema }, callOf({ elicitation: { form: {} } }));
    expect(question.params).toEqual({ message: 'Sure?', requestedSchema: schema });
    expect(question.read({ action: 'accept', content: { ok: true } })).toEqual({
      action: 'accept',
      content: { ok: true },
    });
    expect(() => question.read({ action: 'accept', content: { ok: 'yes' } })).toThrow(unreadable);
  });

  it.each(['decline', 'cancel'])('may be answered with %s, whatever stands beside it', (action) => {
    expect(ask().read({ action, content: { name: 7 } })).toEqual({ action });
  });

  it.each([
    undefined,
    null,
    12345,
    'accept',
    {},
    { action: 'ok' },
    { action: 'accept' },
    { action: 'accept', content: null },
    { action: 'accept', content: { name: 'A' } },
  ])('cannot be answered with %j', (answer) => {
    expect(() => ask().read(answer)).toThrow(unreadable);
  });

  it('needs a client that declared forms, or elicitation without saying which', () => {
    for (const elicitation of [{}, { form: {} }, { form: {}, url: {} }]) {
      expect(() => elicitQuestion(form, callOf({ elicitation }))).not.toThrow();
    }
    expect(() => elicitQuestion(form, callOf({}))).toThrow(missing({ elicitation: {} }));
    expect(() => elicitQuestion(form, callOf({ elicitation: { url: {} } }))).toThrow(missing({ elicitation: {} }));
  });
});

describe('a page', () => {
  const page = { message: 'Sign in', url: 'https://example.com/in' };
  const able = { elicitation: { url: {} } };

  it('is named in 2025-11-25, each time anew, and not in 2026-07-28', () => {
    const [first, second] = [elicitQuestion(page, callOf(able)), elicitQuestion(page, callOf(able))];
    expect(first.params).toEqual({ mode: 'url', ...page, elicitationId: expect.stringMatching(/^[0-9a-f-]{36}$/) });
    expect(first.params).not.toEqual(second.params);
    expect(elicitQuestion(page, callOf(able, '2026-07-28')).params).toStrictEqual({ mode: 'url', ...page });
  });

  it('brings nothing back but what the user chose', () => {
    const { read } = elicitQuestion(page, callOf(able));
    expect(read({ action: 'accept', content: { secret: 1 } })).toEqual({ action: 'accept', content: undefined });
  });

  it('needs a client that declared it', () => {
    for (const elicitation of [undefined, {}, { form: {} }]) {
      expect(() => elicitQuestion(page, callOf({ elicitation }))).toThrow(missing({ elicitation: { url: {} } }));
    }
  });
});

describe('a question to the model', () => {
  const asked = { messages: [], maxTokens: 5, temperature: undefined, key: 'k' };

  it('goes out without its key and without what is not set', () => {
    const question = sampleQuestion(asked, callOf({ sampling: {} }));
    expect(question).toMatchObject({ method: 'sampling/createMessage', key: 'k' });
    expect(question.params).toStrictEqual({ messages: [], maxTokens: 5 });
  });

  it('needs a client that lends its model, and one that knows tools to lend it tools', () => {
    expect(() => sampleQuestion(asked, callOf({}))).toThrow(missing({ sampling: {} }));
    for (const more of [{ tools: [] }, { toolChoice: {} }]) {
      expect(() => sampleQuestion({ ...asked, ...more }, callOf({ sampling: {} }))).toThrow(
        missing({ sampling: { tools: {} } }),
      );
      expect(() => sampleQuestion({ ...asked, ...more }, callOf({ sampling: { tools: {} } }))).not.toThrow();
    }
  });

  it.each([[{ type: 'text', text: 'hi' }], [[{ type: 'text', text: 'hi' }]]])(
    'is answered by a message of %j',
    (content) => {
      const answer = { role: 'assistant', model: 'm', content };
      expect(sampleQuestion(asked, callOf({ sampling: {} })).read(answer)).toEqual(answer);
    },
  );

  it.each([
    undefined,
    null,
    {},
    { role: 'assistant' },
    { role: 'assistant', content: 'hi' },
    { role: 'assistant', content: null },
  ])('cannot be answered with %j', (answer) => {
    expect(() => sampleQuestion(asked, callOf({ sampling: {} })).read(answer)).toThrow(unreadable);
  });
});

describe('a question for roots', () => {
  it('is answered by a list of uris', () => {
    const question = rootsQuestion({}, callOf({ roots: {} }));
    expect(question).toMatchObject({ method: 'roots/list', params: {} });
    expect(question.read({ roots: [{ uri: 'file:///a', name: 'a' }] })).toEqual([{ uri: 'file:///a', name: 'a' }]);
    expect(question.read({ roots: [] })).toEqual([]);
  });

  it.each([undefined, null, [], {}, { roots: {} }, { roots: [null] }, { roots: [{ uri: 1 }] }])(
    'cannot be answered with %j',
    (answer) => {
      expect(() => rootsQuestion({}, callOf({ roots: {} })).read(answer)).toThrow(unreadable);
    },
  );

  it('needs a client that says', () => {
    expect(() => rootsQuestion({}, callOf({}))).toThrow(missing({ roots: {} }));
  });
});

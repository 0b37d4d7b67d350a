import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { ANONYMOUS } from '../../../protocol/call.js';
import { CallContext } from '../../../protocol/context.js';
import { ErrorCode } from '../../../protocol/errors.js';
import { fakeCall } from '../../support/fake-call.js';

describe('CallContext', () => {
  it('tells who asks and by which call', () => {
    const session = { id: 's-1', logLevel: 'info' as const, subscriptions: new Set<string>(), save: () => undefined };
    const call = fakeCall({ id: 0, session, meta: { traceparent: 't' } });
    const context = new CallContext(call);
    expect([context.requestId, context.sessionId, context.exchangeId]).toEqual([0, 's-1', 'exchange-1']);
    expect([context.principal, context.revision, context.meta]).toEqual([
      ANONYMOUS,
      '2025-11-25',
      { traceparent: 't' },
    ]);
    expect(context.signal).toBe(call.signal);
    expect(new CallContext(fakeCall()).sessionId).toBeUndefined();
  });

  it('reports progress only when it goes forward', async () => {
    const call = fakeCall({ progressToken: 0 });
    const context = new CallContext(call);
    for (const progress of [0, 1, 1, 0.5, Number.NaN, -1, 2]) await context.progress(progress, 10, 'm');
    expect(call.progressed).toEqual([0, 1, 2].map((progress) => ({ progress, total: 10, message: 'm' })));
  });

  it('reports progress also where the client cannot hear it: it is what keeps the call from timing out', async () => {
    const call = fakeCall({ progressToken: undefined });
    await new CallContext(call).progress(1);
    expect(call.progressed).toHaveLength(1);
  });

  it('logs what the client wants to hear', async () => {
    const call = fakeCall({ logLevel: 'warning' });
    const context = new CallContext(call);
    await context.log('notice', 'quiet');
    await context.log('warning', { a: 1 });
    await context.log('emergency', 'loud', 'me');
    expect(call.sent).toEqual([
      { method: 'notifications/message', params: { level: 'warning', data: { a: 1 } } },
      { method: 'notifications/message', params: { level: 'emergency', logger: 'me', data: 'loud' } },
    ]);
  });

  it('says nothing to the log of a client that did not ask', async () => {
    const call = fakeCall();
    await new CallContext(call).log('emergency', 'loud');
    expect(call.sent).toEqual([]);
  });

  it('asks the client and hands on its answer', async () => {
    const answers = [
      { action: 'accept', content: { ok: true } },
      { role: 'assistant', model: 'm', content: { type: 'text', text: 'hi' } },
      { roots: [{ uri: 'file:///a' }] },
    ];
    const call = fakeCall({ answers, client: { capabilities: { elicitation: {}, sampling: {}, roots: {} } } });
    const context = new CallContext(call);
    expect(await context.elicit({ message: 'Sure?', schema: z.object({ ok: z.boolean() }) })).toEqual(answers[0]);
    expect(await context.sample({ messages: [], maxTokens: 1 })).toEqual(answers[1]);
    expect(await context.listRoots()).toEqual([{ uri: 'file:///a' }]);
    expect(call.asked.map(({ method }) => method)).toEqual([
      'elicitation/create',
      'sampling/createMessage',
      'roots/list',
    ]);
  });

  it('rejects, and asks nothing, when the client cannot answer', async () => {
    const call = fakeCall();
    const context = new CallContext(call);
    const lacking = { code: ErrorCode.missingClientCapability };
    await expect(context.elicit({ message: 'm', url: 'u' })).rejects.toMatchObject(lacking);
    await expect(context.sample({ messages: [], maxTokens: 1 })).rejects.toMatchObject(lacking);
    await expect(context.listRoots()).rejects.toMatchObject(lacking);
    expect(call.asked).toEqual([]);
  });

  it('becomes a task when it is told to', async () => {
    const call = fakeCall();
    await new CallContext(call).becomeTask();
    expect(call.tasks).toBe(1);
  });
});

// Whatever somebody's code throws, its client is answered: also what cannot be copied, or read, as other errors are.
import { describe, expect, it } from '@jest/globals';
import { definePrompt } from '../../prompts/define-prompt.js';
import { defineResource } from '../../resources/define-resource.js';
import { defineTool } from '../../tools/define-tool.js';
import { onBothDoors } from '../support/both-doors.js';
import { call, rpc } from '../support/http-call.js';
import { callModern } from '../support/modern-call.js';
import { useServers } from '../support/servers.js';
import { until } from '../support/until.js';

class OfGetters extends Error {
  override get message(): string {
    return 'read only';
  }
}

const start = useServers();

// What `AbortSignal.timeout` rejects with, and what the realm of the tests has that is as stubborn.
const THROWN: readonly (readonly [string, () => unknown])[] = [
  ['a DOMException', () => new DOMException('x', 'TimeoutError')],
  ['an error caused by one', () => new Error('no', { cause: new DOMException('x', 'TimeoutError') })],
  ['an error of getters', () => new OfGetters()],
  ['an error caused by one of getters', () => new Error('no', { cause: new OfGetters() })],
  ['what is no text', () => Object.create(null)],
];

for (const [what, create] of THROWN) {
  const fail = (): never => {
    throw create();
  };
  const parts = {
    tools: [defineTool({ name: 'fails', description: 'Fails.', run: fail })],
    prompts: [definePrompt({ name: 'fails', get: fail })],
    resources: [defineResource({ uri: 'test://fails', name: 'fails', read: fail })],
  };

  onBothDoors(
    `${what} is answered, and leaves nothing behind`,
    ({ client, server, it }) => {
      it('when a tool throws it', async () => {
        expect(await client.callTool('fails')).toMatchObject({ isError: true });
        await until('the call has ended', () => server().mcp.calls.size === 0);
      });

      it.each([
        ['prompt', 'prompts/get', { name: 'fails' }],
        ['resource', 'resources/read', { uri: 'test://fails' }],
      ])('when a %s throws it', async (_part, method, params) => {
        await expect(client.request(method, params)).rejects.toMatchObject({ code: -32603 });
        await until('the call has ended', () => server().mcp.calls.size === 0);
      });
    },
    { serverOptions: parts },
  );

  describe(`${what} is answered in 2026-07-28`, () => {
    it('when a tool, a prompt or a resource throws it', async () => {
      const { url, mcp } = await start(parts);
      expect((await callModern(url, 'tools/call', { name: 'fails' })).json.result.isError).toBe(true);
      expect((await callModern(url, 'prompts/get', { name: 'fails' })).json.error.code).toBe(-32603);
      expect((await callModern(url, 'resources/read', { uri: 'test://fails' })).json.error.code).toBe(-32603);
      await until('the calls have ended', () => mcp.calls.size === 0);
    });
  });

  it(`${what} is a 500 of ours when it is all that "authenticate" says`, async () => {
    const { url } = await start({ authenticate: () => Promise.resolve().then(fail) });
    const { status, json, header } = await call(`${url}/mcp`, { body: rpc('ping') });
    expect({ status, code: json.error.code, type: header('content-type') }).toEqual({
      status: 500,
      code: -32603,
      type: expect.stringContaining('application/json'),
    });
  });
}

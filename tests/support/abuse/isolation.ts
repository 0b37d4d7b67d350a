// Two callers on one server, and one of them curious.
import type { Json } from '../clients/test-client.js';
import { type AbuseCase, expectThat } from './abuse-case.js';
import { type Attack, callTool, request } from './attack.js';
import { SECRETS } from './secrets.js';

const ANN = { Authorization: `Bearer ${SECRETS.ann}` };
const BOB = { Authorization: `Bearer ${SECRETS.bob}` };
const NOBODY = '00000000-0000-4000-8000-000000000000';
const KEY = 'io.modelcontextprotocol/';

/** Ann has a session and a stream; Bob knows its id. */
function curious(name: string, run: (attack: Attack, session: string) => Promise<unknown>): AbuseCase {
  return {
    name,
    victim: 'guarded',
    async run(attack) {
      const session = await attack.session(ANN);
      await run(attack, session);
      const alive = await attack.post(request('ping'), { ...ANN, 'Mcp-Session-Id': session });
      expectThat(alive.status === 200, 'Ann’s session to be alive');
      await attack.ask({ method: 'DELETE', path: '/mcp', headers: { ...ANN, 'Mcp-Session-Id': session } });
    },
  };
}

const same = (attack: Attack) => {
  const [foreign, unknown] = attack.answers.slice(-2);
  expectThat(foreign?.status === unknown?.status && foreign?.text === unknown?.text, 'the same answer as for nobody’s');
};

export const ISOLATION: readonly AbuseCase[] = [
  curious('POST with another’s session', async (attack, session) => {
    for (const id of [session, NOBODY]) await attack.post(request('ping'), { ...BOB, 'Mcp-Session-Id': id });
    same(attack);
  }),
  curious('GET with another’s session', async (attack, session) => {
    for (const id of [session, NOBODY]) {
      await attack.ask({ path: '/mcp', headers: { ...BOB, Accept: 'text/event-stream', 'Mcp-Session-Id': id } });
    }
    same(attack);
  }),
  curious('DELETE with another’s session', async (attack, session) => {
    for (const id of [session, NOBODY])
      await attack.ask({ method: 'DELETE', path: '/mcp', headers: { ...BOB, 'Mcp-Session-Id': id } });
    same(attack);
  }),
  curious('another’s events', async (attack, session) => {
    for (const id of [session, NOBODY]) {
      await attack.ask({
        path: '/mcp',
        headers: { ...BOB, Accept: 'text/event-stream', 'Mcp-Session-Id': id, 'Last-Event-ID': `${session}.m.0` },
      });
    }
    same(attack);
  }),
  curious('another’s events, by a session of one’s own', async (attack, session) => {
    const own = await attack.session(BOB);
    const answer = await attack.ask({
      path: '/mcp',
      headers: { ...BOB, Accept: 'text/event-stream', 'Mcp-Session-Id': own, 'Last-Event-ID': `${session}.m.0` },
    });
    expectThat(answer.status === 400, '400');
    await attack.ask({ method: 'DELETE', path: '/mcp', headers: { ...BOB, 'Mcp-Session-Id': own } });
  }),
  curious('another’s session at the other door', async (attack, session) => {
    for (const id of [session, NOBODY]) await attack.post(request('ping'), ANN, `/messages/?session_id=${id}`);
    same(attack);
  }),
  curious('a session, and no token', async (attack, session) => {
    const answer = await attack.post(request('ping'), { 'Mcp-Session-Id': session });
    expectThat(answer.status === 401, '401');
  }),
  curious('cancelling another’s call', async (attack, session) => {
    const running = await attack.stream({
      method: 'POST',
      path: '/mcp',
      headers: { ...ANN, 'Content-Type': 'application/json', 'Mcp-Session-Id': session },
      body: JSON.stringify(callTool('hold', {}, 'mine')),
    });
    const cancel = { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 'mine' } };
    await attack.post(cancel, { ...BOB, 'Mcp-Session-Id': session });
    await attack.post(cancel, BOB);
    expectThat((await attack.victim.gauges()).calls === 1, 'the call to run on');
    await attack.post(cancel, { ...ANN, 'Mcp-Session-Id': session });
    running.close();
  }),
  {
    name: 'a legacy session of another, both halves',
    victim: 'guarded',
    status: [404, 404],
    async run(attack) {
      const ann = await attack.legacy(ANN);
      for (const id of [ann.id, NOBODY]) await attack.post(request('ping'), BOB, `/messages/?session_id=${id}`);
      same(attack);
      const bob = await attack.legacy({ ...BOB, 'Last-Event-ID': `${ann.id}.m.0` });
      expectThat(bob.id !== ann.id, 'a session of his own');
      ann.socket.close();
      bob.socket.close();
    },
  },
  {
    name: 'another’s requestState',
    victim: 'guarded',
    async run(attack) {
      const ask = async (who: object, params: Json) => {
        const _meta = {
          [`${KEY}protocolVersion`]: '2026-07-28',
          [`${KEY}clientInfo`]: { name: 'a', version: '1' },
          [`${KEY}clientCapabilities`]: { elicitation: {} },
        };
        const { text } = await attack.post(request('tools/call', { name: 'ask', arguments: {}, ...params, _meta }), {
          ...who,
          'MCP-Protocol-Version': '2026-07-28',
          'Mcp-Method': 'tools/call',
          'Mcp-Name': 'ask',
        });
        return JSON.parse(text.replace(/^[\s\S]*?data: /, ''));
      };
      const { requestState, inputRequests } = (await ask(ANN, {})).result;
      const [key = ''] = Object.keys(inputRequests as object);
      const inputResponses = { [key]: { action: 'accept', content: { name: 'Ann' } } };
      const stolen = await ask(BOB, { requestState, inputResponses });
      expectThat(stolen.error?.code === -32602, '-32602');
      const touched = `${String(requestState).slice(0, -2)}AA`;
      expectThat((await ask(ANN, { requestState: touched, inputResponses })).error?.code === -32602, '-32602');
      expectThat((await ask(ANN, { requestState, inputResponses })).result !== undefined, 'a result for Ann');
    },
  },
];

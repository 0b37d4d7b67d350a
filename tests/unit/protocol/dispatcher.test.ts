import { describe, expect, it, jest } from '@jest/globals';
import { Dispatcher, type DispatcherOptions, type Method } from '../../../protocol/dispatcher.js';
import { ErrorCode, RpcError } from '../../../protocol/errors.js';
import { formatMessage, PreparedResult, type Request } from '../../../protocol/json-rpc.js';
import { MetaKey } from '../../../protocol/mcp.js';
import { REVISIONS } from '../../../protocol/versions.js';
import { fakeCall } from '../../support/fake-call.js';

const serverInfo = { name: 'dualgauge', version: '1.2.3' };
const handshake = fakeCall({ revision: '2025-06-18' });
const modern = fakeCall({ revision: '2026-07-28' });

function createDispatcher(methods: Method[]) {
  const onFault = jest.fn<DispatcherOptions['onFault']>();
  return { dispatcher: new Dispatcher({ methods, serverInfo, onFault }), onFault };
}

const request = (method: string, params?: Request['params']): Request =>
  params === undefined ? { jsonrpc: '2.0', id: 0, method } : { jsonrpc: '2.0', id: 0, method, params };

describe('Dispatcher', () => {
  it.each(['constructor', '__proto__', 'toString', 'hasOwnProperty', '', 'Ping', 'ping '])(
    'does not know the method %j in any revision',
    async (name) => {
      const { dispatcher, onFault } = createDispatcher([{ name: 'ping', run: () => ({}) }]);
      for (const revision of REVISIONS) {
        expect(await dispatcher.dispatch(request(name), fakeCall({ revision }))).toEqual({
          jsonrpc: '2.0',
          id: 0,
          error: { code: ErrorCode.methodNotFound, message: 'Method not found' },
        });
      }
      expect(onFault).not.toHaveBeenCalled();
    },
  );

  it('keeps the methods of the two eras apart', async () => {
    const { dispatcher } = createDispatcher([
      { name: 'ping', era: 'handshake', run: () => ({}) },
      { name: 'server/discover', era: 'modern', run: () => ({}) },
      { name: 'tools/list', run: () => ({}) },
    ]);
    const answers = async (name: string) => [
      'result' in (await dispatcher.dispatch(request(name), handshake)),
      'result' in (await dispatcher.dispatch(request(name), modern)),
    ];
    expect(await answers('ping')).toEqual([true, false]);
    expect(await answers('server/discover')).toEqual([false, true]);
    expect(await answers('tools/list')).toEqual([true, true]);
  });

  it('hands the method its params and call, and no params as empty ones', async () => {
    const run = jest.fn<Method['run']>(() => ({}));
    const { dispatcher } = createDispatcher([{ name: 'm', run }]);
    await dispatcher.dispatch(request('m', { a: 1 }), handshake);
    await dispatcher.dispatch(request('m'), handshake);
    expect(run.mock.calls).toEqual([
      [{ a: 1 }, handshake],
      [{}, handshake],
    ]);
  });

  it.each([
    [
      'thrown',
      (error: Error) => () => {
        throw error;
      },
    ],
    ['rejected with', (error: Error) => () => Promise.reject(error)],
  ])('lets the peer read an RpcError that was %s', async (_how, fail) => {
    const { dispatcher, onFault } = createDispatcher([
      { name: 'm', run: fail(new RpcError(-32602, 'No', { why: 1 })) },
    ]);
    expect(await dispatcher.dispatch(request('m'), handshake)).toEqual({
      jsonrpc: '2.0',
      id: 0,
      error: { code: -32602, message: 'No', data: { why: 1 } },
    });
    expect(onFault).not.toHaveBeenCalled();
  });

  it.each([
    [
      'thrown',
      () => {
        throw new Error('hunter2');
      },
    ],
    ['rejected with', () => Promise.reject(new Error('hunter2'))],
  ])('keeps any other error that was %s to ourselves, and tells us', async (_how, run) => {
    const { dispatcher, onFault } = createDispatcher([{ name: 'm', run }]);
    const response = await dispatcher.dispatch(request('m'), handshake);
    expect(response).toEqual({ jsonrpc: '2.0', id: 0, error: { code: -32603, message: 'Internal error' } });
    expect(onFault).toHaveBeenCalledWith(expect.objectContaining({ message: 'hunter2' }), request('m'), handshake);
  });

  it('says of a 2026-07-28 result that it is complete and who made it, and nothing of an older one', async () => {
    const run = (): object => ({ a: 1, _meta: { mine: 2 } });
    const { dispatcher } = createDispatcher([{ name: 'm', run }]);
    expect(await dispatcher.dispatch(request('m'), modern)).toMatchObject({
      result: { resultType: 'complete', a: 1, _meta: { mine: 2, [MetaKey.serverInfo]: serverInfo } },
    });
    expect(await dispatcher.dispatch(request('m'), handshake)).toEqual({ jsonrpc: '2.0', id: 0, result: run() });
  });

  it('keeps the result type a method set itself', async () => {
    const { dispatcher } = createDispatcher([{ name: 'm', run: () => ({ resultType: 'input_required' }) }]);
    expect(await dispatcher.dispatch(request('m'), modern)).toMatchObject({ result: { resultType: 'input_required' } });
  });

  it('sends a prepared result as it was prepared, in both eras', async () => {
    const { dispatcher } = createDispatcher([{ name: 'm', run: () => new PreparedResult('{"ready": true}') }]);
    for (const call of [handshake, modern]) {
      const response = await dispatcher.dispatch(request('m'), call);
      expect(formatMessage(response)).toBe('{"jsonrpc":"2.0","id":0,"result":{"ready": true}}');
    }
  });
});

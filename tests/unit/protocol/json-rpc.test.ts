import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ErrorCode, RpcError } from '../../../protocol/errors.js';
import {
  errorResponse,
  formatMessage,
  idOf,
  isNotification,
  isRequest,
  isResponse,
  isTooDeep,
  MAX_DEPTH,
  parseMessage,
  PreparedResult,
  resultResponse,
} from '../../../protocol/json-rpc.js';

const ids = fc.oneof(fc.string(), fc.maxSafeInteger());

describe('parseMessage', () => {
  it('takes a request for a request, with any id JSON-RPC allows', () => {
    fc.assert(
      fc.property(ids, fc.string(), (id, method) => {
        const message = parseMessage({ jsonrpc: '2.0', id, method, params: {} });
        expect([isRequest(message), isNotification(message), isResponse(message)]).toEqual([true, false, false]);
        expect(idOf(message)).toBe(id);
      }),
    );
  });

  it.each([0, -1, '', '0'])('keeps the id %p as it is', (id) => {
    const message = parseMessage({ jsonrpc: '2.0', id, method: 'ping' });
    expect(isRequest(message)).toBe(true);
    expect(message).toEqual({ jsonrpc: '2.0', id, method: 'ping' });
  });

  it('takes a message without id for a notification', () => {
    const message = parseMessage({ jsonrpc: '2.0', method: 'notifications/initialized' });
    expect([isRequest(message), isNotification(message), isResponse(message)]).toEqual([false, true, false]);
  });

  it.each([
    ['a result', { id: 1, result: {} }],
    ['an error', { id: 'a', error: { code: -1, message: 'no' } }],
    ['an error that answers nothing in particular', { error: { code: -32700, message: 'Parse error' } }],
  ])('takes %s for a response', (_what, members) => {
    const message = parseMessage({ jsonrpc: '2.0', ...members });
    expect([isRequest(message), isNotification(message), isResponse(message)]).toEqual([false, false, true]);
  });

  it.each([
    ['null', null],
    ['a string', 'ping'],
    ['a number', 7],
    ['an array', [{ jsonrpc: '2.0', id: 1, method: 'ping' }]],
    ['no jsonrpc', { id: 1, method: 'ping' }],
    ['jsonrpc as a number', { jsonrpc: 2.0, id: 1, method: 'ping' }],
    ['id null', { jsonrpc: '2.0', id: null, method: 'ping' }],
    ['a fractional id', { jsonrpc: '2.0', id: 1.5, method: 'ping' }],
    ['an id beyond what a double can hold', { jsonrpc: '2.0', id: 2 ** 53, method: 'ping' }],
    ['an id that is an object', { jsonrpc: '2.0', id: {}, method: 'ping' }],
    ['a boolean id', { jsonrpc: '2.0', id: true, method: 'ping' }],
    ['method null', { jsonrpc: '2.0', id: 1, method: null }],
    ['method as a number', { jsonrpc: '2.0', id: 1, method: 1 }],
    ['params as an array', { jsonrpc: '2.0', id: 1, method: 'ping', params: [] }],
    ['params null', { jsonrpc: '2.0', id: 1, method: 'ping', params: null }],
    ['params as a string', { jsonrpc: '2.0', id: 1, method: 'ping', params: 'x' }],
    ['nothing but an id', { jsonrpc: '2.0', id: 1 }],
    ['a result without id', { jsonrpc: '2.0', result: {} }],
    ['a result that is no object', { jsonrpc: '2.0', id: 1, result: 'x' }],
    ['result and error at once', { jsonrpc: '2.0', id: 1, result: {}, error: { code: 1, message: '' } }],
    ['an error without a code', { jsonrpc: '2.0', id: 1, error: { message: 'x' } }],
    ['an error with a fractional code', { jsonrpc: '2.0', id: 1, error: { code: 1.5, message: 'x' } }],
    ['an error without a message', { jsonrpc: '2.0', id: 1, error: { code: 1 } }],
  ])('refuses %s as an invalid request', (_what, value) => {
    expect(() => parseMessage(value)).toThrow(
      expect.objectContaining({ code: ErrorCode.invalidRequest, message: expect.stringMatching(/^Invalid request: /) }),
    );
  });

  it('either gives back what came or throws an error the peer may read, whatever the JSON', () => {
    const almost = fc.record(
      {
        jsonrpc: fc.constant('2.0'),
        id: fc.jsonValue(),
        method: fc.jsonValue(),
        params: fc.jsonValue(),
        result: fc.jsonValue(),
        error: fc.jsonValue(),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), almost), (value) => {
        try {
          expect(parseMessage(value)).toBe(value);
        } catch (error) {
          if (!(error instanceof RpcError)) throw error;
          expect(error.code).toBe(ErrorCode.invalidRequest);
        }
      }),
    );
  });
});

describe('idOf', () => {
  it('finds the id of a message that is wrong in another way', () => {
    expect(idOf({ id: 0, method: 7 })).toBe(0);
    expect(idOf({ id: '' })).toBe('');
  });

  it.each([[null], [[]], ['x'], [{}], [{ id: null }], [{ id: 1.5 }], [{ id: {} }]])('finds none in %j', (value) => {
    expect(idOf(value)).toBeUndefined();
  });
});

describe('isTooDeep', () => {
  const nest = (depth: number, wrap: (inner: unknown) => unknown): unknown =>
    depth === 0 ? 'leaf' : wrap(nest(depth - 1, wrap));

  it.each([
    ['arrays', (inner: unknown) => [inner]],
    ['objects', (inner: unknown) => ({ a: 1, inner })],
  ])('allows %s as deep as the limit and no deeper', (_what, wrap) => {
    expect(isTooDeep(nest(MAX_DEPTH, wrap))).toBe(false);
    expect(isTooDeep(nest(MAX_DEPTH + 1, wrap))).toBe(true);
  });

  it('looks under __proto__ too, which JSON.parse makes an ordinary member', () => {
    const deep = `${'{"__proto__":'.repeat(MAX_DEPTH + 1)}1${'}'.repeat(MAX_DEPTH + 1)}`;
    expect(isTooDeep(JSON.parse(deep))).toBe(true);
  });

  it('does not overflow the stack on what is far too deep', () => {
    expect(isTooDeep(JSON.parse(`${'['.repeat(5000)}${']'.repeat(5000)}`))).toBe(true);
  });
});

describe('formatMessage', () => {
  it('puts prepared JSON where the result belongs', () => {
    const text = formatMessage(resultResponse('a"b', new PreparedResult('{"tools":[]}')));
    expect(JSON.parse(text)).toEqual({ jsonrpc: '2.0', id: 'a"b', result: { tools: [] } });
  });

  it('is one line, whatever the texts in it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const formatted = formatMessage(resultResponse(1, { text: `${text}\r\n` }));
        expect(formatted).not.toMatch(/[\r\n]/);
        expect(JSON.parse(formatted)).toEqual({ jsonrpc: '2.0', id: 1, result: { text: `${text}\r\n` } });
      }),
    );
  });

  it('writes no id and no data where there are none', () => {
    expect(formatMessage(errorResponse(undefined, { code: -1, message: 'no' }))).toBe(
      '{"jsonrpc":"2.0","error":{"code":-1,"message":"no"}}',
    );
    expect(formatMessage(errorResponse(0, { code: -1, message: 'no', data: null }))).toBe(
      '{"jsonrpc":"2.0","id":0,"error":{"code":-1,"message":"no","data":null}}',
    );
  });

  it('says of an error what it says and nothing of where it was thrown', () => {
    const error = new RpcError(-32602, 'Invalid params', { key: 'a' });
    expect(errorResponse(1, error)).toEqual({
      jsonrpc: '2.0',
      id: 1,
      error: { code: -32602, message: 'Invalid params', data: { key: 'a' } },
    });
  });
});

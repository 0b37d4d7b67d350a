// JSON that parses and is no message, or is one that means harm.
import { type AbuseCase, expectThat, post } from './abuse-case.js';
import { callTool, request } from './attack.js';
import { SECRETS } from './secrets.js';

const nest = (open: string, close: string, depth: number) => `${open.repeat(depth)}1${close.repeat(depth)}`;
const inParams = (json: string) => `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":${json}}`;
const MEGABYTE = 1_000_000;

function unknown(method: string): AbuseCase {
  return {
    name: `a method named ${method}`,
    status: [200],
    async run(attack) {
      const { text } = await attack.post(request(method));
      expectThat(text.includes('-32601'), '-32601');
    },
  };
}

function unknownTool(name: string): AbuseCase {
  return {
    name: `a tool named ${name.slice(0, 40)}`,
    status: [200],
    async run(attack) {
      const { text } = await attack.post(callTool(name));
      expectThat(text.includes('-32602'), '-32602');
    },
  };
}

function harmless(name: string, args: string): AbuseCase {
  return {
    name,
    status: [200],
    async run(attack) {
      await attack.post(inParams(`{"name":"strict","arguments":${args}}`));
      const after = await attack.post(callTool('strict', { text: 'clean' }));
      expectThat(after.text.includes('clean') && !after.text.includes('polluted'), 'a clean answer');
    },
  };
}

export const JSON_CASES: readonly AbuseCase[] = [
  ...['null', 'true', '1', '"text"', '{}'].map((body) => post(`the body ${body}`, [400], body)),
  post('NaN', [400], '{"jsonrpc":"2.0","id":NaN,"method":"ping"}'),
  post('comments', [400], '{"jsonrpc":"2.0",/* hi */"id":1,"method":"ping"}'),
  post('single quotes', [400], "{'jsonrpc':'2.0','id':1,'method':'ping'}"),
  post('a trailing comma', [400], '{"jsonrpc":"2.0","id":1,"method":"ping",}'),
  post('a line break in a string', [400], '{"jsonrpc":"2.0","id":"a\nb","method":"ping"}'),
  post('jsonrpc 1.0', [400], { jsonrpc: '1.0', id: 1, method: 'ping' }),
  post('jsonrpc as a number', [400], { jsonrpc: 2, id: 1, method: 'ping' }),
  post('no jsonrpc', [400], { id: 1, method: 'ping' }),
  post('a method that is a number', [400], { jsonrpc: '2.0', id: 1, method: 1 }),
  post('a method that is a list', [400], { jsonrpc: '2.0', id: 1, method: ['ping'] }),
  post('a method and a result', [200, 400], { jsonrpc: '2.0', id: 1, method: 'ping', result: {} }),
  post('a result and an error', [400], { jsonrpc: '2.0', id: 1, result: {}, error: { code: 1, message: '' } }),
  post('params that are a list', [400], { jsonrpc: '2.0', id: 1, method: 'ping', params: [1] }),
  post('params that are text', [400], { jsonrpc: '2.0', id: 1, method: 'ping', params: 'x' }),
  post('params that are null', [200, 400], { jsonrpc: '2.0', id: 1, method: 'ping', params: null }),
  post('a hundred levels of lists', [400], inParams(nest('[', ']', 100))),
  post('a hundred levels of objects', [400], inParams(nest('{"a":', '}', 100))),
  post('a hundred thousand levels of lists', [400], nest('[', ']', 100_000)),
  post('a hundred thousand levels of objects', [400], nest('{"a":', '}', 100_000)),
  post('half a million levels, never closed', [400], '['.repeat(500_000)),
  post('a hundred thousand keys', [200], inParams(`{"name":"strict","arguments":{${keys(50_000)}}}`)),
  post('a number without end', [200], inParams(`{"name":"strict","arguments":{"text":${'9'.repeat(MEGABYTE)}}}`)),
  post('a string of escapes', [200], inParams(`{"name":"${'\\u0041'.repeat(150_000)}"}`)),
  post('lone surrogates', [200], inParams('{"name":"\\ud800\\udc00\\ud800"}')),
  post('a method without end', [200], request('x'.repeat(MEGABYTE))),
  post('a method of control characters', [200], request('\u0000\u0007\u001b[31m')),
  ...['constructor', '__proto__', 'toString', 'hasOwnProperty', 'valueOf', ''].map(unknown),
  ...['constructor', '__proto__', 'toString', '', '../../etc/passwd', 'x'.repeat(MEGABYTE / 2)].map(unknownTool),
  harmless('__proto__ in arguments', '{"text":"a","__proto__":{"polluted":true}}'),
  harmless('constructor.prototype in arguments', '{"text":"a","constructor":{"prototype":{"polluted":true}}}'),
  harmless('__proto__ as the arguments’ only key', '{"__proto__":{"text":"polluted"}}'),
  post('arguments that are a list', [200, 400], callTool('strict', [])),
  post('arguments that are text', [200, 400], callTool('strict', 'text')),
  post('a tool name that is an object', [200], request('tools/call', { name: { toString: 'x' } })),
  post('a resource uri without end', [200], request('resources/read', { uri: `file:///${'../'.repeat(300_000)}` })),
  post('a resource uri of percent signs', [200], request('resources/read', { uri: '%'.repeat(8000) })),
  post('a cursor nobody gave', [200], request('tools/list', { cursor: 'x'.repeat(100_000) })),
  post('a cursor that is an object', [200], request('tools/list', { cursor: {} })),
  post('a log level nobody knows', [200], request('logging/setLevel', { level: '__proto__' })),
  post('a completion of nothing', [200], request('completion/complete', { ref: { type: '__proto__' }, argument: {} })),
  post(
    'a progress token that is an object',
    [200],
    request('tools/call', { name: 'echo', arguments: { message: 'x' }, _meta: { progressToken: {} } }),
  ),
  post(
    'a _meta that is a list',
    [200, 400],
    request('tools/call', { name: 'echo', arguments: { message: 'x' }, _meta: [] }),
  ),
  {
    name: 'a tool that fails with a secret in its words',
    status: [200],
    async run(attack) {
      const { text } = await attack.post(callTool('boom'));
      expectThat(text.includes('internal error'), 'a generic message');
    },
  },
  post('arguments with a secret, to a tool that refuses them', [200], callTool('add', { a: SECRETS.argument })),
  post('a method with a secret in its params', [200], request('nothing', { password: SECRETS.argument })),
];

function keys(count: number): string {
  return Array.from({ length: count }, (_, n) => `"k${n}":${n}`).join(',');
}

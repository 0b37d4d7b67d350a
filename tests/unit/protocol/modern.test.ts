import { describe, expect, it } from '@jest/globals';
import { ErrorCode, RpcError } from '../../../protocol/errors.js';
import type { Request } from '../../../protocol/json-rpc.js';
import { MetaKey } from '../../../protocol/mcp.js';
import { claimsModern, type Envelope, type MirroredArgument, parseEnvelope } from '../../../protocol/modern.js';
import { REVISIONS } from '../../../protocol/versions.js';

const MODERN = '2026-07-28';
const META = {
  [MetaKey.protocolVersion]: MODERN,
  [MetaKey.clientInfo]: { name: 'probe', version: '1.0' },
  [MetaKey.clientCapabilities]: {},
};
const HEADERS = { 'mcp-protocol-version': MODERN, 'mcp-method': 'tools/call', 'mcp-name': 'search' };

const encode = (text: string): string => `=?base64?${Buffer.from(text, 'utf8').toString('base64')}?=`;

interface Sending {
  readonly method?: string;
  readonly params?: Record<string, unknown>;
  readonly meta?: Record<string, unknown> | undefined;
  readonly headers?: Record<string, string | undefined>;
  readonly mirrors?: readonly MirroredArgument[];
}

function parse({
  method = 'tools/call',
  params = { name: 'search' },
  meta = META,
  headers,
  mirrors = [],
}: Sending): Envelope {
  const request: Request = { jsonrpc: '2.0', id: 1, method, params: { ...params, _meta: meta } };
  const sent = new Map(Object.entries({ ...HEADERS, ...headers }));
  return parseEnvelope(
    request,
    (name) => sent.get(name),
    (tool) => (tool === 'search' ? mirrors : []),
  );
}

function refusalOf(sending: Sending): RpcError {
  try {
    parse(sending);
  } catch (error) {
    if (error instanceof RpcError) return error;
    throw error;
  }
  throw new Error('It was not refused');
}

describe('claimsModern', () => {
  it('is told by _meta alone', () => {
    expect(claimsModern({ _meta: META })).toBe(true);
    expect(claimsModern({ _meta: { [MetaKey.protocolVersion]: 'v999' } })).toBe(true);
    expect(claimsModern({ _meta: { progressToken: 1 } })).toBe(false);
    expect(claimsModern({})).toBe(false);
    expect(claimsModern(undefined)).toBe(false);
  });

  it.each([null, [], 'x', 7])('is not told by a _meta that is %j', (meta) => {
    expect(claimsModern({ _meta: meta })).toBe(false);
  });
});

describe('parseEnvelope', () => {
  it('reads who asks, with what, and how much it wants to hear', () => {
    const meta = {
      ...META,
      [MetaKey.clientCapabilities]: { elicitation: {} },
      [MetaKey.logLevel]: 'warning',
      other: 1,
    };
    expect(parse({ meta })).toEqual({
      client: { info: { name: 'probe', version: '1.0' }, capabilities: { elicitation: {} } },
      logLevel: 'warning',
      meta,
    });
  });

  it('serves a client that does not say its name', () => {
    const { [MetaKey.clientInfo]: _, ...meta } = META;
    expect(parse({ meta }).client.info).toBeUndefined();
  });

  it('takes no log level to mean no log messages', () => {
    expect(parse({}).logLevel).toBeUndefined();
  });

  it('refuses a log level nobody knows', () => {
    expect(refusalOf({ meta: { ...META, [MetaKey.logLevel]: 'loud' } }).code).toBe(ErrorCode.invalidParams);
  });
});

describe('the version', () => {
  it.each([
    ['no _meta', {}],
    ['a version that is no string', { ...META, [MetaKey.protocolVersion]: 20260728 }],
    ['no capabilities', { ...META, [MetaKey.clientCapabilities]: undefined }],
    ['capabilities that are no object', { ...META, [MetaKey.clientCapabilities]: [] }],
  ])('in the header and %s is an incomplete envelope', (_what, meta) => {
    expect(refusalOf({ method: 'server/discover', params: {}, meta }).code).toBe(-32602);
  });

  it('differs when header and _meta name different ones, even one nobody knows', () => {
    expect(refusalOf({ headers: { 'mcp-protocol-version': '2025-11-25' } }).code).toBe(-32020);
    expect(refusalOf({ meta: { ...META, [MetaKey.protocolVersion]: 'v999.0.0' } }).code).toBe(-32020);
  });

  it('differs when the header is missing', () => {
    const error = refusalOf({ headers: { 'mcp-protocol-version': undefined } });
    expect(error.code).toBe(-32020);
    expect(error.message).toContain('MCP-Protocol-Version is missing');
  });

  it.each(['v999.0.0', '2025-11-25'])('%s in both is unsupported, and the answer says what is', (version) => {
    const error = refusalOf({
      meta: { ...META, [MetaKey.protocolVersion]: version },
      headers: { 'mcp-protocol-version': version },
    });
    expect(error.code).toBe(-32022);
    expect(error.data).toEqual({ supported: [...REVISIONS], requested: version });
  });
});

describe('Mcp-Method', () => {
  it.each([
    ['missing', undefined],
    ['another', 'tools/list'],
    ['in other letters', 'TOOLS/CALL'],
  ])('is refused when it is %s', (_what, header) => {
    const error = refusalOf({ headers: { 'mcp-method': header } });
    expect(error.code).toBe(-32020);
    expect(error.message).toContain('Mcp-Method');
  });
});

describe('Mcp-Name', () => {
  const named: [method: string, params: Record<string, unknown>, name: string][] = [
    ['tools/call', { name: 'search' }, 'search'],
    ['prompts/get', { name: 'greet' }, 'greet'],
    ['resources/read', { uri: 'file:///a b' }, 'file:///a b'],
    ['tasks/get', { taskId: 't1' }, 't1'],
    ['tasks/update', { taskId: 't1' }, 't1'],
    ['tasks/cancel', { taskId: 't1' }, 't1'],
  ];

  it.each(named)('of %s is that of %j', (method, params, name) => {
    const headers = { 'mcp-method': method };
    expect(() => parse({ method, params, headers: { ...headers, 'mcp-name': name } })).not.toThrow();
    expect(refusalOf({ method, params, headers: { ...headers, 'mcp-name': `${name}x` } }).code).toBe(-32020);
    expect(refusalOf({ method, params, headers: { ...headers, 'mcp-name': undefined } }).code).toBe(-32020);
  });

  it.each(['  search\t', encode('search')])('is read past blanks and encoding: %j', (header) => {
    expect(() => parse({ headers: { 'mcp-name': header } })).not.toThrow();
  });

  it('is compared as text when it is not plain ASCII', () => {
    expect(() => parse({ params: { name: 'Grüße' }, headers: { 'mcp-name': encode('Grüße') } })).not.toThrow();
  });

  it('is refused when it is badly encoded', () => {
    const error = refusalOf({ headers: { 'mcp-name': '=?base64?c2VhcmNo=?=' } });
    expect(error.code).toBe(-32020);
    expect(error.message).not.toContain('c2VhcmNo');
  });

  it('is not asked of a method that names nothing', () => {
    const headers = { 'mcp-method': 'tools/list', 'mcp-name': undefined };
    expect(() => parse({ method: 'tools/list', params: {}, headers })).not.toThrow();
  });

  it('is left to the method when the body has no name', () => {
    expect(() => parse({ params: {}, headers: { 'mcp-name': undefined } })).not.toThrow();
  });
});

describe('Mcp-Param headers', () => {
  const region: MirroredArgument = { header: 'mcp-param-region', path: ['where', 'region'], type: 'string' };
  const limit: MirroredArgument = { header: 'mcp-param-limit', path: ['limit'], type: 'integer' };
  const exact: MirroredArgument = { header: 'mcp-param-exact', path: ['exact'], type: 'boolean' };
  const mirrors = [region, limit, exact];
  const withArguments = (args: unknown): Pick<Sending, 'params' | 'mirrors'> => ({
    params: { name: 'search', arguments: args },
    mirrors,
  });

  it('may be absent together with their arguments', () => {
    for (const args of [
      undefined,
      null,
      {},
      { where: null },
      { where: {} },
      { where: { region: null }, limit: null },
    ]) {
      expect(() => parse(withArguments(args))).not.toThrow();
    }
  });

  it('agree with their arguments at any depth', () => {
    const headers = { 'mcp-param-region': encode('Zürich'), 'mcp-param-limit': '42', 'mcp-param-exact': 'false' };
    const args = { where: { region: 'Zürich' }, limit: 42, exact: false };
    expect(() => parse({ ...withArguments(args), headers })).not.toThrow();
  });

  it.each([
    ['a missing header', { where: { region: 'eu' } }, {}],
    ['another text', { where: { region: 'eu' } }, { 'mcp-param-region': 'us' }],
    ['another case', { where: { region: 'eu' } }, { 'mcp-param-region': 'EU' }],
    ['a header without its argument', {}, { 'mcp-param-region': 'eu' }],
    ['an empty header without its argument', {}, { 'mcp-param-region': '' }],
    ['another number', { limit: 42 }, { 'mcp-param-limit': '43' }],
    ['a number in another notation', { limit: 42 }, { 'mcp-param-limit': '0x2A' }],
    ['no number at all', { limit: 0 }, { 'mcp-param-limit': '' }],
    ['another truth', { exact: true }, { 'mcp-param-exact': 'false' }],
    ['a truth in capitals', { exact: true }, { 'mcp-param-exact': 'True' }],
    ['a bad encoding', { where: { region: 'Hello' } }, { 'mcp-param-region': '=?base64?SGVsbG8?=' }],
    ['an object where text belongs', { where: { region: {} } }, { 'mcp-param-region': '[object Object]' }],
    ['an array where text belongs', { where: { region: ['eu'] } }, { 'mcp-param-region': 'eu' }],
    ['an object that cannot be text', { where: { region: { toString: 1 } } }, { 'mcp-param-region': 'eu' }],
  ])('are refused for %s', (_what, args, headers) => {
    expect(refusalOf({ ...withArguments(args), headers }).code).toBe(-32020);
  });

  it.each(['42', '42.0', '+42'])('compare integers as numbers: %s is 42', (header) => {
    expect(() => parse({ ...withArguments({ limit: 42 }), headers: { 'mcp-param-limit': header } })).not.toThrow();
  });

  it.each([
    [{ limit: 'many' }, { 'mcp-param-limit': 'many' }],
    [{ limit: '42' }, { 'mcp-param-limit': '42' }],
    [{ limit: 1e-7 }, { 'mcp-param-limit': '1e-7' }],
    [{ exact: 'yes' }, { 'mcp-param-exact': 'yes' }],
  ])('leave an argument of the wrong type, truly mirrored, to the tool: %j', (args, headers) => {
    expect(() => parse({ ...withArguments(args), headers })).not.toThrow();
  });

  it('tell the empty text from no text', () => {
    const args = withArguments({ where: { region: '' } });
    expect(() => parse({ ...args, headers: { 'mcp-param-region': '=?base64??=' } })).not.toThrow();
    expect(refusalOf({ ...args, headers: {} }).code).toBe(-32020);
  });

  it('are not looked for among what every object inherits', () => {
    const inherited: MirroredArgument = { header: 'mcp-param-x', path: ['constructor', 'name'], type: 'string' };
    expect(() => parse({ params: { name: 'search', arguments: {} }, mirrors: [inherited] })).not.toThrow();
  });

  it('are ignored where the tool mirrors nothing, and for other methods', () => {
    expect(() => parse({ params: { name: 'search' }, headers: { 'mcp-param-region': 'eu' } })).not.toThrow();
    const headers = { 'mcp-method': 'prompts/get' };
    expect(() => parse({ method: 'prompts/get', params: { name: 'search' }, headers, mirrors })).not.toThrow();
  });
});

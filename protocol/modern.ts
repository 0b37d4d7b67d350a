/**
 * The envelope of 2026-07-28: what each request says of itself in `_meta`, and the headers that must say the same
 * (2026-07-28 "Streamable HTTP", "Request Metadata").
 */
import type { ClientFacts } from './call.js';
import { ErrorCode, RpcError } from './errors.js';
import { decodeHeaderValue } from './header-value.js';
import { isObject, type Params, type Request } from './json-rpc.js';
import { parseCapabilities, parseImplementation, parseLogLevel } from './lifecycle.js';
import { type LogLevel, MetaKey } from './mcp.js';
import { isRevision, MODERN_REVISION, REVISIONS } from './versions.js';

/** Reads one header of the request; names are lower case. */
export type HeaderReader = (name: string) => string | undefined;

/** An argument that a tool wants mirrored into a header (`x-mcp-header`). */
export interface MirroredArgument {
  /** The whole header name, lower case. */
  readonly header: string;
  /** The chain of property names that leads to the value. */
  readonly path: readonly string[];
  readonly type: 'string' | 'integer' | 'boolean';
}

/** Which arguments of which tool are mirrored; empty for most. */
export type MirrorLookup = (toolName: string) => readonly MirroredArgument[];

export interface Envelope {
  readonly client: ClientFacts;
  /** Absent: the client wants no log messages for this request. */
  readonly logLevel: LogLevel | undefined;
  readonly meta: Readonly<Record<string, unknown>>;
}

/** Where a request names the thing it is about, by method (tasks: SEP-2663 "Routing Headers"). */
const NAMED_BY = new Map([
  ['tools/call', 'name'],
  ['prompts/get', 'name'],
  ['resources/read', 'uri'],
  ['tasks/get', 'taskId'],
  ['tasks/update', 'taskId'],
  ['tasks/cancel', 'taskId'],
]);

const NO_META: Readonly<Record<string, unknown>> = Object.freeze({});

/** The `_meta` of a message; empty when there is none. */
export function metaOf(params: Params | undefined): Readonly<Record<string, unknown>> {
  const meta = params?._meta;
  return isObject(meta) ? meta : NO_META;
}

/** Whether a message claims to be of the era that has no handshake. The headers alone do not: some bridges send them. */
export function claimsModern(params: Params | undefined): boolean {
  return params !== undefined && MetaKey.protocolVersion in metaOf(params);
}

/**
 * Checks a 2026-07-28 request and its headers against each other.
 * @throws RpcError -32602 for an incomplete envelope, -32020 where header and body differ, -32022 for another version;
 *   all of them HTTP 400
 */
export function parseEnvelope(request: Request, header: HeaderReader, mirrors: MirrorLookup): Envelope {
  const meta = metaOf(request.params);
  checkVersion(meta[MetaKey.protocolVersion], header('mcp-protocol-version'));
  if (!isObject(meta[MetaKey.clientCapabilities])) {
    throw new RpcError(ErrorCode.invalidParams, `Invalid params: _meta["${MetaKey.clientCapabilities}"] is required`);
  }
  checkEqual('Mcp-Method', header('mcp-method'), request.method);
  const nameKey = NAMED_BY.get(request.method);
  if (nameKey !== undefined) checkName(request, nameKey, header('mcp-name'));
  if (request.method === 'tools/call') checkMirrors(request.params, header, mirrors);
  const level = meta[MetaKey.logLevel];
  return {
    client: {
      info: parseImplementation(meta[MetaKey.clientInfo]),
      capabilities: parseCapabilities(meta[MetaKey.clientCapabilities]),
    },
    logLevel: level === undefined ? undefined : parseLogLevel(level),
    meta,
  };
}

function checkVersion(claimed: unknown, header: string | undefined): void {
  if (typeof claimed !== 'string') {
    throw new RpcError(ErrorCode.invalidParams, `Invalid params: _meta["${MetaKey.protocolVersion}"] is required`);
  }
  if (header !== claimed) {
    throw mismatch('MCP-Protocol-Version', header === undefined ? 'is missing' : 'differs from the version in _meta');
  }
  if (claimed !== MODERN_REVISION) throw unsupportedVersion(claimed);
}

/** -32022, with what we do serve. */
export function unsupportedVersion(requested: string): RpcError {
  const isHandshake = isRevision(requested) && requested !== MODERN_REVISION;
  const message = isHandshake ? 'This protocol version begins with initialize' : 'Unsupported protocol version';
  return new RpcError(ErrorCode.unsupportedVersion, message, { supported: [...REVISIONS], requested });
}

function checkName(request: Request, key: string, header: string | undefined): void {
  const name = request.params?.[key];
  // Without a name in the body there is nothing to compare; the method itself will say what is missing.
  if (typeof name === 'string') checkEqual('Mcp-Name', decoded('Mcp-Name', header), name);
}

function checkEqual(name: string, header: string | undefined, body: string): void {
  if (header === undefined) throw mismatch(name, 'is missing');
  if (header !== body) throw mismatch(name, 'differs from the body');
}

function checkMirrors(params: Params | undefined, header: HeaderReader, mirrors: MirrorLookup): void {
  const name = params?.name;
  if (typeof name !== 'string') return;
  for (const argument of mirrors(name)) {
    const label = argument.header;
    const value = valueAt(params?.arguments, argument.path);
    const text = decoded(label, header(label));
    if (value === undefined || value === null) {
      if (text !== undefined) throw mismatch(label, 'is there, but its argument is not');
    } else if (text === undefined) {
      throw mismatch(label, 'is missing');
    } else if (!isSame(text, value, argument.type)) {
      throw mismatch(label, 'differs from its argument');
    }
  }
}

function isSame(text: string, value: unknown, type: MirroredArgument['type']): boolean {
  // No header stands for an object, and not every object can be made text: `{"toString":1}` throws.
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') return false;
  if (text === String(value)) return true;
  return type === 'integer' && /^[+-]?\d+(\.\d+)?$/.test(text) && Number(text) === value;
}

function valueAt(value: unknown, path: readonly string[]): unknown {
  let at = value;
  for (const key of path) {
    if (!isObject(at) || !Object.hasOwn(at, key)) return undefined;
    at = at[key];
  }
  return at;
}

function decoded(name: string, header: string | undefined): string | undefined {
  if (header === undefined) return undefined;
  const value = decodeHeaderValue(header);
  if (value === undefined) throw mismatch(name, 'is not properly encoded');
  return value;
}

function mismatch(name: string, what: string): RpcError {
  return new RpcError(ErrorCode.headerMismatch, `Header mismatch: ${name} ${what}`);
}

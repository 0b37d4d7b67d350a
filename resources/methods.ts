import { type Call, hasScopes } from '../protocol/call.js';
import { CallContext } from '../protocol/context.js';
import type { Method } from '../protocol/dispatcher.js';
import { ErrorCode, insufficientScope, RpcError, ToolError } from '../protocol/errors.js';
import { has } from '../protocol/features.js';
import { fitContents } from '../protocol/fit.js';
import type { Params } from '../protocol/json-rpc.js';
import { MODERN_REVISION } from '../protocol/versions.js';
import type { ReadReturn } from './define-resource.js';
import type { FoundResource, ResourceRegistry } from './registry.js';
import { toResult } from './result.js';

export interface ResourceMethodOptions {
  readonly registry: ResourceRegistry;
  /** How many uris one session may be subscribed to. */
  readonly maxSubscriptions?: number | undefined;
}

// Sessions keep the uris they subscribe to and templates are held against them, so they cannot be of any length.
const MAX_URI_LENGTH = 8192;

/** `resources/list`, `resources/templates/list`, `resources/read`, and the subscriptions of the handshake revisions. */
export function resourceMethods({ registry, maxSubscriptions = 1000 }: ResourceMethodOptions): Method[] {
  return [
    { name: 'resources/list', run: (params, call) => registry.list(params, call.revision, call.principal) },
    {
      name: 'resources/templates/list',
      run: (params, call) => registry.listTemplates(params, call.revision, call.principal),
    },
    { name: 'resources/read', run: (params, call) => readResource(params, call, registry) },
    {
      name: 'resources/subscribe',
      era: 'handshake',
      run: (params, call) => subscribe(params, call, registry, maxSubscriptions),
    },
    { name: 'resources/unsubscribe', era: 'handshake', run: unsubscribe },
  ];
}

async function readResource(params: Params, call: Call, registry: ResourceRegistry): Promise<object> {
  const uri = parseUri(params);
  const found = findResource(uri, call, registry);
  const returned = await read(found, call);
  if (returned === undefined) throw resourceNotFound(uri, call);
  const { ttlMs, cacheScope, ...result } = toResult(returned, uri, found.definition);
  const fitted = fitContents(result, call.revision);
  return has(call.revision, 'cacheHints') ? { ...fitted, ttlMs, cacheScope } : fitted;
}

async function read(found: FoundResource, call: Call): Promise<ReadReturn> {
  try {
    return await found.read(new CallContext(call));
  } catch (error) {
    // There is no result here to say it in, so what a handler puts into words leaves as an error.
    if (error instanceof ToolError) throw new RpcError(ErrorCode.internalError, error.message);
    throw error;
  }
}

async function subscribe(
  params: Params,
  call: Call,
  registry: ResourceRegistry,
  maxSubscriptions: number,
): Promise<object> {
  const uri = parseUri(params);
  findResource(uri, call, registry);
  const { session } = call;
  if (session === undefined || session.subscriptions.has(uri)) return {};
  if (session.subscriptions.size >= maxSubscriptions) {
    const message = `A session may be subscribed to ${String(maxSubscriptions)} resources: unsubscribe from one first`;
    throw new RpcError(ErrorCode.invalidParams, message);
  }
  session.subscriptions.add(uri);
  await session.save();
  return {};
}

async function unsubscribe(params: Params, { session }: Call): Promise<object> {
  if (session?.subscriptions.delete(parseUri(params)) === true) await session.save();
  return {};
}

function parseUri(params: Params): string {
  const uri = params.uri;
  if (typeof uri !== 'string') throw new RpcError(ErrorCode.invalidParams, 'Invalid params: uri is required');
  if (uri.length <= MAX_URI_LENGTH) return uri;
  const message = `Invalid params: uri has ${String(uri.length)} characters and may have ${String(MAX_URI_LENGTH)}`;
  throw new RpcError(ErrorCode.invalidParams, message);
}

function findResource(uri: string, call: Call, registry: ResourceRegistry): FoundResource {
  const found = registry.find(uri);
  if (found === undefined) throw resourceNotFound(uri, call);
  const scopes = found.definition.scopes ?? [];
  if (!hasScopes(call.principal, scopes)) throw insufficientScope(scopes);
  return found;
}

function resourceNotFound(uri: string, { revision }: Call): RpcError {
  const code = revision === MODERN_REVISION ? ErrorCode.invalidParams : ErrorCode.resourceNotFound;
  return new RpcError(code, 'Resource not found', { uri });
}

import { type Call, type ClientFacts } from './call.js';
import type { Method } from './dispatcher.js';
import { ErrorCode, RpcError } from './errors.js';
import { has } from './features.js';
import { compact, fitImplementation } from './fit.js';
import { isObject, type Params } from './json-rpc.js';
import {
  LOG_LEVELS,
  MetaKey,
  type ClientCapabilities,
  type Implementation,
  type LogLevel,
  type ServerCapabilities,
} from './mcp.js';
import { type HandshakeRevision, negotiate, REVISIONS, type Revision } from './versions.js';

/** What the server says of itself. */
export interface ServerFacts {
  readonly info: Implementation;
  /** How a model should use the server. */
  readonly instructions?: string | undefined;
  readonly capabilities: () => ServerCapabilities;
}

export interface Opening {
  readonly revision: HandshakeRevision;
  readonly client: ClientFacts;
}

/** Reads the params of `initialize`. Empty ones are taken for those of an early client. */
export function parseOpening(params: Params = {}): Opening {
  return {
    revision: negotiate(params.protocolVersion),
    client: { info: parseImplementation(params.clientInfo), capabilities: parseCapabilities(params.capabilities) },
  };
}

export function parseImplementation(value: unknown): Implementation | undefined {
  if (!isObject(value) || typeof value.name !== 'string') return undefined;
  const version = typeof value.version === 'string' ? value.version : '';
  const title = typeof value.title === 'string' ? value.title : undefined;
  return compact({ name: value.name.slice(0, 200), version: version.slice(0, 100), title: title?.slice(0, 200) });
}

/** Only objects are declarations: some serializers write each capability they know, and null for those not there. */
export function parseCapabilities(value: unknown): ClientCapabilities {
  if (!isObject(value)) return {};
  const declared = Object.entries(value).filter((entry): entry is [string, object] => isObject(entry[1]));
  return Object.fromEntries(declared.map(([name, details]) => [name, withoutNulls(details)]));
}

export function parseLogLevel(value: unknown): LogLevel {
  if (LOG_LEVELS.includes(value as LogLevel)) return value as LogLevel;
  throw new RpcError(ErrorCode.invalidParams, `Invalid log level: expected one of ${LOG_LEVELS.join(', ')}`);
}

export function isSevere(level: LogLevel, minimum: LogLevel): boolean {
  return LOG_LEVELS.indexOf(level) >= LOG_LEVELS.indexOf(minimum);
}

/** `initialize`, `ping`, `logging/setLevel` for the handshake revisions and `server/discover` for 2026-07-28. */
export function lifecycleMethods(server: ServerFacts): Method[] {
  const initializeResult = initializeResults(server);
  return [
    { name: 'initialize', era: 'handshake', run: (_params, call) => initializeResult(call.revision) },
    { name: 'ping', era: 'handshake', run: () => ({}) },
    { name: 'logging/setLevel', era: 'handshake', run: setLevel },
    { name: 'server/discover', era: 'modern', run: (_params, call) => discoverResult(server, call.revision) },
  ];
}

// Every client of a revision gets the same, as long as the capabilities are.
function initializeResults(server: ServerFacts): (revision: Revision) => object {
  const ready = new Map<Revision, { readonly capabilities: ServerCapabilities; readonly result: object }>();
  return (revision) => {
    const capabilities = server.capabilities();
    const known = ready.get(revision);
    if (known?.capabilities === capabilities) return known.result;
    const result = compact({
      protocolVersion: revision,
      capabilities: fitCapabilities(capabilities, revision),
      serverInfo: fitImplementation(server.info, revision),
      instructions: server.instructions,
    });
    ready.set(revision, { capabilities, result });
    return result;
  };
}

function discoverResult(server: ServerFacts, revision: Revision): object {
  return compact({
    supportedVersions: [...REVISIONS],
    capabilities: fitCapabilities(server.capabilities(), revision),
    instructions: server.instructions,
    ttlMs: 0,
    cacheScope: 'public',
    _meta: { [MetaKey.serverInfo]: fitImplementation(server.info, revision) },
  });
}

function fitCapabilities(capabilities: ServerCapabilities, revision: Revision): ServerCapabilities {
  const { completions, tasks, extensions, ...rest } = capabilities;
  return compact({
    ...rest,
    completions: has(revision, 'completions') ? completions : undefined,
    tasks: has(revision, 'toolExecution') ? tasks : undefined,
    extensions: has(revision, 'cacheHints') ? extensions : undefined,
  });
}

function withoutNulls(value: object): object {
  return Object.fromEntries(Object.entries(value).filter(([, inner]) => inner !== null));
}

async function setLevel(params: Params, call: Call): Promise<object> {
  const level = parseLogLevel(params.level);
  if (call.session !== undefined) {
    call.session.logLevel = level;
    await call.session.save();
  }
  return {};
}

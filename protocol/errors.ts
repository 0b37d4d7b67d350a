/** The codes a peer may see: JSON-RPC 2.0 §5.1, and 2026-07-28 "Error Codes". */
export const ErrorCode = {
  parseError: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  internalError: -32603,
  /** What HTTP already says with its status: wrong verb, wrong type, too large, refused. */
  transport: -32000,
  sessionNotFound: -32001,
  /** 2025-11-25 and earlier; -32602 since. */
  resourceNotFound: -32002,
  /** The caller is known but may not do this; HTTP 403. */
  insufficientScope: -32005,
  requestCancelled: -32800,
  headerMismatch: -32020,
  missingClientCapability: -32021,
  unsupportedVersion: -32022,
} as const;

/** The only error a peer may read: what it says leaves the server word for word. */
export class RpcError extends Error {
  override readonly name = 'RpcError';

  constructor(
    readonly code: number,
    message: string,
    readonly data?: unknown,
  ) {
    super(message);
  }
}

/** A request that needs a client capability the client did not declare (2026-07-28 "Per-request protocol fields"). */
export function missingCapability(requiredCapabilities: object): RpcError {
  const names = Object.keys(requiredCapabilities).join(', ');
  return new RpcError(ErrorCode.missingClientCapability, `The client did not declare the capability: ${names}`, {
    requiredCapabilities,
  });
}

/** A caller that lacks scopes for what it asks. HTTP 403 with a challenge that names them. */
export function insufficientScope(scopes: readonly string[]): RpcError {
  return new RpcError(ErrorCode.insufficientScope, `This needs the scope: ${scopes.join(' ')}`, { scopes });
}

/** What a handler says to the model in words: it becomes a result with `isError`, not a protocol error. */
export class ToolError extends Error {
  override readonly name = 'ToolError';
}

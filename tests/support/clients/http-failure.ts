import { RpcFailure } from './rpc-peer.js';
import type { Json } from './test-client.js';

/** What a POST that was not accepted says: its JSON-RPC error, or else its status and body. */
export function toHttpFailure(status: number, text: string): Error {
  const error = parse(text)?.error;
  if (typeof error?.code === 'number' && typeof error.message === 'string') return new RpcFailure(error, status);
  return new Error(`The POST was answered ${status}: ${text}`);
}

function parse(text: string): Json {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // Not JSON; the caller shows it as it is.
  }
}

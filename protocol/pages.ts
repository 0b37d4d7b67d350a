import { ErrorCode, RpcError } from './errors.js';
import type { Params } from './json-rpc.js';

export const DEFAULT_PAGE_SIZE = 250;

/**
 * Where a list request wants to begin. Cursors are opaque to clients; ours are the offset of a page, wrapped.
 * @throws RpcError -32602 for one we never gave out
 */
export function parseCursor(params: Params, total: number, size: number): number {
  const cursor = params.cursor;
  if (cursor === undefined) return 0;
  const offset = typeof cursor === 'string' ? decodeOffset(cursor) : undefined;
  if (offset === undefined || offset <= 0 || offset >= total || offset % size !== 0) {
    throw new RpcError(ErrorCode.invalidParams, 'Invalid cursor: begin the list again without one');
  }
  return offset;
}

export interface Page<T> {
  readonly items: readonly T[];
  readonly nextCursor?: string;
}

/** One page of a list. There is no `nextCursor` on the last. */
export function pageOf<T>(items: readonly T[], offset: number, size: number): Page<T> {
  const end = offset + size;
  const slice = items.slice(offset, end);
  return end < items.length ? { items: slice, nextCursor: encodeOffset(end) } : { items: slice };
}

function encodeOffset(offset: number): string {
  return btoa(`o:${String(offset)}`).replaceAll('=', '');
}

function decodeOffset(cursor: string): number | undefined {
  try {
    const match = /^o:(\d{1,9})$/.exec(atob(cursor));
    return match === null ? undefined : Number(match[1]);
  } catch {
    // Not base64: a cursor we never gave out.
    return undefined;
  }
}

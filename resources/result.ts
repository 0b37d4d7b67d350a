import { compact } from '../protocol/fit.js';
import { isObject } from '../protocol/json-rpc.js';
import type { ResourceContents } from '../protocol/mcp.js';
import type {
  CacheScope,
  PartialContents,
  ReadResult,
  ReadReturn,
  Resource,
  ResourceTemplate,
} from './define-resource.js';

/** A read as 2026-07-28 has it; earlier revisions know no cache hints. */
export interface CompleteRead extends ReadResult {
  readonly contents: readonly ResourceContents[];
  readonly ttlMs: number;
  readonly cacheScope: CacheScope;
}

/**
 * Makes a result of what a resource returned.
 * @throws Error when it is nothing a client could read: that is our fault, not the caller's
 */
export function toResult(
  returned: Exclude<ReadReturn, undefined>,
  uri: string,
  definition: Resource | ResourceTemplate,
): CompleteRead {
  const { contents, _meta, ttlMs, cacheScope } = toReadResult(returned);
  return compact({
    contents: contents.map((one) => complete(one, uri, definition)),
    ttlMs: ttlMs ?? definition.ttlMs ?? 0,
    cacheScope: cacheScope ?? definition.cacheScope ?? 'private',
    _meta,
  });
}

function toReadResult(returned: Exclude<ReadReturn, undefined>): ReadResult {
  if (typeof returned === 'string') return { contents: [{ text: returned }] };
  if (returned instanceof Uint8Array) return { contents: [{ blob: toBase64(returned) }] };
  if (isList(returned)) return { contents: returned };
  return 'contents' in returned ? returned : { contents: [returned] };
}

function complete(contents: PartialContents, uri: string, definition: Resource | ResourceTemplate): ResourceContents {
  const isText = isObject(contents) && typeof contents.text === 'string';
  const isBlob = isObject(contents) && typeof contents.blob === 'string';
  if (isText === isBlob) throw new Error(`Resource "${definition.name}" returned contents without either text or blob`);
  const mimeType = contents.mimeType ?? definition.mimeType ?? (isText ? 'text/plain' : 'application/octet-stream');
  return compact({ ...contents, uri: contents.uri ?? uri, mimeType });
}

function toBase64({ buffer, byteOffset, byteLength }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString('base64');
}

function isList(returned: object): returned is readonly PartialContents[] {
  return Array.isArray(returned);
}

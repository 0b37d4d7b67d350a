import { ErrorCode, RpcError } from '../protocol/errors.js';
import { has } from '../protocol/features.js';
import { type Message, parseMessage } from '../protocol/json-rpc.js';
import { claimsModern } from '../protocol/modern.js';
import type { Revision } from '../protocol/versions.js';
import { badRequest, type HttpError } from './http.js';

/** How many messages one body may hold, in the one revision that has batches. */
const MAX_BATCH = 50;

/**
 * Reads a body that holds several messages. A refusal is of the whole and names no id: which request it was about cannot
 * be told by one.
 * @throws HttpError 400 -32600
 */
export function parseBatch(body: readonly unknown[], revision: Revision): Message[] {
  if (!has(revision, 'batch')) throw refuse('only 2025-03-26 has batches');
  if (body.length === 0) throw refuse('a batch holds at least one message');
  if (body.length > MAX_BATCH) throw refuse(`a batch holds at most ${MAX_BATCH} messages`);
  const messages = body.map(parseBatched);
  for (const message of messages) {
    if (!('method' in message)) continue;
    if (message.method === 'initialize') throw refuse('initialize cannot be part of a batch');
    if (claimsModern(message.params)) throw refuse('only 2025-03-26 has batches');
  }
  return messages;
}

function parseBatched(item: unknown): Message {
  try {
    return parseMessage(item);
  } catch (error) {
    if (error instanceof RpcError) throw badRequest(error);
    throw error;
  }
}

function refuse(why: string): HttpError {
  return badRequest(new RpcError(ErrorCode.invalidRequest, `Invalid request: ${why}`));
}

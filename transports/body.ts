import { isUtf8 } from 'node:buffer';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { ErrorCode, RpcError } from '../protocol/errors.js';
import { idOf, isTooDeep, MAX_DEPTH, type RequestId } from '../protocol/json-rpc.js';
import { nestsDeeper } from './depth.js';
import { badRequest, HttpError } from './http.js';

/** How long a client that was told 413 may go on sending before its connection is cut. */
const LINGER_MS = 1000;

/** A body that was not wanted is read into the void up to here, so that its connection can be used again. */
const MAX_UNWANTED_BYTES = 65_536;

/** From here on the depth of a body is told before it is parsed: what it would become costs more than to look. */
const LONG_BYTES = 16_384;

const NOTHING = Buffer.alloc(0);

/** Requests whose client waits to hear that its body is wanted. */
const uninvited = new WeakSet<IncomingMessage>();

/**
 * Reads a JSON body, once, within its limit.
 * @throws HttpError 413 (declared or real size), 415 (type), 400 -32700 (not JSON), 400 -32600 (too deep)
 */
export function readJson(req: IncomingMessage, res: ServerResponse, maxBytes: number): Promise<unknown> {
  // One promise from the first byte to the value: each further one between them costs every call a turn.
  return new Promise((resolve, reject) => {
    checkType(req.headers['content-type'], req.headers['content-encoding']);
    // A host application's parser may have been here already; its limits are its own.
    const parsed = (req as { body?: unknown }).body;
    if (parsed !== undefined && (req.readableEnded || req.complete)) return resolve(checkDepth(fromHost(parsed, req)));
    const declared = req.headers['content-length'];
    if (declared !== undefined && Number(declared) > maxBytes) throw tooLarge(req, res, maxBytes);
    const onBytes = (bytes: Buffer): void => {
      try {
        resolve(parse(bytes));
      } catch (error) {
        onError(error as Error);
      }
    };
    const onError = (error: Error): void => reject(error);
    readBytes(req, res, { maxBytes, onBytes, onError });
  });
}

/** For a request with `Expect: 100-continue`: its body is asked for once somebody reads it (RFC 9110 §10.1.1). */
export function inviteLater(req: IncomingMessage): void {
  uninvited.add(req);
}

/** For an answer that was given without reading the body: what may still come is bounded, and so is the wait for it. */
export function leaveUnread(req: IncomingMessage, res: ServerResponse): void {
  if (req.complete || !mayBeLong(req)) return;
  req.on('error', () => undefined);
  req.resume();
  const timer = setTimeout(() => req.socket.destroy(), LINGER_MS);
  req.socket.once('close', () => clearTimeout(timer));
  res.shouldKeepAlive = false;
}

function mayBeLong({ headers }: IncomingMessage): boolean {
  const declared = Number(headers['content-length'] ?? 0);
  return headers['transfer-encoding'] !== undefined || headers.expect !== undefined || declared > MAX_UNWANTED_BYTES;
}

function fromHost(parsed: unknown, { headers }: IncomingMessage): unknown {
  // What a parser makes of nothing looks like something.
  if (headers['content-length'] === '0') return parse(Buffer.alloc(0));
  if (typeof parsed === 'string') return parse(Buffer.from(parsed));
  return Buffer.isBuffer(parsed) ? parse(parsed) : parsed;
}

function parse(bytes: Buffer): unknown {
  const text = bytes.toString();
  // What is no UTF-8 was replaced by this character, which few bodies have of their own.
  if (text.includes('\uFFFD') && !isUtf8(bytes)) throw notJson('the body is not UTF-8');
  const isLong = bytes.length > LONG_BYTES;
  if (isLong && nestsDeeper(bytes, MAX_DEPTH)) throw tooDeep();
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw notJson(bytes.length === 0 ? 'the body is empty' : 'the body is not JSON');
  }
  // Every level takes two bytes at least.
  return isLong || bytes.length <= 2 * MAX_DEPTH ? value : checkDepth(value);
}

function checkDepth(value: unknown): unknown {
  if (!isTooDeep(value)) return value;
  throw tooDeep(idOf(value));
}

function tooDeep(id?: RequestId): HttpError {
  return badRequest(new RpcError(ErrorCode.invalidRequest, `Invalid request: nested deeper than ${MAX_DEPTH}`), id);
}

function checkType(type: string | undefined, encoding: string | undefined): void {
  if (encoding !== undefined && encoding !== 'identity') throw wrongType('Content-Encoding is not supported');
  if (type === 'application/json') return;
  const [essence = '', ...parameters] = (type ?? '').toLowerCase().split(';');
  if (essence.trim() !== 'application/json') throw wrongType('Content-Type must be application/json');
  for (const parameter of parameters) {
    const [name, value] = parameter.split('=');
    if (name?.trim() === 'charset' && value?.trim().replaceAll('"', '') !== 'utf-8') {
      throw wrongType('The charset must be utf-8');
    }
  }
}

interface Reading {
  readonly maxBytes: number;
  readonly onBytes: (bytes: Buffer) => void;
  readonly onError: (error: Error) => void;
}

function readBytes(req: IncomingMessage, res: ServerResponse, { maxBytes, onBytes, onError }: Reading): void {
  if (req.headers.expect !== undefined && uninvited.delete(req)) res.writeContinue();
  const chunks: Buffer[] = [];
  let size = 0;
  const onData = (piece: Buffer | string): void => {
    // A host application may have asked for text.
    const chunk = typeof piece === 'string' ? Buffer.from(piece) : piece;
    size += chunk.length;
    if (size > maxBytes) {
      req.off('data', onData);
      onError(tooLarge(req, res, maxBytes));
    } else {
      chunks.push(chunk);
    }
  };
  req.on('data', onData);
  req.on('end', () => {
    const [only = NOTHING] = chunks;
    onBytes(chunks.length < 2 ? only : Buffer.concat(chunks));
  });
  // All that can go wrong with a request that is being read is its connection.
  req.on('error', () => onError(new ClientGone()));
  req.on('close', () => {
    if (!req.complete) onError(new ClientGone());
  });
}

/** The client left before it had said all. Nobody is there to be answered. */
export class ClientGone extends Error {
  override readonly name = 'ClientGone';
}

// Closing at once would reset the connection before the client reads why, so what still comes is let run into the void
// for a moment.
function tooLarge(req: IncomingMessage, res: ServerResponse, maxBytes: number): HttpError {
  leaveUnread(req, res);
  res.shouldKeepAlive = false;
  return new HttpError(413, ErrorCode.transport, `The body is larger than ${maxBytes} bytes`, {
    headers: { Connection: 'close' },
  });
}

function notJson(why: string): HttpError {
  return new HttpError(400, ErrorCode.parseError, `Parse error: ${why}`);
}

function wrongType(why: string): HttpError {
  return new HttpError(415, ErrorCode.transport, why);
}

import { ErrorCode, RpcError } from './errors.js';

/** A request id. `0` and `""` are ids: only absence means there is none (JSON-RPC 2.0 §4). */
export type RequestId = string | number;
export type Params = Readonly<Record<string, unknown>>;

export interface Request {
  readonly jsonrpc: '2.0';
  readonly id: RequestId;
  readonly method: string;
  readonly params?: Params;
}

export interface Notification {
  readonly jsonrpc: '2.0';
  readonly method: string;
  readonly params?: Params;
}

export interface ErrorObject {
  readonly code: number;
  readonly message: string;
  readonly data?: unknown;
}

export interface ResultResponse {
  readonly jsonrpc: '2.0';
  readonly id: RequestId;
  readonly result: object;
}

export interface ErrorResponse {
  readonly jsonrpc: '2.0';
  readonly id?: RequestId;
  readonly error: ErrorObject;
}

export type Response = ResultResponse | ErrorResponse;
export type Message = Request | Notification | Response;

/** A result whose JSON was written ahead of time; it goes on the wire as it is. */
export class PreparedResult {
  constructor(readonly json: string) {}
}

/** How deep a message may nest. Deeper ones are refused before anything walks them. */
export const MAX_DEPTH = 64;

export function isRequest(message: Message): message is Request {
  return 'method' in message && 'id' in message;
}

export function isNotification(message: Message): message is Notification {
  return 'method' in message && !('id' in message);
}

export function isResponse(message: Message): message is Response {
  return !('method' in message);
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Reads one message from a parsed body.
 * @throws RpcError -32600 that says what is wrong; `idOf` tells which request it answers.
 */
export function parseMessage(value: unknown): Message {
  if (!isObject(value)) throw invalid('A message is a JSON object');
  if (value.jsonrpc !== '2.0') throw invalid('jsonrpc must be "2.0"');
  if (value.id !== undefined && idOf(value) === undefined) throw invalid('id must be a string or an integer');
  if (value.method === undefined) return parseResponse(value);
  if (typeof value.method !== 'string') throw invalid('method must be a string');
  if (value.params !== undefined && !isObject(value.params)) throw invalid('params must be an object');
  return value as unknown as Request | Notification;
}

/** The id of whatever came, when it has one that can be echoed. */
export function idOf(value: unknown): RequestId | undefined {
  if (!isObject(value)) return undefined;
  const id = value.id;
  return typeof id === 'string' || Number.isSafeInteger(id) ? (id as RequestId) : undefined;
}

/** Whether a parsed body nests deeper than `MAX_DEPTH`. Looks no deeper than that itself. */
export function isTooDeep(value: unknown, left = MAX_DEPTH): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (left === 0) return true;
  if (Array.isArray(value)) return value.some((item) => isTooDeep(item, left - 1));
  for (const key in value) {
    const inner = (value as Record<string, unknown>)[key];
    if (typeof inner === 'object' && inner !== null && isTooDeep(inner, left - 1)) return true;
  }
  return false;
}

export function resultResponse(id: RequestId, result: object): ResultResponse {
  return { jsonrpc: '2.0', id, result };
}

export function errorResponse(id: RequestId | undefined, error: ErrorObject): ErrorResponse {
  const { code, message, data } = error;
  const body = data === undefined ? { code, message } : { code, message, data };
  return id === undefined ? { jsonrpc: '2.0', error: body } : { jsonrpc: '2.0', id, error: body };
}

/** One line of JSON: what goes into a body or behind `data:`. */
export function formatMessage(message: Message): string {
  if (!('result' in message)) return JSON.stringify(message);
  const { id, result } = message;
  const json = result instanceof PreparedResult ? result.json : JSON.stringify(result);
  return `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${json}}`;
}

function parseResponse(value: Record<string, unknown>): Response {
  const { result, error } = value;
  if (isObject(error) && result === undefined) {
    if (Number.isInteger(error.code) && typeof error.message === 'string') return value as unknown as ErrorResponse;
    throw invalid('error must have an integer code and a message');
  }
  if (isObject(result) && error === undefined && value.id !== undefined) return value as unknown as ResultResponse;
  throw invalid('A message has a method, a result or an error');
}

function invalid(message: string): RpcError {
  return new RpcError(ErrorCode.invalidRequest, `Invalid request: ${message}`);
}

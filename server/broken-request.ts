import { randomUUID } from 'node:crypto';
import { STATUS_CODES, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { ErrorCode } from '../protocol/errors.js';
import { errorResponse, formatMessage } from '../protocol/json-rpc.js';

/** What Node says of a request, and the status that tells its client. */
const STATUS_OF = new Map([
  ['ERR_HTTP_REQUEST_TIMEOUT', 408],
  ['HPE_CHUNK_EXTENSIONS_OVERFLOW', 413],
  ['HPE_HEADER_OVERFLOW', 431],
]);

/** What was answered without anybody having seen a request. */
export interface RefusedConnection {
  readonly requestId: string;
  readonly status: number;
  /** What Node calls it. */
  readonly error: string | undefined;
}

type Tell = (refused: RefusedConnection) => void;

/** The last word to a connection that speaks no HTTP, or stopped in the middle of it: JSON, like every other refusal. */
export function refuseBrokenRequest(error: NodeJS.ErrnoException, socket: Duplex, tell?: Tell): void {
  const { _httpMessage: response } = socket as { _httpMessage?: ServerResponse | null };
  // What an answer under way would take this for is anybody's guess, and who has left reads nothing.
  if (!socket.writable || response?.headersSent === true || error.code === 'ECONNRESET') return void socket.destroy();
  refuseConnection(socket, STATUS_OF.get(error.code ?? '') ?? 400, (refused) =>
    tell?.({ ...refused, error: error.code }),
  );
}

/** Answers what is no request, and hangs up. */
export function refuseConnection(socket: Duplex, status: number, tell?: Tell): void {
  // Nobody else hears the socket of a tunnel, and an error that nobody hears would end the process.
  socket.on('error', () => socket.destroy());
  const requestId = randomUUID();
  const code = status === 400 ? ErrorCode.invalidRequest : ErrorCode.transport;
  const message = STATUS_CODES[status] ?? 'Bad Request';
  const body = formatMessage(errorResponse(undefined, { code, message }));
  const head = [
    `HTTP/1.1 ${String(status)} ${message}`,
    'Content-Type: application/json',
    `Content-Length: ${String(Buffer.byteLength(body))}`,
    'Cache-Control: no-store',
    'X-Content-Type-Options: nosniff',
    `X-Request-Id: ${requestId}`,
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy());
  tell?.({ requestId, status, error: undefined });
}

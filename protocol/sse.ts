/**
 * Server-sent events as text (HTML Living Standard §9.2). We write three kinds of frames and nothing else: an event with
 * one line of data, a comment, and the priming event. Other fields and names each kill some client.
 */

/** A comment: seen by proxies and idle timers, ignored by clients. */
export const KEEP_ALIVE_FRAME = ': keep-alive\n\n';

/**
 * One event. `data` is JSON and therefore one line; `event` and `id` come from us, never from a peer.
 * @throws Error when a line break would let one field write another
 */
export function formatEvent(data: string, id?: string, event = 'message'): string {
  if (hasBreak(data) || hasBreak(event) || (id !== undefined && hasBreak(id))) {
    throw new Error('An event field must be a single line');
  }
  return id === undefined ? `event: ${event}\ndata: ${data}\n\n` : `event: ${event}\nid: ${id}\ndata: ${data}\n\n`;
}

/**
 * The empty first event that gives a client an id to resume from and the time to wait before it does
 * (2025-11-25 transports, "Sending Messages to the Server" §6).
 */
export function formatPriming(id: string, retryMs: number): string {
  return `id: ${id}\nretry: ${retryMs}\ndata: \n\n`;
}

/** How long a client should wait before it comes back; said when a server ends a stream on purpose. */
export function formatRetry(retryMs: number): string {
  return `retry: ${retryMs}\n\n`;
}

function hasBreak(text: string): boolean {
  return text.includes('\n') || text.includes('\r');
}

import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** How often an answer that its client takes too slowly is looked at. */
const LOOK_MS = 1000;

/** Tells a client that takes nothing from one that is only slow: who takes anything at all is waited for. */
export class Stall {
  readonly #res: ServerResponse;
  #since: number;
  #taken: number;

  /** Begins to look. @param now `performance.now()` */
  constructor(res: ServerResponse, now: number) {
    this.#res = res;
    this.#since = now;
    this.#taken = takenOf(res);
  }

  /** For how long its client has taken nothing, in ms. */
  lastsMs(now: number): number {
    const taken = takenOf(this.#res);
    if (taken !== this.#taken) {
      this.#since = now;
      this.#taken = taken;
    }
    return now - this.#since;
  }
}

/**
 * Gives up on a client that takes nothing of an answer, which is sent in one piece, for that long. To be called when the
 * answer is on its way; what the system took at once costs nothing.
 */
export function watchDelivery(res: ServerResponse, stallMs: number, onStalled: () => void): void {
  if (res.writableLength === 0) return;
  const stall = new Stall(res, performance.now());
  const timer = setInterval(
    () => {
      // One that still waits for its turn on the connection is not told that there will be none.
      if (res.req.socket.destroyed) return clearInterval(timer);
      if (stall.lastsMs(performance.now()) < stallMs) return;
      onStalled();
      res.destroy();
    },
    Math.min(LOOK_MS, stallMs),
  ).unref();
  res.once('close', () => clearInterval(timer));
}

// What has left for the client. Of one large write only the handle knows how much of it is gone. An answer that waits for
// others on its connection is not its client's fault: `NaN` is never the same.
function takenOf({ socket }: { socket: (Socket & { _handle?: { writeQueueSize?: number } | null }) | null }): number {
  return socket === null ? NaN : socket.bytesWritten - socket.writableLength - (socket._handle?.writeQueueSize ?? 0);
}

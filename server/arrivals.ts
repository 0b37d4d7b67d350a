import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** A round that took longer was kept waiting itself, and so may have been whoever is on the way. */
const ROUND_MS = 1;

/** Who comes to a server, and when. Knows when its port can be closed without shutting it in somebody's face. */
export class Arrivals {
  readonly #server: Server;
  readonly #connections = new Map<Socket, number>();
  #lastAt = -Infinity;

  constructor(server: Server) {
    this.#server = server;
    server.on('connection', (socket: Socket) => {
      this.#lastAt = performance.now();
      this.#connections.set(socket, this.#lastAt);
      socket.once('close', () => this.#connections.delete(socket));
    });
  }

  /**
   * From now on each answer is the last one on its connection: who has more to say is told to connect elsewhere. Nobody
   * has to be told before, so until now requests are not listened to.
   */
  sendAway(): void {
    this.#lastAt = performance.now();
    this.#server.prependListener('request', (_req, res) => {
      this.#lastAt = performance.now();
      res.shouldKeepAlive = false;
    });
  }

  /**
   * Resolves when nobody has come for so long, or it is too late; in either case in the turn in which all who waited to
   * be let in have been. Whoever connects behind that and before the port is closed has its request cut off unread.
   */
  async quiet(quietMs: number, giveUpAt: number): Promise<void> {
    let isQuiet = false;
    while (!isQuiet && performance.now() < giveUpAt) {
      const now = performance.now();
      const restMs = this.#lastAt + quietMs - now;
      if (restMs > 0) await sleep(Math.min(restMs, giveUpAt - now));
      const [before, beganAt] = [this.#lastAt, performance.now()];
      await letIn();
      isQuiet = this.#lastAt === before && beganAt - before >= quietMs && performance.now() - beganAt <= ROUND_MS;
    }
    if (!isQuiet) await letIn();
  }

  /** Ends connections that have not said a word for so long. Clients keep spare ones, which Node does not count as idle. */
  endSilent(silenceMs: number): void {
    const since = performance.now() - silenceMs;
    for (const [socket, at] of this.#connections) if (socket.bytesRead === 0 && at <= since) socket.destroy();
  }
}

function letIn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

// A TCP proxy that does what networks do: cuts, waits, buffers, forgets. It knows no HTTP beyond what a test tells it to look for.
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

export interface Faults {
  /** Cuts the n-th connection (from 0) after this many bytes of the server's; `undefined` leaves it whole. */
  readonly cutAfterBytes?: (connection: number) => number | undefined;
  /** Cuts right behind the first match in what the server says. Each match of the pattern is used once in the proxy's life. */
  readonly cutAt?: RegExp;
  /** `end` closes in order, `reset` breaks off. */
  readonly cut?: 'end' | 'reset';
  /** Holds every piece of the server's back that long. */
  readonly delayMs?: number;
  /** Keeps what the server says until it has that many bytes, or the server has ended: `proxy_buffering on`. */
  readonly bufferBytes?: number;
  /** Cuts a connection on which nothing was said for that long, as balancers do. */
  readonly idleMs?: number;
  /** Takes at most that many bytes of the server's in a second: a slow reader. */
  readonly bytesPerSecond?: number;
}

export interface FaultyProxy {
  readonly url: string;
  /** How many connections were made, and how many of them were cut. */
  readonly connections: number;
  readonly cuts: number;
  /** From now on. */
  set(faults: Faults): void;
  /** Cuts every connection there is; the pattern chooses by what the client said. */
  cutNow(client?: RegExp): void;
  /** Forwards nothing more on the connections there are, and closes none of them. */
  freeze(client?: RegExp): void;
  close(): Promise<void>;
}

export async function startProxy(target: string, faults: Faults = {}): Promise<FaultyProxy> {
  const proxy = new Proxying(target, faults);
  await proxy.listen();
  return proxy;
}

class Proxying implements FaultyProxy {
  readonly #target: URL;
  readonly #links = new Set<Link>();
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;
  #faults: Faults;
  #isCutAt = false;
  #connections = 0;
  #cuts = 0;

  constructor(target: string, faults: Faults) {
    this.#target = new URL(target);
    this.#faults = faults;
    this.#server = createServer({ allowHalfOpen: true }, (client) => this.#join(client));
  }

  async listen(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  get url(): string {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('The proxy does not listen');
    return `http://127.0.0.1:${address.port}`;
  }

  get connections(): number {
    return this.#connections;
  }

  get cuts(): number {
    return this.#cuts;
  }

  set(faults: Faults): void {
    this.#faults = faults;
    this.#isCutAt = false;
  }

  cutNow(client = /(?:)/): void {
    for (const link of [...this.#links]) if (client.test(link.said)) link.cut();
  }

  freeze(client = /(?:)/): void {
    for (const link of this.#links) if (client.test(link.said)) link.freeze();
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    const closed = once(this.#server, 'close');
    this.#server.close();
    await closed;
  }

  /** Once for all connections: where the pattern has cut already it lets pass. */
  cutsAt(text: string): number | undefined {
    const match = this.#isCutAt ? undefined : this.#faults.cutAt?.exec(text);
    if (match === undefined || match === null) return undefined;
    this.#isCutAt = true;
    return match.index + match[0].length;
  }

  count(): void {
    this.#cuts += 1;
  }

  forget(link: Link): void {
    this.#links.delete(link);
  }

  #join(client: Socket): void {
    const server = connect({ host: this.#target.hostname, port: Number(this.#target.port), allowHalfOpen: true });
    const number = this.#connections++;
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    }
    this.#links.add(new Link(client, server, this.#faults, this, this.#faults.cutAfterBytes?.(number)));
  }
}

class Link {
  /** What the client said. */
  said = '';
  readonly #client: Socket;
  readonly #server: Socket;
  readonly #faults: Faults;
  readonly #proxy: Proxying;
  #left: number | undefined;
  #heard = '';
  #held: Buffer[] = [];
  #isFrozen = false;
  #isOver = false;

  constructor(client: Socket, server: Socket, faults: Faults, proxy: Proxying, cutAfter: number | undefined) {
    this.#client = client;
    this.#server = server;
    this.#faults = faults;
    this.#proxy = proxy;
    this.#left = cutAfter;
    for (const socket of [client, server]) {
      socket.setNoDelay(true);
      socket.on('error', () => this.destroy());
      socket.on('close', () => this.#isFrozen || this.destroy());
      if (faults.idleMs !== undefined) socket.setTimeout(faults.idleMs, () => this.cut());
    }
    client.on('data', (chunk: Buffer) => {
      this.said = (this.said + chunk.toString('latin1')).slice(-10_000);
      if (!this.#isFrozen) server.write(chunk);
    });
    client.on('end', () => this.#isFrozen || server.end());
    void this.#carry();
  }

  cut(): void {
    if (this.#isOver) return;
    this.#proxy.count();
    if (this.#faults.cut === 'end') this.#client.destroySoon();
    else this.#client.resetAndDestroy();
    this.destroy(this.#faults.cut === 'end');
  }

  freeze(): void {
    this.#isFrozen = true;
    this.#server.pause();
  }

  destroy(isInOrder = false): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#proxy.forget(this);
    if (!isInOrder) this.#client.destroy();
    this.#server.destroy();
  }

  // From the server to the client, with whatever is wrong with the way.
  async #carry(): Promise<void> {
    try {
      for await (const chunk of this.#server as AsyncIterable<Buffer>) {
        const { delayMs, bytesPerSecond } = this.#faults;
        if (delayMs !== undefined) await delay(delayMs);
        if (bytesPerSecond !== undefined) await delay((chunk.length / bytesPerSecond) * 1000);
        if (this.#isFrozen) await new Promise(() => undefined);
        if (this.#isOver || !(await this.#give(chunk))) return;
      }
      await this.#flush();
      if (!this.#isOver) this.#client.end();
    } catch {
      this.destroy();
    }
  }

  /** @returns false when the connection was cut */
  async #give(chunk: Buffer): Promise<boolean> {
    const until = this.#cutIn(chunk);
    this.#held.push(until === undefined ? chunk : chunk.subarray(0, until));
    const held = this.#held.reduce((sum, { length }) => sum + length, 0);
    if (until !== undefined || held >= (this.#faults.bufferBytes ?? 0)) await this.#flush();
    if (until !== undefined) this.cut();
    return until === undefined;
  }

  #cutIn(chunk: Buffer): number | undefined {
    const before = this.#heard.length;
    this.#heard += chunk.toString('latin1');
    const at = this.#proxy.cutsAt(this.#heard);
    this.#heard = this.#heard.slice(-10_000);
    if (at !== undefined) return Math.max(0, at - before);
    if (this.#left === undefined) return undefined;
    this.#left -= chunk.length;
    return this.#left <= 0 ? Math.max(0, chunk.length + this.#left) : undefined;
  }

  // As slow as the client takes it: what it does not take stays with the server.
  async #flush(): Promise<void> {
    const bytes = Buffer.concat(this.#held.splice(0));
    if (bytes.length === 0 || this.#client.destroyed) return;
    await new Promise<void>((resolve) => {
      this.#client.once('close', () => resolve());
      this.#client.write(bytes, () => resolve());
    });
  }
}

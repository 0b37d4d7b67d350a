// Clients that call without pause, and come back as clients do: again on 503, elsewhere when a stream is cut.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Json } from '../clients/test-client.js';
import type { SseReader } from '../sse-reader.js';
import { call, LegacyVisitor, McpVisitor, type Reply, textOf } from './visitor.js';

type Where = { readonly url: string };

const RETRY_MS = 50;
const GIVE_UP_MS = 30_000;

/** 503 says that nothing was made: whoever reads it may try again. */
async function insist(send: () => Promise<Reply>): Promise<Reply> {
  const end = performance.now() + GIVE_UP_MS;
  for (;;) {
    const reply = await send();
    if (reply.status !== 503 || performance.now() > end) return reply;
    await sleep(RETRY_MS);
  }
}

async function open<T>(connect: () => Promise<T>): Promise<T> {
  const end = performance.now() + GIVE_UP_MS;
  for (;;) {
    try {
      return await connect();
    } catch (error) {
      if (!String(error).includes('503') || performance.now() > end) throw error;
      await sleep(RETRY_MS);
    }
  }
}

abstract class Load {
  answered = 0;
  readonly failures: string[] = [];
  #isStopped = false;
  readonly #name: string;

  constructor(name: string) {
    this.#name = name;
  }

  async run(): Promise<void> {
    for (let n = 0; !this.#isStopped; n += 1) {
      const label = `${this.#name}-${n}`;
      try {
        const said = await this.call(label, n);
        if (said.startsWith(`${label} by `)) this.answered += 1;
        else this.failures.push(`${label}: ${said}`);
      } catch (error) {
        this.failures.push(`${label}: ${String(error)}`);
      }
    }
    await this.end();
  }

  stop(): void {
    this.#isStopped = true;
  }

  protected abstract call(label: string, n: number): Promise<string>;
  protected abstract end(): Promise<void>;
}

/** Calls on /mcp: every other one is answered with a stream, which is resumed when it is cut. */
export class LoadClient extends Load {
  readonly #at: Where;
  readonly #visitor: McpVisitor;

  private constructor(at: Where, name: string, visitor: McpVisitor) {
    super(name);
    this.#at = at;
    this.#visitor = visitor;
  }

  static async open(at: Where, name: string): Promise<LoadClient> {
    return new LoadClient(at, name, await McpVisitor.open(at));
  }

  protected async call(label: string, n: number): Promise<string> {
    if (n % 2 === 0) {
      const reply = await insist(() => this.#visitor.post(this.#at, call('work', { label, ms: 20 }, n)));
      return reply.status === 200 ? textOf(reply.body) : `${reply.status} ${JSON.stringify(reply.body)}`;
    }
    const message = call('work', { label, ms: 60, steps: 3 }, n, { progressToken: n });
    return this.#follow(await open(() => this.#visitor.stream(this.#at, message)), n);
  }

  protected async end(): Promise<void> {
    await this.#visitor.status(this.#at, 'DELETE');
  }

  async #follow(first: SseReader, n: number): Promise<string> {
    let stream = first;
    for (let tries = 0; tries < 5; tries += 1) {
      const answer = await stream.nextMessage(({ id }) => id === n).catch(() => undefined);
      if (answer !== undefined) return textOf(answer);
      const from = stream.events.findLast(({ id }) => id !== undefined)?.id;
      if (from === undefined) return 'a stream that ended without a word';
      stream = await open(() => this.#visitor.get(this.#at, from));
    }
    return 'never answered';
  }
}

/** Calls on the legacy pair; its stream is opened again where it was cut. */
export class LegacyLoadClient extends Load {
  readonly #at: Where;
  #visitor: LegacyVisitor;
  readonly #answers = new Map<number, Json>();
  #reading: Promise<void> = Promise.resolve();
  #isOver = false;

  private constructor(at: Where, name: string, visitor: LegacyVisitor) {
    super(name);
    this.#at = at;
    this.#visitor = visitor;
  }

  static async open(at: Where, name: string): Promise<LegacyLoadClient> {
    const visitor = await LegacyVisitor.open(at);
    await visitor.initialize(at);
    const client = new LegacyLoadClient(at, name, visitor);
    client.#reading = client.#read();
    return client;
  }

  protected async call(label: string, n: number): Promise<string> {
    const reply = await insist(() => this.#visitor.post(this.#at, call('work', { label, ms: 20 }, n)));
    if (reply.status !== 202) return `${reply.status} ${JSON.stringify(reply.body)}`;
    const end = performance.now() + GIVE_UP_MS;
    while (!this.#answers.has(n)) {
      if (performance.now() > end) return 'never answered';
      await sleep(5);
    }
    return textOf(this.#answers.get(n));
  }

  protected async end(): Promise<void> {
    this.#isOver = true;
    this.#visitor.close();
    await this.#reading;
  }

  async #read(): Promise<void> {
    for (;;) {
      for await (const { data } of this.#visitor.stream) {
        if (data?.startsWith('{') !== true) continue;
        const message: Json = JSON.parse(data);
        if (this.#answers.has(message.id)) this.failures.push(`answered twice: ${data}`);
        this.#answers.set(message.id, message);
      }
      if (this.#isOver) return;
      const from = this.#visitor.lastEventId;
      this.#visitor = await open(() => LegacyVisitor.open(this.#at, from));
    }
  }
}

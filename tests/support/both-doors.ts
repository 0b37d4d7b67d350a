// The same behaviours over the legacy pair and over /mcp. What a test says here, both doors promise.
import { afterEach, beforeEach, describe, it } from '@jest/globals';
import type { Inbox } from './clients/inbox.js';
import { openLegacyWire } from './clients/legacy-wire.js';
import { openMcpWire } from './clients/mcp-wire.js';
import { shakeHands } from './clients/peer-client.js';
import { RpcPeer, type Id, type Message, type RequestOptions, type Wire } from './clients/rpc-peer.js';
import {
  toEndpoint,
  type Door,
  type Json,
  type Notification,
  type Revision,
  type ToolResult,
} from './clients/test-client.js';
import { startServer, type TestServer } from './server.js';

type ServerOptions = Parameters<typeof startServer>[0];

export interface BothDoors {
  readonly door: Door;
  /** Connected before each test and closed after it. */
  readonly client: DoorClient;
  readonly it: typeof it;
  /** The server of the running test; each test has its own. */
  readonly server: () => TestServer;
  /** Another client of the same server and door, closed with the test. */
  readonly connect: (options?: DoorOptions) => Promise<DoorClient>;
}

export interface DoorOptions {
  /** Declared in `initialize`; by default all of them. */
  readonly capabilities?: Json;
  readonly headers?: Readonly<Record<string, string>>;
  /** Asked for in `initialize`. */
  readonly revision?: Revision;
}

interface BothDoorsOptions extends DoorOptions {
  readonly serverOptions?: ServerOptions;
  /** How a server is started, where the usual way does not do. */
  readonly start?: typeof startServer;
}

const DOORS: readonly Door[] = ['legacy', 'mcp'];
const ALL_CAPABILITIES = { sampling: {}, elicitation: { form: {}, url: {} }, roots: { listChanged: true } };

/** Defines the tests once for each door, in a `describe` of its own, with a fresh server and client for each test. */
export function onBothDoors(
  title: string,
  define: (doors: BothDoors) => void,
  { serverOptions, start = startServer, ...doorOptions }: BothDoorsOptions = {},
): void {
  describe.each(DOORS)(`${title} (%s door)`, (door) => {
    const client = new DoorClient(door);
    const extra: DoorClient[] = [];
    let server: TestServer | undefined;

    function running(): TestServer {
      if (!server) throw new Error('The server runs only while a test does');
      return server;
    }

    beforeEach(async () => {
      server = await start(serverOptions);
      await client.connect(server.url, doorOptions);
    });

    afterEach(async () => {
      try {
        for (const one of [client, ...extra.splice(0)]) await one.close();
      } finally {
        await server?.close();
        server = undefined;
      }
    });

    async function connect(options: DoorOptions = doorOptions): Promise<DoorClient> {
      const another = new DoorClient(door);
      extra.push(another);
      await another.connect(running().url, options);
      return another;
    }

    define({ door, client, it, server: running, connect });
  });
}

/** A light and strict client on fetch that is the same over both doors. */
export class DoorClient {
  readonly door: Door;
  /** The result of `initialize`. */
  initialized: Json;
  #peer = new RpcPeer(() => Promise.reject(new Error('Not connected')));
  #wire: Wire | undefined;

  constructor(door: Door) {
    this.door = door;
  }

  async connect(
    url: string,
    { capabilities = ALL_CAPABILITIES, headers = {}, revision }: DoorOptions = {},
  ): Promise<void> {
    const peer: RpcPeer = new RpcPeer(async (message) => (await opening).send(message));
    const open = this.door === 'legacy' ? openLegacyWire : openMcpWire;
    const opening: Promise<Wire> = Promise.resolve(open(toEndpoint(url, this.door), peer, { headers }));
    this.#peer = peer;
    this.#wire = await opening;
    this.initialized = await shakeHands(peer, this.#wire, capabilities, revision);
  }

  /** What the server said unasked. */
  get notifications(): Inbox<Notification> {
    return this.#peer.notifications;
  }

  /** What the server asked. */
  get requests(): Inbox<Message> {
    return this.#peer.requests;
  }

  /** What the server did wrong. */
  get errors(): readonly Error[] {
    return this.#peer.errors;
  }

  /** The result; rejects with an RpcFailure when the server answers an error. */
  request(method: string, params?: Json, options?: RequestOptions): Promise<Json> {
    return this.#peer.request(method, params, options);
  }

  callTool(name: string, args: Record<string, unknown> = {}, options?: RequestOptions): Promise<ToolResult> {
    return this.#peer.request('tools/call', { name, arguments: args }, options);
  }

  notify(method: string, params?: Json): Promise<void> {
    return this.#peer.notify(method, params);
  }

  cancel(requestId: Id, reason = 'not needed any more'): Promise<void> {
    return this.notify('notifications/cancelled', { requestId, reason });
  }

  /** Who answers the server's requests from now on; what it throws goes back as an error. */
  answerRequests(answer: (method: string, params: Json) => unknown): void {
    this.#peer.answerRequests(answer);
  }

  async close(): Promise<void> {
    const wire = this.#wire;
    this.#wire = undefined;
    await wire?.close();
    this.#peer.end(new Error('The client was closed'));
  }
}

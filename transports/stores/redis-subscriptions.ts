import type { createClient } from 'redis';

type Listener = (message: string) => void;

interface Channel {
  readonly listeners: Set<Listener>;
  /** Settles when Redis has been told. */
  readonly told: Promise<void>;
  isTold: boolean;
}

/** Who listens to which channel on the one connection that listens. Redis is told of a channel once. */
export class RedisSubscriptions {
  readonly #client: ReturnType<typeof createClient>;
  readonly #channels = new Map<string, Channel>();
  #isChecking = false;

  constructor(client: ReturnType<typeof createClient>) {
    this.#client = client;
  }

  /** Whether Redis has been told of a channel. */
  has(name: string): boolean {
    return this.#channels.get(name)?.isTold === true;
  }

  /** Begins at once when the channel is heard already; otherwise when `told` resolves. */
  watch(name: string, listener: Listener): { told: Promise<void> | undefined; unwatch: () => void } {
    const channel = this.#channels.get(name) ?? this.#open(name);
    channel.listeners.add(listener);
    const unwatch = (): void => this.#unwatch(name, channel, listener);
    return { told: channel.isTold ? undefined : channel.told, unwatch };
  }

  /** Makes the connection anew when nothing comes over it any more: a store that hangs closes nothing. */
  async check(dropAfterMs: number): Promise<void> {
    if (this.#isChecking) return;
    this.#isChecking = true;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<true>((resolve) => (timer = setTimeout(() => resolve(true), dropAfterMs).unref()));
    const isLate = await Promise.race([this.#client.ping().catch(() => undefined), late]);
    clearTimeout(timer);
    this.#isChecking = false;
    if (isLate !== true || !this.#client.isOpen) return;
    this.#client.destroy();
    // It tells of its failures by itself, and goes on trying.
    await this.#client.connect().catch(() => undefined);
  }

  #open(name: string): Channel {
    const told = this.#client.subscribe(name, this.#receive);
    const channel: Channel = { listeners: new Set(), told, isTold: false };
    this.#channels.set(name, channel);
    told.then(
      () => (channel.isTold = true),
      () => undefined,
    );
    return channel;
  }

  #unwatch(name: string, channel: Channel, listener: Listener): void {
    if (!channel.listeners.delete(listener) || channel.listeners.size > 0) return;
    this.#channels.delete(name);
    if (!this.#client.isOpen) return;
    this.#client.unsubscribe(name, this.#receive).catch(() => undefined);
  }

  // One message may make a listener end another.
  readonly #receive = (message: string, name: string): void => {
    for (const listener of [...(this.#channels.get(name)?.listeners ?? [])]) listener(message);
  };
}

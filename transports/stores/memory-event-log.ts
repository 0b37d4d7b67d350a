import type { EventKind, EventLog, EventSink, Following } from '../event-log.js';
import { SessionWindow, type Total } from './memory-window.js';

export interface Window {
  readonly events: number;
  readonly bytes: number;
  readonly ms: number;
}

export interface MemoryLogOptions extends Window {
  /** What the windows of all sessions may amount to; beyond it those that were quiet longest lose theirs. */
  readonly totalBytes?: number | undefined;
}

/** The event log of one process. */
export class MemoryEventLog implements EventLog {
  /** Those that were written to last stand last. */
  readonly #sessions = new Map<string, SessionWindow>();
  readonly #window: Window;
  readonly #totalBytes: number;
  readonly #total: Total = { bytes: 0 };
  #timer: NodeJS.Timeout | undefined;

  constructor({ totalBytes = Infinity, ...window }: MemoryLogOptions) {
    this.#window = window;
    this.#totalBytes = totalBytes;
  }

  append(session: string, stream: string, data: string, kind: EventKind): void | Promise<void> {
    const window = this.#open(session);
    const wait = window.append(stream, data, kind);
    // While there is room for all it does not matter who came last.
    if (this.#total.bytes > this.#totalBytes / 2) {
      this.#sessions.delete(session);
      this.#sessions.set(session, window);
      this.#shrink(window);
    }
    return wait;
  }

  follow(session: string, stream: string, after: string, sink: EventSink): Following {
    return this.#open(session).stream(stream).follow(Number(after), sink);
  }

  holds(session: string, stream: string, after: string): boolean {
    return this.#sessions.get(session)?.holds(stream, Number(after)) ?? false;
  }

  oldest(session: string, stream: string): string {
    return String(this.#sessions.get(session)?.find(stream)?.evicted ?? 0);
  }

  /** In one process a session knows its calls itself, and nobody is left to speak for the dead. */
  expect(): boolean {
    return true;
  }

  release(): void {
    return;
  }

  isSpent(session: string, stream: string, after: string): boolean {
    const found = this.#sessions.get(session)?.find(stream);
    return found !== undefined && found.isClosed && found.last <= Number(after);
  }

  close(session: string, stream: string): void {
    this.#sessions.get(session)?.close(stream);
  }

  queued(session: string, stream?: string): number {
    const window = this.#sessions.get(session);
    return (stream === undefined ? window?.queued : window?.find(stream)?.queued) ?? 0;
  }

  drop(session: string): void {
    this.#sessions.get(session)?.drop();
    this.#sessions.delete(session);
    if (this.#sessions.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** What is kept, of all sessions. */
  get size(): { sessions: number; streams: number; bytes: number } {
    let streams = 0;
    for (const window of this.#sessions.values()) streams += window.streams;
    return { sessions: this.#sessions.size, streams, bytes: this.#total.bytes };
  }

  // Lets go of what is older than the window.
  #sweep(): void {
    const oldest = performance.now() - this.#window.ms;
    for (const window of this.#sessions.values()) window.evictBefore(oldest);
  }

  #shrink(newest: SessionWindow): void {
    for (const window of this.#sessions.values()) {
      if (window === newest) return;
      while (this.#total.bytes > this.#totalBytes) if (!window.evictOldest()) break;
      if (this.#total.bytes <= this.#totalBytes) return;
    }
  }

  #open(session: string): SessionWindow {
    let window = this.#sessions.get(session);
    if (window === undefined) {
      window = new SessionWindow(this.#window, this.#total);
      this.#sessions.set(session, window);
      this.#timer ??= setInterval(() => this.#sweep(), Math.max(10, Math.min(10_000, this.#window.ms / 4))).unref();
    }
    return window;
  }
}

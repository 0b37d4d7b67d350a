/** Everything about the transports that an operator may set. Times in ms, sizes in bytes. */
export interface TransportSettings {
  /** What becomes of requests without a session, or with one nobody knows. */
  readonly sessions: 'optional' | 'lenient' | 'required' | 'off';
  readonly legacyEndpoint: 'relative' | 'absolute';
  /** The canonical URL of the server, without a path of ours at its end. */
  readonly publicUrl: string | undefined;
  readonly responseMode: 'auto' | 'json' | 'sse';
  readonly responseRouting: 'post' | 'stream';
  /** When an answer that is not ready becomes a stream. */
  readonly streamAfterMs: number;
  readonly keepAliveMs: number;
  readonly retryMs: number;
  /** How long a legacy session waits for its stream to come back. */
  readonly legacyResumeMs: number;
  readonly sessionIdleMs: number;
  /** The window of a session: what can be read again. */
  readonly replayEvents: number;
  readonly replayBytes: number;
  readonly replayMs: number;
  /** What the windows of all sessions may amount to. */
  readonly replayTotalBytes: number;
  /** What a stream holds at most that its client has not taken, and how long it waits for that. */
  readonly streamBufferBytes: number;
  readonly stallMs: number;
  readonly maxBodyBytes: number;
  readonly maxSessions: number;
  readonly maxSessionsPerPrincipal: number;
  /** Also how many questions of ours one client may have open. */
  readonly maxCallsPerSession: number;
  /** Calls in flight in all, those of clients without a session among them. */
  readonly maxCalls: number;
  /** How long a client may take to answer a question of ours. */
  readonly askTimeoutMs: number;
  /** How long a sealed `requestState` can be used. */
  readonly stateTtlMs: number;
  readonly maxTasks: number;
  readonly taskTtlMs: number;
}

export const DEFAULT_SETTINGS: TransportSettings = {
  sessions: 'optional',
  legacyEndpoint: 'relative',
  publicUrl: undefined,
  responseMode: 'auto',
  responseRouting: 'post',
  streamAfterMs: 1000,
  keepAliveMs: 15_000,
  retryMs: 2500,
  legacyResumeMs: 30_000,
  sessionIdleMs: 1_800_000,
  replayEvents: 1000,
  replayBytes: 1_048_576,
  replayMs: 300_000,
  replayTotalBytes: 268_435_456,
  streamBufferBytes: 1_048_576,
  stallMs: 30_000,
  maxBodyBytes: 1_048_576,
  maxSessions: 10_000,
  maxSessionsPerPrincipal: 1000,
  maxCallsPerSession: 100,
  maxCalls: 10_000,
  askTimeoutMs: 300_000,
  stateTtlMs: 600_000,
  maxTasks: 1000,
  taskTtlMs: 3_600_000,
};

import { ANONYMOUS, type AbortCause, type Call, type CallLimits, type Question } from '../../protocol/call.js';
import { isSevere } from '../../protocol/lifecycle.js';
import type { LogLevel } from '../../protocol/mcp.js';

export interface Sent {
  readonly method: string;
  readonly params: Record<string, unknown>;
}

/** A call made by hand, which remembers what a method or tool did with it. */
export interface FakeCall extends Call {
  /** Every notification, in order. */
  readonly sent: Sent[];
  /** Every `progress`, in order; not among `sent`. */
  readonly progressed: { progress: number; total?: number | undefined; message?: string | undefined }[];
  readonly asked: Question[];
  readonly limits: CallLimits[];
  /** How often the call was to become a task. */
  tasks: number;
  /** How often its stream was closed under it. */
  closedStreams: number;
  abort(cause?: AbortCause): void;
}

export interface FakeCallOptions extends Partial<Omit<Call, 'signal' | 'hears'>> {
  /** The mildest severity the client hears; absent: none. */
  readonly logLevel?: LogLevel;
  /** What the client says to the n-th question. */
  readonly answers?: readonly unknown[];
}

export function fakeCall({ logLevel, answers = [], ...overrides }: FakeCallOptions = {}): FakeCall {
  const controller = new AbortController();
  const call: FakeCall = {
    id: 1,
    revision: '2025-11-25',
    principal: ANONYMOUS,
    client: { capabilities: {} },
    session: undefined,
    exchangeId: 'exchange-1',
    progressToken: undefined,
    meta: {},
    signal: controller.signal,
    knowsTasks: false,
    sent: [],
    progressed: [],
    asked: [],
    limits: [],
    tasks: 0,
    closedStreams: 0,
    hears: (level) => logLevel !== undefined && isSevere(level, logLevel),
    async notify(method, params) {
      call.sent.push({ method, params: params as Record<string, unknown> });
    },
    async progress(progress, total, message) {
      call.progressed.push({ progress, total, message });
    },
    async ask(question) {
      call.asked.push(question);
      return question.read(answers[call.asked.length - 1]);
    },
    limit(limits) {
      call.limits.push(limits);
    },
    async becomeTask() {
      call.tasks += 1;
    },
    async closeStream() {
      call.closedStreams += 1;
    },
    abort(cause = 'cancelled') {
      controller.abort(cause);
    },
    ...overrides,
  };
  return call;
}

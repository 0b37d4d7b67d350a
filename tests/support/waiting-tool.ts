import { defineTool, type Tool } from '../../tools/define-tool.js';
import { DEFAULT_WAIT_MS, within } from './clients/within.js';

/** A tool called `wait`, which waits until the test lets it finish, or nobody wants it any more. */
export interface WaitingTool {
  readonly tool: Tool;
  /** Of every call, in the order they began. */
  readonly signals: readonly AbortSignal[];
  /** Resolves when that many calls have begun. */
  started(calls?: number): Promise<void>;
  /** Resolves when the signal of that call has fired. */
  aborted(call?: number): Promise<void>;
  /** Lets all calls finish, those to come too. */
  finish(): void;
}

export function waitingTool(): WaitingTool {
  const signals: AbortSignal[] = [];
  let announce = (): void => {};
  let finish = (): void => {};
  const finished = new Promise<void>((resolve) => (finish = resolve));
  const tool = defineTool({
    name: 'wait',
    description: 'Waits until it is let go.',
    async run(_args, { signal }) {
      signals.push(signal);
      announce();
      const aborted = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
      await Promise.race([finished, aborted]);
      return 'waited';
    },
  });

  async function started(calls = 1): Promise<void> {
    while (signals.length < calls) {
      const another = new Promise<void>((resolve) => (announce = resolve));
      if (signals.length < calls) await within(DEFAULT_WAIT_MS, 'the tool to be called', another);
    }
  }

  async function aborted(call = 1): Promise<void> {
    const signal = signals[call - 1];
    if (signal === undefined) throw new Error(`There was no call ${call}`);
    if (signal.aborted) return;
    const fired = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    await within(DEFAULT_WAIT_MS, 'the signal of the call to fire', fired);
  }

  return { tool, signals, started, aborted, finish: () => finish() };
}

import { jest } from '@jest/globals';

export interface FakeClock {
  /** Lets that much time pass, with everything that happens in it. */
  pass(ms: number): Promise<void>;
  readonly now: number;
}

/** Turns the clock by hand while the test runs. What streams need to flow goes on by itself. */
export async function withFakeClock(run: (clock: FakeClock) => Promise<void>): Promise<void> {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate', 'clearImmediate'] });
  const begun = performance.now();
  try {
    await run({
      pass: (ms) => jest.advanceTimersByTimeAsync(ms),
      get now() {
        return performance.now() - begun;
      },
    });
  } finally {
    jest.useRealTimers();
  }
}

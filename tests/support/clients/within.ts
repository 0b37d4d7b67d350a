// From node:timers and not from the global object, so that a test that turns the clock does not stop its own time limits.
import { clearTimeout, setTimeout } from 'node:timers';

export const DEFAULT_WAIT_MS = 10_000;

/** The promise's outcome, or an error that says what was awaited. `detail` is asked only when the time is up; Infinity sets no limit. */
export async function within<T>(
  waitMs: number,
  what: string,
  promise: Promise<T>,
  detail: () => string = () => '',
): Promise<T> {
  if (waitMs === Infinity) return promise;
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`Waited ${waitMs} ms for ${what}${detail()}`)), waitMs);
  });
  try {
    return await Promise.race([promise, limit]);
  } finally {
    clearTimeout(timer);
  }
}

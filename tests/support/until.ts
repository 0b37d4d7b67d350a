import { setTimeout } from 'node:timers/promises';
import { DEFAULT_WAIT_MS } from './clients/within.js';

/** Looks again and again until the condition holds: for what nothing announces. */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  waitMs = DEFAULT_WAIT_MS,
): Promise<void> {
  const end = performance.now() + waitMs;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`Waited ${waitMs} ms until ${what}`);
    await setTimeout(5);
  }
}

import { setTimeout as sleep } from 'node:timers/promises';

/** Resolves when it is so. For what other processes do, and nobody is told of. */
export async function until(isSo: () => boolean | Promise<boolean>, waitMs = 15_000): Promise<void> {
  const end = performance.now() + waitMs;
  while (!(await isSo())) {
    if (performance.now() > end) throw new Error(`Waited ${waitMs} ms until ${isSo.toString()}`);
    await sleep(20);
  }
}

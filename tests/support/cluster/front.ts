import { rm } from 'node:fs/promises';
import type { Child } from './child.js';

/** A balancer of the test's own in front of instances, with a folder for what it needs. */
export class Front {
  readonly url: string;
  readonly #child: Child;
  readonly #folder: string;

  protected constructor(url: string, child: Child, folder: string) {
    this.url = url;
    this.#child = child;
    this.#folder = folder;
  }

  async close(): Promise<void> {
    await this.#child.stop('SIGTERM');
    await rm(this.#folder, { recursive: true, force: true });
  }
}

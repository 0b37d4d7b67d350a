// An instance that is told to go while others are there: whoever still comes is told so in words, not by a closed port.
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { Cluster, type Instance } from '../../support/cluster/cluster.js';
import { describeWith } from '../../support/cluster/programs.js';
import { until } from '../../support/cluster/until.js';
import { call, post } from '../../support/cluster/visitor.js';

/** Calls as a balancer does that has not noticed yet, each call on whatever connection there is. */
class Callers {
  readonly answers: string[] = [];
  readonly #running: Promise<unknown>;
  #isStopped = false;

  constructor(at: Instance) {
    this.#running = Promise.all(Array.from({ length: 4 }, () => this.#run(at)));
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#running;
  }

  async #run(at: Instance): Promise<void> {
    while (!this.#isStopped && at.child.isRunning) {
      const answer = await post(`${at.url}/mcp`, call('who')).then(
        ({ status, headers }) => `${status} ${headers.get('retry-after')} ${headers.get('connection')}`,
        (error: unknown) => String((error as { cause?: { code?: string } }).cause?.code ?? error),
      );
      this.answers.push(answer);
    }
  }
}

describeWith(['redis-server'], 'an instance that goes', () => {
  let cluster: Cluster;

  beforeEach(async () => {
    cluster = await Cluster.start({ DRAIN_MS: '3000' });
  }, 60_000);

  afterEach(() => cluster.close(), 60_000);

  async function timeToStop({ child }: Instance): Promise<number> {
    const before = performance.now();
    await child.stop('SIGTERM');
    return performance.now() - before;
  }

  it('turns away whoever comes, with the last word on each connection, until nobody does', async () => {
    const [a] = await cluster.addAll('A', 'B');
    const callers = new Callers(a);
    await until(() => callers.answers.length > 20);
    a.child.signal('SIGTERM');
    const began = performance.now();
    await until(() => callers.answers.includes('503 5 close') && performance.now() - began > 1500);
    await callers.stop();
    // Without a second signal, which would end it at once.
    expect(await a.child.ended()).toBe(0);
    expect(performance.now() - began).toBeLessThan(3000);
    expect(new Set(callers.answers)).toEqual(new Set(['200 null keep-alive', '503 5 close']));
  }, 60_000);

  it('is gone after DRAIN_MS all the same', async () => {
    const [a] = await cluster.addAll('A', 'B');
    const callers = new Callers(a);
    await until(() => callers.answers.length > 20);
    const took = await timeToStop(a);
    await callers.stop();
    expect(took).toBeGreaterThanOrEqual(3000);
    expect(took).toBeLessThan(8000);
  }, 60_000);

  it('does not wait where there are no others to go to', async () => {
    const a = await cluster.add('A');
    const callers = new Callers(a);
    await until(() => callers.answers.length > 20);
    expect(await timeToStop(a)).toBeLessThan(2900);
    await callers.stop();
  }, 60_000);
});

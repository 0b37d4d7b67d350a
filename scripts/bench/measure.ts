import { type Contestant, FLOOR, programOf, type SetUp, targetOf } from './contestants.js';
import { ServerProcess } from './server-process.js';
import { type Crew, openLegacy, openSession, openWires, type Workload } from './workloads.js';

export interface Plan {
  /** Slices of each contestant, all of them taking turns. */
  readonly rounds: number;
  readonly sliceMs: number;
  readonly warmUpMs: number;
}

/** One contestant at one workload. */
export interface Score {
  /** Operations a second as a fraction of the floor's in the same round, the median over the rounds; more is better. */
  readonly throughput: number;
  /**
   * CPU time of the server process for one operation as a multiple of the floor's; less is better. Of each the least of
   * all rounds is taken: whatever else runs on the machine can only add to it.
   */
  readonly cpu: number;
  readonly cpuMicros: number;
}

/** How much longer than asked a slice may take before its server counts as one that does not answer. */
const SLICE_LIMIT_MS = 10_000;
/** How many streams or sessions there are before those that are weighed. */
const WARM_UP = 1000;

interface Runner {
  readonly contestant: Contestant;
  readonly server: ServerProcess;
  readonly crew: Crew;
  readonly leave: (() => void) | undefined;
}

interface Tally {
  readonly operations: number;
  readonly cpuMicros: number;
  readonly ms: number;
}

/** Lets all contestants, the floor first, do one workload in alternating slices. */
export async function race(
  workload: Workload,
  contestants: readonly Contestant[],
  plan: Plan,
): Promise<Map<string, Score>> {
  const runners: Runner[] = [];
  try {
    for (const contestant of contestants) {
      const runner = await prepare(workload, contestant);
      if (runner !== undefined) runners.push(runner);
    }
    const failed = new Set<Runner>();
    const take = async (runner: Runner, ms: number): Promise<Tally | undefined> => {
      if (failed.has(runner)) return undefined;
      try {
        return await withLimit(slice(runner, ms), ms + SLICE_LIMIT_MS);
      } catch (error) {
        failed.add(runner);
        complain(runner.contestant, workload, error);
        return undefined;
      }
    };
    for (const runner of runners) await take(runner, plan.warmUpMs);
    const rounds: Map<string, Tally>[] = [];
    for (let round = 0; round < plan.rounds; round += 1) {
      const tallies = new Map<string, Tally>();
      for (const runner of runners) {
        const tally = await take(runner, plan.sliceMs);
        if (tally !== undefined) tallies.set(runner.contestant.name, tally);
      }
      rounds.push(tallies);
    }
    return score(
      runners.filter((runner) => !failed.has(runner)),
      rounds,
    );
  } finally {
    for (const { crew, server, leave } of runners) {
      crew.close();
      leave?.();
      await server.stop();
    }
  }
}

async function prepare(workload: Workload, contestant: Contestant): Promise<Runner | undefined> {
  const setUp = contestant.setUps[workload.name];
  if (setUp === undefined) return undefined;
  try {
    const server = await ServerProcess.start(programOf(contestant, setUp));
    try {
      const crew = await withLimit(workload.prepare(targetOf(server.port, setUp)));
      return { contestant, server, crew, leave: contestant.beside?.(server.port) };
    } catch (error) {
      await server.stop();
      throw error;
    }
  } catch (error) {
    complain(contestant, workload, error);
    return undefined;
  }
}

function complain({ name }: Contestant, workload: Workload, error: unknown): void {
  console.error(`${name} cannot do ${workload.name}: ${error instanceof Error ? error.message : String(error)}`);
}

async function slice({ server, crew }: Runner, ms: number): Promise<Tally> {
  const before = await server.usage();
  const startedAt = performance.now();
  const until = startedAt + ms;
  let operations = 0;
  await Promise.all(
    crew.workers.map(async (work) => {
      while (performance.now() < until) {
        await work();
        operations += 1;
      }
    }),
  );
  const elapsed = performance.now() - startedAt;
  const { cpu } = await server.usage();
  return { operations, ms: elapsed, cpuMicros: cpu.user + cpu.system - before.cpu.user - before.cpu.system };
}

function score(runners: readonly Runner[], rounds: readonly Map<string, Tally>[]): Map<string, Score> {
  const floorName = runners[0]?.contestant.name ?? '';
  const leastCpu = (name: string): number =>
    Math.min(
      ...rounds.flatMap((tallies) => tallies.get(name) ?? []).map((tally) => tally.cpuMicros / tally.operations),
    );
  const throughput = (name: string): number =>
    median(
      rounds.flatMap((tallies) => {
        const own = tallies.get(name);
        const floor = tallies.get(floorName);
        return own && floor ? [own.operations / own.ms / (floor.operations / floor.ms)] : [];
      }),
    );
  return new Map(
    runners.map(({ contestant: { name } }) => {
      const cpuMicros = leastCpu(name);
      return [name, { throughput: throughput(name), cpu: cpuMicros / leastCpu(floorName), cpuMicros }];
    }),
  );
}

/** The least that one operation costs each of the servers, in µs of CPU, while they take turns. */
export async function cpuPerCall(workload: Workload, servers: readonly ServerProcess[]): Promise<number[]> {
  const runners: Runner[] = [];
  for (const server of servers) {
    const crew = await workload.prepare(targetOf(server.port, {}));
    runners.push({ contestant: FLOOR, server, crew, leave: undefined });
  }
  for (const runner of runners) await slice(runner, 1000);
  const least = runners.map(() => Infinity);
  for (let round = 0; round < 15; round += 1) {
    for (const [index, runner] of runners.entries()) {
      const { cpuMicros, operations } = await slice(runner, 200);
      least[index] = Math.min(least[index] ?? Infinity, cpuMicros / operations);
    }
  }
  for (const { crew } of runners) crew.close();
  return least;
}

/** What one idle connection or session costs, in kB. */
export interface Weight {
  readonly rss: number;
  readonly heap: number;
}

/** Opens that many legacy streams and leaves them alone. */
export async function weighStreams(contestant: Contestant, count: number): Promise<Weight | undefined> {
  return weigh(contestant, contestant.setUps.W4, count, async (target, number) => {
    const open: { close(): void }[] = [];
    for (let n = 0; n < number; n += 50) {
      const some = await Promise.all(Array.from({ length: 50 }, () => openLegacy(target)));
      open.push(...some.map(({ stream }) => stream));
    }
    return () => {
      for (const stream of open) stream.close();
    };
  });
}

/** Opens that many `/mcp` sessions and leaves them alone. */
export async function weighSessions(contestant: Contestant, count: number): Promise<Weight | undefined> {
  return weigh(contestant, contestant.setUps.W3, count, async (target, number) => {
    const wires = openWires(target.port, 10);
    await Promise.all(
      wires.map(async (wire) => {
        for (let n = 0; n < number / wires.length; n += 1) await openSession(wire, target);
      }),
    );
    return () => {
      for (const wire of wires) wire.close();
    };
  });
}

// The first of them also make the process warm: compiled code and a larger heap are no session's.
async function weigh(
  contestant: Contestant,
  setUp: SetUp | undefined,
  count: number,
  open: (target: ReturnType<typeof targetOf>, count: number) => Promise<() => void>,
): Promise<Weight | undefined> {
  if (setUp === undefined) return undefined;
  try {
    const server = await ServerProcess.start(programOf(contestant, setUp));
    try {
      const target = targetOf(server.port, setUp);
      const leaveFirst = await withLimit(open(target, WARM_UP), 120_000);
      const before = (await server.usage('gc')).memory;
      const close = await withLimit(open(target, count), 120_000);
      const after = (await server.usage('gc')).memory;
      close();
      leaveFirst();
      const kB = (key: 'rss' | 'heapUsed'): number => (after[key] - before[key]) / 1024 / count;
      return { rss: kB('rss'), heap: kB('heapUsed') };
    } finally {
      await server.stop();
    }
  } catch (error) {
    console.error(`${contestant.name} was not weighed: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
}

/** From the start of the process to its first answer, in ms: the median, contestants taking turns. */
export async function coldStarts(
  workload: Workload,
  contestants: readonly Contestant[],
  times: number,
): Promise<Map<string, number>> {
  const measured = new Map<string, number[]>();
  for (let n = 0; n < times; n += 1) {
    for (const contestant of contestants) {
      const setUp = contestant.setUps[workload.name];
      if (setUp === undefined) continue;
      const startedAt = performance.now();
      const server = await ServerProcess.start(programOf(contestant, setUp), { isProbed: false });
      try {
        const crew = await withLimit(workload.prepare(targetOf(server.port, setUp)));
        measured.set(contestant.name, [...(measured.get(contestant.name) ?? []), performance.now() - startedAt]);
        crew.close();
      } catch (error) {
        complain(contestant, workload, error);
      } finally {
        await server.stop();
      }
    }
  }
  return new Map([...measured].map(([name, all]) => [name, median(all)]));
}

function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? NaN)) / 2;
}

function withLimit<T>(promise: Promise<T>, ms = 10_000): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

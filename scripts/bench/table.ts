import type { Contestant } from './contestants.js';
import type { Score } from './measure.js';
import type { Workload } from './workloads.js';

/** The scores as a markdown table: throughput as a fraction of the floor's, and CPU as a multiple of it. */
export function formatTable(
  workloads: readonly Workload[],
  contestants: readonly Contestant[],
  scores: ReadonlyMap<string, ReadonlyMap<string, Score>>,
): string {
  const rows = contestants.map(({ name }) => [
    name,
    ...workloads.map((workload) => {
      const score = scores.get(workload.name)?.get(name);
      return score === undefined ? '–' : `${digits(score.throughput)}, ${digits(score.cpu)}×`;
    }),
  ]);
  const head = ['throughput, CPU', ...workloads.map(({ name, title }) => `${name} ${title}`)];
  const rule = ['---', ...workloads.map(() => '---:')];
  return [head, rule, ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

// Three places where two would leave only one that says something.
function digits(value: number): string {
  return value.toFixed(value < 0.1 ? 3 : 2);
}

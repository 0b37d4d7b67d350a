/**
 * `npm run bench [-- --quick] [--flat] [--watching] [--only W1,memory] [--servers Dualgauge,tmcp] [--against <dist>] [--node <path>]`: what
 * the server costs beside a bare `node:http` server that does nothing but parse the JSON, and what its peers cost.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Contestant, FLOOR, installPeers, ours } from './contestants.js';
import { coldStarts, race, type Plan, type Score, weighSessions, weighStreams } from './measure.js';
import { measureFlatness } from './flat.js';
import { formatTable } from './table.js';
import { watchings } from './watching.js';
import { WORKLOADS } from './workloads.js';

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    servers: { type: 'string' },
    against: { type: 'string' },
    node: { type: 'string' },
    flat: { type: 'boolean', default: false },
    watching: { type: 'boolean', default: false },
    rounds: { type: 'string' },
  },
});

const QUICK: Plan = { rounds: 5, sliceMs: 350, warmUpMs: 500 };
const FULL: Plan = { rounds: 15, sliceMs: 350, warmUpMs: 1000 };
const ROOT = join(import.meta.dirname, '../..');

const plan = {
  ...(values.quick ? QUICK : FULL),
  ...(values.rounds === undefined ? {} : { rounds: Number(values.rounds) }),
};
const contestants = choose();
const workloads = WORKLOADS.filter(({ name }) => values.only === undefined || values.only.split(',').includes(name));

if (values.flat) await measureFlatness();
else await compare();

async function compare(): Promise<void> {
  const scores = new Map<string, Map<string, Score>>();
  for (const workload of workloads) {
    const result = await race(workload, contestants, plan);
    scores.set(workload.name, result);
    console.error(`${workload.name} ${workload.title}: ${[...result].map(describe).join(' · ')}`);
  }
  if (workloads.length > 0) console.log(formatTable(workloads, contestants, scores));
  if (values.watching) return;
  if (values.only === undefined ? !values.quick : values.only.split(',').includes('memory')) await weighAll();
}

function describe([name, { throughput, cpu, cpuMicros }]: [string, Score]): string {
  return `${name} ${throughput.toFixed(2)} (${cpu.toFixed(2)}×, ${cpuMicros.toFixed(0)} µs)`;
}

async function weighAll(): Promise<void> {
  const COUNT = 5000;
  console.log(
    '\n| server | kB per idle legacy stream, RSS / heap | kB per idle session, RSS / heap | cold start, ms |\n|---|---:|---:|---:|',
  );
  const [first] = WORKLOADS;
  const starts = first === undefined ? new Map<string, number>() : await coldStarts(first, contestants, 7);
  for (const contestant of contestants) {
    const stream = await weighStreams(contestant, COUNT);
    const session = await weighSessions(contestant, COUNT);
    const format = (weight: typeof stream): string =>
      weight === undefined ? '–' : `${weight.rss.toFixed(1)} / ${weight.heap.toFixed(1)}`;
    console.log(
      `| ${contestant.name} | ${format(stream)} | ${format(session)} | ${starts.get(contestant.name)?.toFixed(0) ?? '–'} |`,
    );
  }
}

function choose(): Contestant[] {
  const { node, against, servers } = values;
  if (values.watching) return [FLOOR, ...watchings(join(ROOT, 'dist'))];
  const own = [ours('Dualgauge', join(ROOT, 'dist')), ...(against === undefined ? [] : [ours('against', against)])];
  const peers = values.quick || values.flat ? [] : installPeers();
  const wanted = servers?.split(',');
  const all = [FLOOR, ...own, ...peers].filter(
    ({ name }) => wanted === undefined || name === 'floor' || wanted.includes(name),
  );
  return all.map((contestant) => ({ ...contestant, node }));
}

/**
 * `npm run conformance [-- set …]`: the official suite against the fixture server in tests/conformance. It is harder to
 * please than the suite itself: the scenarios a revision does not score count too, and so do those that never ran and
 * those in which the suite found nothing to look at.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, createWriteStream, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { createInterface } from 'node:readline';
import { finished } from 'node:stream/promises';
import { ScoreTable } from '../tests/conformance/score-table.js';
import { judge, readChecks, type Scenario } from '../tests/conformance/verdict.js';
import { findModernNode, type ModernNode } from './modern-node.js';

interface ScenarioSet {
  readonly name: string;
  readonly args: readonly string[];
  /** How many scenarios each row of the table has in the pinned release of the suite. */
  readonly rows: Readonly<Record<string, number>>;
}

const SETS: readonly ScenarioSet[] = [
  { name: '2025-03-26', args: everythingAt('2025-03-26'), rows: { '2025-03-26': 1 } },
  { name: '2025-06-18', args: everythingAt('2025-06-18'), rows: { '2025-06-18': 27 } },
  { name: '2025-11-25', args: ['--requirements', '2025-11-25'], rows: { '2025-11-25': 33 } },
  {
    name: '2026-07-28',
    args: ['--requirements', '2026-07-28'],
    rows: { '2026-07-28': 40, '2026-07-28 tasks': 10 },
  },
];

const SUITE_TIMEOUT_MS = 120_000;
const ROOT = join(import.meta.dirname, '..');
const RESULTS = join(ROOT, '.cache/conformance-results');

async function main(names: readonly string[]): Promise<boolean> {
  const unknown = names.filter((name) => !SETS.some((set) => set.name === name));
  if (unknown.length > 0) {
    console.error(`Unknown set: ${unknown.join(', ')}. There are ${SETS.map(({ name }) => name).join(', ')}`);
    return false;
  }
  const sets = SETS.filter(({ name }) => names.length === 0 || names.includes(name));
  const modern = findModernNode();
  rmSync(RESULTS, { recursive: true, force: true });
  mkdirSync(RESULTS, { recursive: true });
  const server = await serveFixture();
  try {
    const table = new ScoreTable();
    for (const set of sets) {
      const { scenarios, problems } = await runSet(set, server.url, modern);
      for (const [row, expected] of Object.entries(set.rows)) {
        table.add(
          row,
          expected,
          scenarios.filter((scenario) => rowOf(scenario, set) === row),
        );
      }
      for (const problem of problems) table.fault(`${set.name}: ${problem}`);
    }
    if (server.hasEnded()) table.fault(`the fixture server ended before the suite did:\n${tail(server.log)}`);
    return table.print();
  } finally {
    await server.stop();
  }
}

async function runSet(
  set: ScenarioSet,
  url: string,
  { node, suite }: ModernNode,
): Promise<{ scenarios: Scenario[]; problems: string[] }> {
  const folder = join(RESULTS, set.name);
  const log = `${folder}.log`;
  mkdirSync(folder);
  const strict = ['--expected-failures', join(ROOT, 'tests/conformance/expected-failures.yaml')];
  const code = await run(node, [suite, 'server', '--url', url, '-o', folder, ...strict, ...set.args], log);
  const announced = [...readFileSync(log, 'utf8').matchAll(/^=== Running scenario: (\S+) ===$/gm)].map(
    ([, name]) => name,
  );
  const checks = readChecks(folder);
  const scenarios = announced.map((name = '') => judge(name, checks.get(name)));
  // A suite that is not content where we are has seen something that we have not.
  const isUnexplained = code !== 0 && scenarios.every(({ problems }) => problems.length === 0);
  return { scenarios, problems: isUnexplained ? [`the suite ended with ${code}, see ${relative(ROOT, log)}`] : [] };
}

/** @returns the exit code, or what ended the program instead */
async function run(program: string, args: readonly string[], log: string): Promise<number | string> {
  const output = openSync(log, 'w');
  try {
    const child = spawn(program, args, { stdio: ['ignore', output, output], timeout: SUITE_TIMEOUT_MS });
    const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
    return code ?? signal ?? 'nothing';
  } finally {
    closeSync(output);
  }
}

function rowOf({ name }: Scenario, set: ScenarioSet): string {
  const tasks = `${set.name} tasks`;
  return name.startsWith('tasks-') && tasks in set.rows ? tasks : set.name;
}

function everythingAt(revision: string): string[] {
  return ['--suite', 'all', '--spec-version', revision];
}

interface Fixture {
  readonly url: string;
  /** Where it writes its faults. */
  readonly log: string;
  hasEnded(): boolean;
  stop(): Promise<void>;
}

/** The fixture in a process of its own, on a free port, with the Node that this runs on. */
async function serveFixture(): Promise<Fixture> {
  const log = join(RESULTS, 'server.log');
  const child = spawn(process.execPath, ['--import', 'tsx', join(import.meta.dirname, 'conformance-serve.ts')], {
    cwd: ROOT,
    env: { ...process.env, PORT: '0' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exit = once(child, 'exit');
  const faults = child.stderr.pipe(createWriteStream(log));
  for await (const line of createInterface({ input: child.stdout })) {
    if (!/^http:\S+$/.test(line)) continue;
    child.stdout.resume();
    return { url: line, log, hasEnded: () => hasEnded(child), stop: () => stop(child, exit) };
  }
  await finished(faults);
  throw new Error(`The fixture server did not start:\n${tail(log)}`);
}

/** The end of a log, which is where the reason stands. */
function tail(log: string): string {
  return readFileSync(log, 'utf8').slice(-2000);
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}

async function stop(child: ChildProcess, exit: Promise<unknown>): Promise<void> {
  child.kill('SIGTERM');
  const patience = setTimeout(() => child.kill('SIGKILL'), 5_000);
  await exit;
  clearTimeout(patience);
}

process.exitCode = (await main(process.argv.slice(2))) ? 0 : 1;

/**
 * `npm run conformance [-- set …]`: the official suite against the fixture server in tests/conformance. It is harder to
 * please than the suite itself: the scenarios a revision does not score count too, and so do those that never ran and
 * those in which the suite found nothing to look at.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, createWriteStream, mkdirSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { createInterface } from 'node:readline';
import { findModernNode, type ModernNode } from './modern-node.js';

interface ScenarioSet {
  readonly name: string;
  readonly args: readonly string[];
  /** How many scenarios each row of the table has in the pinned release of the suite. */
  readonly rows: Readonly<Record<string, number>>;
}

interface Check {
  readonly id: string;
  readonly status: 'SUCCESS' | 'FAILURE' | 'WARNING' | 'SKIPPED' | 'INFO';
  readonly description: string;
  readonly errorMessage?: string;
}

interface Scenario {
  readonly name: string;
  readonly checks: readonly Check[];
  /** Why it did not pass; empty when it did. */
  readonly problems: readonly string[];
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

/** What the suite skips whatever the server does. */
const ALWAYS_SKIPPED = new Set(['tasks-status-notifications']);

/** What the suite only tells. Any other INFO is what it says where it could not look. */
const TOLD = new Set([
  'outgoing-request',
  'incoming-response',
  'incoming-sse-event',
  'stream-closed',
  // Says that `tools/list` was answered with JSON, as it may be.
  'server-sse-streams-functional',
]);

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
    const table = new Table();
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
    if (server.hasEnded()) table.fault(`the fixture server ended before the suite did, see ${server.log}`);
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

/** The checks of each scenario that was run to its end; the folders are named `server-<scenario>-<time>`. */
function readChecks(folder: string): Map<string, Check[]> {
  const found = new Map<string, Check[]>();
  for (const entry of readdirSync(folder)) {
    const name = /^server-(.+)-\d{4}-\d{2}-\d{2}T[\d-]+Z$/.exec(entry)?.[1];
    if (name === undefined) continue;
    try {
      found.set(name, JSON.parse(readFileSync(join(folder, entry, 'checks.json'), 'utf8')) as Check[]);
    } catch {
      // Written last: a scenario that threw or hung has none, and is judged by that.
    }
  }
  return found;
}

function judge(name: string, checks: readonly Check[] | undefined): Scenario {
  if (checks === undefined) return { name, checks: [], problems: ['did not run to its end'] };
  const problems = checks.filter(isProblem).map(describe);
  const hasLooked = checks.some(({ id, status }) => status === 'SUCCESS' && id !== 'wire-schema-valid');
  if (!hasLooked && problems.length === 0 && !ALWAYS_SKIPPED.has(name)) problems.push('checked nothing');
  return { name, checks, problems };
}

function isProblem({ id, status }: Check): boolean {
  switch (status) {
    case 'SUCCESS':
      return false;
    case 'SKIPPED':
      return !ALWAYS_SKIPPED.has(id);
    case 'INFO':
      return !TOLD.has(id);
    default:
      return true;
  }
}

function describe({ id, status, description, errorMessage }: Check): string {
  return `${status} ${id}: ${errorMessage ?? description}`;
}

function rowOf({ name }: Scenario, set: ScenarioSet): string {
  const tasks = `${set.name} tasks`;
  return name.startsWith('tasks-') && tasks in set.rows ? tasks : set.name;
}

function everythingAt(revision: string): string[] {
  return ['--suite', 'all', '--spec-version', revision];
}

/** What came out, and whether it is all that should have. */
class Table {
  readonly #lines: string[] = [formatLine(['scenario set', 'passed', 'failed', 'checks', 'warnings', 'skipped'])];
  #passed = 0;
  #failed = 0;

  add(row: string, expected: number, scenarios: readonly Scenario[]): void {
    const failures = scenarios.filter(({ problems }) => problems.length > 0);
    for (const { name, problems } of failures) {
      for (const problem of problems) console.log(`✗ ${row}, ${name}: ${problem}`);
    }
    if (scenarios.length !== expected) {
      console.log(`✗ ${row}: ${scenarios.length} scenarios ran, where the suite has ${expected}`);
    }
    // More than expected is a release of the suite that nobody has looked at.
    const failed = failures.length + Math.abs(expected - scenarios.length);
    const passed = scenarios.length - failures.length;
    const checks = scenarios.flatMap((scenario) => scenario.checks);
    const counts = [passed, failed, count(checks, 'SUCCESS'), count(checks, 'WARNING'), count(checks, 'SKIPPED')];
    this.#lines.push(formatLine([row, ...counts.map(String)]));
    this.#passed += passed;
    this.#failed += failed;
  }

  fault(problem: string): void {
    console.log(`✗ ${problem}`);
    this.#failed += 1;
  }

  /** @returns whether everything passed */
  print(): boolean {
    console.log(['', ...this.#lines, '', `${this.#passed} passed, ${this.#failed} failed`].join('\n'));
    return this.#failed === 0 && this.#passed > 0;
  }
}

function formatLine([name = '', ...cells]: readonly string[]): string {
  return [name.padEnd(18), ...cells.map((cell) => cell.padStart(9))].join('');
}

function count(checks: readonly Check[], status: Check['status']): number {
  return checks.filter((check) => check.status === status).length;
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
  const log = relative(ROOT, join(RESULTS, 'server.log'));
  const child = spawn(process.execPath, ['--import', 'tsx', join(import.meta.dirname, 'conformance-serve.ts')], {
    cwd: ROOT,
    env: { ...process.env, PORT: '0' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exit = once(child, 'exit');
  child.stderr.pipe(createWriteStream(join(ROOT, log)));
  for await (const line of createInterface({ input: child.stdout })) {
    if (!/^http:\S+$/.test(line)) continue;
    child.stdout.resume();
    return { url: line, log, hasEnded: () => hasEnded(child), stop: () => stop(child, exit) };
  }
  throw new Error(`The fixture server did not start, see ${log}`);
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

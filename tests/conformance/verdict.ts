import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Check {
  readonly id: string;
  readonly status: 'SUCCESS' | 'FAILURE' | 'WARNING' | 'SKIPPED' | 'INFO';
  readonly description: string;
  readonly errorMessage?: string;
}

/** One scenario, and what we think of it. */
export interface Scenario {
  readonly name: string;
  readonly checks: readonly Check[];
  /** Why it did not pass; empty when it did. */
  readonly problems: readonly string[];
}

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

/** The checks of each scenario that was run to its end; the folders are named `server-<scenario>-<time>`. */
export function readChecks(folder: string): Map<string, Check[]> {
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

/** Passed is what was looked at and found good. A warning is not, and neither is a check that found nothing to look at. */
export function judge(name: string, checks: readonly Check[] | undefined): Scenario {
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

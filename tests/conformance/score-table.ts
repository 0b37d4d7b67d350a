import type { Check, Scenario } from './verdict.js';

/** What came out, and whether it is all that should have. */
export class ScoreTable {
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

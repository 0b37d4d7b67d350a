import { describe, expect, it } from '@jest/globals';
import { type Check, judge } from './verdict.js';

const WIRE = check('SUCCESS', 'wire-schema-valid');

describe('the verdict on a scenario', () => {
  it('is good when something was looked at and found good', () => {
    expect(judge('ping', [check('SUCCESS'), WIRE]).problems).toEqual([]);
  });

  it.each(['FAILURE', 'WARNING', 'SKIPPED', 'INFO'] as const)('is bad when a check says %s', (status) => {
    expect(judge('ping', [check('SUCCESS'), check(status)]).problems).toEqual([`${status} some-check: Some check`]);
  });

  it('is good when the suite only tells what it did', () => {
    expect(judge('server-sse-polling', [check('SUCCESS'), check('INFO', 'outgoing-request')]).problems).toEqual([]);
  });

  it('is bad when nothing was looked at but the form of the messages', () => {
    expect(judge('ping', [WIRE]).problems).toEqual(['checked nothing']);
  });

  it('is bad when the scenario did not end', () => {
    expect(judge('ping', undefined).problems).toEqual(['did not run to its end']);
  });

  it('does not blame the server for what the suite always skips', () => {
    const name = 'tasks-status-notifications';
    expect(judge(name, [check('SKIPPED', name)]).problems).toEqual([]);
  });
});

function check(status: Check['status'], id = 'some-check'): Check {
  return { id, status, description: 'Some check' };
}

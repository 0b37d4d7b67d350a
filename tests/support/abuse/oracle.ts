// What no case may bring about, whatever it does. One oracle for all of them.
import type { RawResponse } from '../raw-socket.js';
import { until } from '../until.js';
import type { Attack } from './attack.js';
import { SECRETS } from './secrets.js';
import type { Gauges, Victim } from './victim-process.js';

const ALLOWED = new Set([200, 202, 204, 400, 401, 403, 404, 405, 406, 408, 413, 415, 417, 429, 431, 503]);

/** A stack frame, a file of ours or of Node's, a path of the machine. */
const INSIDES = /\n\s+at |node:internal|node_modules|\.[cm]?[jt]s:\d+|file:\/\//;

/** @throws Error that says what is wrong */
export async function judge(attack: Attack, baseline: Gauges): Promise<void> {
  const { victim, answers, seen } = attack;
  attack.close();
  for (const answer of answers) judgeAnswer(answer);
  for (const text of [...seen, ...answers.map((answer) => `${formatHeaders(answer)}\n${answer.text}`)]) judgeText(text);
  await judgeVictim(victim, baseline);
}

export async function judgeVictim(victim: Victim, baseline: Gauges): Promise<void> {
  if (!victim.isAlive) throw new Error(`The victim is dead: ${victim.printed.slice(-2000)}`);
  let gauges: Gauges | undefined;
  await until('the gauges are back', async () => {
    gauges = await victim.gauges();
    return JSON.stringify(gauges) === JSON.stringify(baseline);
  }).catch((cause: unknown) => {
    throw new Error(`The gauges stay at ${JSON.stringify(gauges)}, and were ${JSON.stringify(baseline)}`, { cause });
  });
  judgePrinted(victim.printed);
}

export function judgePrinted(printed: string): void {
  // What a tool throws is ours to mend, so that one is logged. It is the only one.
  for (const secret of [SECRETS.state, SECRETS.argument, SECRETS.ann, SECRETS.bob]) {
    if (printed.includes(secret)) throw new Error(`The log says ${secret}`);
  }
}

function judgeAnswer(answer: RawResponse): void {
  const { status, statusLine, text } = answer;
  if (!ALLOWED.has(status)) throw new Error(`Answered ${statusLine}: ${text.slice(0, 300)}`);
  if (answer.header('x-content-type-options') !== 'nosniff') throw new Error(`No nosniff with ${statusLine}`);
  if (answer.header('x-powered-by') !== undefined) throw new Error('X-Powered-By');
  if (status < 400 || text === '') return;
  if (answer.header('content-type') !== 'application/json') throw new Error(`${statusLine} is no JSON: ${text}`);
  const body = JSON.parse(text);
  if (body.jsonrpc !== '2.0' || !Number.isInteger(body.error?.code) || typeof body.error?.message !== 'string') {
    throw new Error(`${statusLine} is no JSON-RPC error: ${text.slice(0, 300)}`);
  }
}

function judgeText(text: string): void {
  for (const secret of Object.values(SECRETS)) {
    if (text.includes(secret)) throw new Error(`An answer says ${secret}`);
  }
  if (INSIDES.test(text) || text.includes(process.cwd())) throw new Error(`An answer shows our insides: ${text}`);
}

function formatHeaders({ headers }: RawResponse): string {
  return headers.map(([name, value]) => `${name}: ${value}`).join('\n');
}

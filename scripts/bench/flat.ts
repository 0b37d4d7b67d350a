/** Whether a call costs the same however much there is beside it: tools, open sessions, calls in flight. */
import { join } from 'node:path';
import { FLOOR, programOf, targetOf } from './contestants.js';
import { cpuPerCall } from './measure.js';
import { ServerProcess } from './server-process.js';
import { formatRequest, Wire } from './wire.js';
import { openSession, openWires, type Target, WORKLOADS } from './workloads.js';

interface Case {
  readonly what: string;
  readonly tools?: number;
  readonly fill: (target: Target) => Promise<readonly Wire[]>;
}

const ENTRY = join(import.meta.dirname, 'servers/many.mjs');

const CASES: readonly Case[] = [
  { what: 'nothing else', fill: nothing },
  { what: '200 tools', tools: 200, fill: nothing },
  { what: '1,000 open sessions', fill: (target) => openSessions(target, 1000) },
  { what: '10,000 open sessions', fill: (target) => openSessions(target, 10_000) },
  { what: '1,000 calls in flight', fill: (target) => holdCalls(target, 1000) },
  { what: '5,000 calls in flight', fill: (target) => holdCalls(target, 5000) },
];

/** Prints what a call in a session costs in each case, with the floor beside it. */
export async function measureFlatness(): Promise<void> {
  const workload = WORKLOADS.find(({ name }) => name === 'W3');
  if (workload === undefined) return;
  console.log('| beside the call there is | µs of CPU for one call | the floor, then |\n|---|---:|---:|');
  for (const { what, tools = 2, fill } of CASES) {
    const server = await ServerProcess.start({ name: 'many', entry: ENTRY, env: { TOOLS: String(tools) } });
    const floor = await ServerProcess.start(programOf(FLOOR, {}));
    try {
      const wires = await fill(targetOf(server.port, {}));
      const [own, base] = await cpuPerCall(workload, [server, floor]);
      console.log(`| ${what} | ${own?.toFixed(1) ?? '–'} | ${base?.toFixed(1) ?? '–'} |`);
      for (const wire of wires) wire.close();
    } finally {
      await server.stop();
      await floor.stop();
    }
  }
}

function nothing(): Promise<readonly Wire[]> {
  return Promise.resolve([]);
}

async function openSessions(target: Target, count: number): Promise<readonly Wire[]> {
  const wires = openWires(target.port, 10);
  await Promise.all(
    wires.map(async (wire) => {
      for (let n = 0; n < count / wires.length; n += 1) await openSession(wire, target);
    }),
  );
  return wires;
}

async function holdCalls(target: Target, count: number): Promise<readonly Wire[]> {
  const opener = new Wire(target.port);
  const { headers } = await openSession(opener, target);
  const wires = openWires(target.port, count);
  for (const [index, wire] of wires.entries()) {
    const body = { jsonrpc: '2.0', id: index, method: 'tools/call', params: { name: 'wait', arguments: {} } };
    // Answered when the session ends, and nobody waits for that.
    wire
      .exchange(formatRequest({ path: '/mcp', headers: { ...headers, Accept: 'application/json' }, body }))
      .catch(() => undefined);
    if (index % 100 === 99) await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return [opener, ...wires];
}

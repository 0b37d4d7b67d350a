// One instance of a cluster under test, as a process of its own: the whole server, configured by its environment, with
// tools that ask, are slow, count their runs and change what there is.
import { appendFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { builtInTools, createMcpApp, defineResource, defineTool, type McpApp } from '../../../server/index.js';
import { readConfig } from '../../../server/config.js';
import { createLog } from '../../../server/log.js';

const name = process.env.INSTANCE ?? '?';
const runs = process.env.RUNS_FILE;

function count(what: string): void {
  if (runs !== undefined) appendFileSync(runs, `${name} ${what}\n`);
}

const who = defineTool({ name: 'who', description: 'Which instance this is', run: () => name });

const work = defineTool({
  name: 'work',
  description: 'Takes its time and counts its runs',
  input: z.object({ label: z.string(), ms: z.number(), steps: z.number().default(0) }),
  async run({ label, ms, steps }, context) {
    count(`began ${label}`);
    try {
      for (let step = 1; step <= steps; step += 1) {
        await sleep(ms / steps, undefined, { signal: context.signal });
        await context.progress(step, steps);
      }
      if (steps === 0) await sleep(ms, undefined, { signal: context.signal });
    } catch (error) {
      count(`aborted ${label}`);
      throw error;
    }
    count(`ended ${label}`);
    return `${label} by ${name}`;
  },
});

const flood = defineTool({
  name: 'flood',
  description: 'Says more than a slow reader takes',
  input: z.object({ events: z.number(), bytes: z.number() }),
  async run({ events, bytes }, context) {
    for (let n = 0; n < events; n += 1) await context.log('info', `${n} ${'x'.repeat(bytes)}`);
    return 'said';
  },
});

const ask = defineTool({
  name: 'ask',
  description: 'Asks the user',
  async run(_, context) {
    count('asked');
    const schema = z.object({ name: z.string() });
    const answer = await context.elicit({ key: 'name', message: 'What is your name?', schema });
    return `${answer.content?.name ?? answer.action} told ${name}`;
  },
});

const job = defineTool({
  name: 'job',
  description: 'A task',
  input: z.object({ label: z.string(), ms: z.number() }),
  task: 'required',
  async run({ label, ms }, { signal }) {
    count(`began ${label}`);
    await sleep(ms, undefined, { signal });
    return `${label} by ${name}`;
  },
});

const interview = defineTool({
  name: 'interview',
  description: 'A task that asks',
  task: 'required',
  async run(_, context) {
    const schema = z.object({ name: z.string() });
    const answer = await context.elicit({ key: 'name', message: 'What is your name?', schema });
    return `${answer.content?.name ?? answer.action} told ${name}`;
  },
});

const change = defineTool({
  name: 'change',
  description: 'Changes what there is',
  input: z.object({ what: z.enum(['tools', 'note']) }),
  run({ what }) {
    if (what === 'note') mcp.resources.updated('note://1');
    else if (!mcp.tools.remove('spare')) mcp.tools.add(spare);
    return 'changed';
  },
});

const spare = defineTool({ name: 'spare', description: 'Comes and goes', run: () => 'there' });
const note = defineResource({ name: 'note', uri: 'note://1', read: () => name });

const config = readConfig(process.env);
const facts = { name: 'dualgauge', version: '0', startedAt: 0, sessions: () => 0, tools: () => 0 };
const mcp: McpApp = createMcpApp({
  ...config.settings,
  name: 'dualgauge',
  version: '0.0.0-test',
  log: createLog({ level: config.logLevel }),
  tools: [...builtInTools(facts), who, work, flood, ask, job, interview, change],
  resources: [note],
});
process.on('unhandledRejection', (error) => console.error('UNHANDLED', error));
const running = await mcp.listen(config);
for (const warning of config.warnings) console.error(`warning: ${warning}`);
console.log(`listens on ${running.url}`);
process.once('SIGTERM', () => void running.close().then(() => process.exit(0)));

/** The program: reads the environment, listens, says where, and ends cleanly when it is told to. */
import { createRequire } from 'node:module';
import type { Logger } from 'pino';
import { builtInTools } from '../tools/built-in.js';
import { createMcpApp, type McpApp, type RunningServer } from './app.js';
import { bannerOf } from './banner.js';
import { readConfig } from './config.js';
import { createLog, errorFacts } from './log.js';

/**
 * Starts the program that this environment describes, and keeps it until a signal ends it.
 * @throws ConfigError when a setting cannot be used; Error when it cannot listen
 */
export async function startProgram(env: NodeJS.ProcessEnv): Promise<void> {
  const config = readConfig(env);
  const { name, version } = createRequire(import.meta.url)('../../package.json') as { name: string; version: string };
  const log = createLog({ level: config.logLevel });
  const facts = {
    name,
    version,
    startedAt: Date.now(),
    sessions: () => mcp.sessions.size,
    tools: () => mcp.tools.size,
  };
  const mcp: McpApp = createMcpApp({ ...config.settings, name, version, log, tools: builtInTools(facts) });
  // What nobody waited for failed: it is ours to mend, and no reason to end everybody's sessions.
  process.on('unhandledRejection', (error) => log.error(errorFacts(error), 'unhandled rejection'));
  process.on('uncaughtException', (error) => log.error(errorFacts(error), 'uncaught exception'));
  const running = await mcp.listen(config);
  for (const warning of config.warnings) log.warn(warning);
  console.log(bannerOf({ url: running.url, config, tools: mcp.tools.tools.map((tool) => tool.name) }));
  stopOnSignal(running, log);
}

function stopOnSignal(running: RunningServer, log: Logger): void {
  let isStopping = false;
  const stop = (): void => {
    // Whoever asks twice does not want to wait.
    if (isStopping) process.exit(1);
    isStopping = true;
    running.close().then(
      () => process.exit(0),
      (error: unknown) => {
        log.fatal(errorFacts(error), 'could not stop');
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}

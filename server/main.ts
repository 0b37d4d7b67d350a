/** Runs the program, and says in one line why when it cannot be started. */
import { ConfigError } from './config.js';
import { startProgram } from './program.js';

try {
  await startProgram(process.env);
} catch (error) {
  console.error(`dualgauge: ${explain(error)}`);
  process.exit(1);
}

function explain(error: unknown): string {
  if (error instanceof ConfigError) return error.message;
  const { code, message } = error as NodeJS.ErrnoException;
  switch (code) {
    case 'EADDRINUSE':
      return `the port is in use: stop what listens there, or set PORT to another (PORT=0 takes a free one)`;
    case 'EACCES':
      return `not allowed to listen there: set PORT to one above 1023`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `HOST=${process.env.HOST} is no address of this machine: try HOST=127.0.0.1 or HOST=0.0.0.0`;
    default:
      return message;
  }
}

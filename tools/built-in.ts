import { add } from './add.js';
import { countdown } from './countdown.js';
import { currentTime } from './current-time.js';
import type { Tool } from './define-tool.js';
import { echo } from './echo.js';
import { largeResult } from './large-result.js';
import { serverStatus, type StatusFacts } from './server-status.js';
import { testConnection } from './test-connection.js';

/** The tools that come with the server. The first one needs no arguments: it is what clients and test suites try first. */
export function builtInTools(facts: StatusFacts): Tool[] {
  return [serverStatus(facts), testConnection, echo, currentTime, add, countdown, largeResult];
}

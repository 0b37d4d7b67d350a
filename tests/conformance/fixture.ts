/**
 * The server that the official conformance suite is run against: the tools, resources and prompts it asks for by name,
 * made with nothing but the public API. Each is written once and serves every revision.
 */
import { createMcpApp, type McpApp, type McpAppOptions } from '../../server/index.js';
import { changeTools } from './change-tools.js';
import { contentTools } from './content-tools.js';
import { inputTools } from './input-tools.js';
import { prompts } from './prompts.js';
import { resources, resourceTemplates } from './resources.js';
import { runningTools } from './running-tools.js';
import { schemaTools } from './schema-tools.js';
import { taskTools } from './task-tools.js';

export function createFixture(options: Partial<McpAppOptions> = {}): McpApp {
  const mcp = createMcpApp({
    name: 'mcp-conformance-test-server',
    version: '1.0.0',
    // The suite calls the first tool of the list without arguments, so it must be one that needs none.
    tools: [...contentTools, ...schemaTools, ...runningTools, ...inputTools, ...taskTools],
    resources,
    resourceTemplates,
    prompts,
    ...options,
  });
  for (const tool of changeTools(mcp)) mcp.tools.add(tool);
  return mcp;
}

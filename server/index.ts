/** The public API: what a program that builds on this server imports. */
export { createMcpApp, type McpApp, type RunningServer } from './app.js';
export type { McpAppOptions, ServerSettings } from './options.js';
export type { Authenticate } from './auth.js';
export type { RateLimit } from './rate-limit.js';
export type { StaticToken } from './static-tokens.js';
export { defineTool, type Tool, type ToolDefinition, type ToolReturn } from '../tools/define-tool.js';
export { builtInTools } from '../tools/built-in.js';
export {
  defineResource,
  defineResourceTemplate,
  type Resource,
  type ResourceTemplate,
} from '../resources/define-resource.js';
export { definePrompt, type Prompt } from '../prompts/define-prompt.js';
export type { Context } from '../protocol/context.js';
export type { Answer } from '../protocol/questions.js';
export type { Principal } from '../protocol/call.js';
export { ErrorCode, RpcError, ToolError } from '../protocol/errors.js';

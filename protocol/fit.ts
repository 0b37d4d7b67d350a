/** Cuts what we would like to say down to what the client's revision can read. `features.ts` holds the table. */
import { has } from './features.js';
import { isObject } from './json-rpc.js';
import type {
  Annotations,
  CallToolResult,
  ContentBlock,
  GetPromptResult,
  Icon,
  Implementation,
  Meta,
  ReadResourceResult,
  ResourceContents,
} from './mcp.js';
import type { Revision } from './versions.js';

interface Definition {
  readonly title?: string | undefined;
  readonly icons?: readonly Icon[] | undefined;
  readonly annotations?: object | undefined;
  readonly _meta?: Meta | undefined;
}

/** The fields tools, resources, templates and prompts share. Undefined ones are left out. */
export function fitDefinition<T extends Definition>(definition: T, revision: Revision): T {
  const { title, icons, _meta, ...rest } = definition;
  return compact({
    ...rest,
    title: has(revision, 'title') ? title : undefined,
    icons: has(revision, 'icons') ? icons : undefined,
    _meta: has(revision, 'definitionMeta') ? _meta : undefined,
  }) as T;
}

/** Who we are, as `initialize` or `serverInfo` of that revision may say it. */
export function fitImplementation(info: Implementation, revision: Revision): Implementation {
  const { name, version, title, description, websiteUrl, icons } = info;
  const details = has(revision, 'implementationDetails') ? { description, websiteUrl, icons } : {};
  return compact({ name, version, title: has(revision, 'title') ? title : undefined, ...details });
}

/** A tool's result. What an old client cannot hold is told as text, so that the model still learns of it. */
export function fitToolResult(result: CallToolResult, revision: Revision): CallToolResult {
  if (!('structuredContent' in result) && result.content.every(isPlain)) return result;
  const { content, structuredContent, ...rest } = result;
  const fitted: CallToolResult = { ...rest, content: content.map((block) => fitBlock(block, revision)) };
  if (structuredContent === undefined) return fitted;
  const isAllowed =
    has(revision, 'anyStructuredContent') || (has(revision, 'structuredContent') && isObject(structuredContent));
  if (isAllowed) return { ...fitted, structuredContent };
  return content.length > 0
    ? fitted
    : { ...fitted, content: [{ type: 'text', text: JSON.stringify(structuredContent) }] };
}

export function fitPrompt(result: GetPromptResult, revision: Revision): GetPromptResult {
  return {
    ...result,
    messages: result.messages.map(({ role, content }) => ({ role, content: fitBlock(content, revision) })),
  };
}

export function fitContents(result: ReadResourceResult, revision: Revision): ReadResourceResult {
  if (has(revision, 'blockMeta')) return result;
  return { ...result, contents: result.contents.map(withoutMeta) };
}

export function fitBlock(block: ContentBlock, revision: Revision): ContentBlock {
  if (block.type === 'audio' && !has(revision, 'audio')) {
    return { type: 'text', text: `[audio, ${block.mimeType}: this client's protocol revision cannot carry it]` };
  }
  if (block.type === 'resource_link' && !has(revision, 'resourceLink')) {
    return { type: 'text', text: `${block.title ?? block.name}: ${block.uri}` };
  }
  if (block.type === 'resource' && block.resource._meta !== undefined && !has(revision, 'blockMeta')) {
    return fitDecorated({ ...block, resource: withoutMeta(block.resource) }, revision);
  }
  if (block._meta === undefined && block.annotations === undefined && !('icons' in block)) return block;
  return fitDecorated(block, revision);
}

export function fitAnnotations(annotations: Annotations | undefined, revision: Revision): Annotations | undefined {
  if (annotations === undefined || has(revision, 'lastModified')) return annotations;
  const { audience, priority } = annotations;
  return compact({ audience, priority });
}

/** Without the members that are `undefined`. */
export function compact<T extends object>(value: T): T {
  const present: Partial<T> = {};
  for (const key of Object.keys(value) as (keyof T)[]) if (value[key] !== undefined) present[key] = value[key];
  return present as T;
}

// What every revision can read as it is.
function isPlain(block: ContentBlock): boolean {
  return block.type === 'text' && block._meta === undefined && block.annotations === undefined;
}

function fitDecorated(block: ContentBlock, revision: Revision): ContentBlock {
  const fitted = { ...block, annotations: fitAnnotations(block.annotations, revision) };
  if (!has(revision, 'blockMeta')) delete fitted._meta;
  if ('icons' in fitted && !has(revision, 'icons')) delete fitted.icons;
  return compact(fitted);
}

function withoutMeta(contents: ResourceContents): ResourceContents {
  const { _meta, ...rest } = contents;
  return rest;
}

/** What a handler may ask the client, as requests of ours and readers of what comes back. */
import * as z from 'zod';
import type { Call, Question } from './call.js';
import { ErrorCode, missingCapability, RpcError } from './errors.js';
import { compact } from './fit.js';
import { isObject } from './json-rpc.js';
import type { CreateMessageParams, CreateMessageResult, JsonSchema, Root } from './mcp.js';
import { MODERN_REVISION } from './versions.js';

export interface Ask {
  /** What the question is called on the wire of 2026-07-28; numbered when absent. Must not depend on chance or time. */
  readonly key?: string | undefined;
}

/** A form for the user. The schema is flat: strings, numbers, booleans and choices. */
export interface ElicitForm<T> {
  readonly message: string;
  readonly schema: z.ZodType<T> | JsonSchema;
}

/** A page the user should visit, for what must not pass through the client. */
export interface ElicitUrl {
  readonly message: string;
  readonly url: string;
}

export type Answer<T> =
  | { readonly action: 'accept'; readonly content: T }
  | { readonly action: 'decline' | 'cancel'; readonly content?: undefined };

/** @throws RpcError -32021 when the client did not declare what the question needs; the same for the others below */
export function elicitQuestion(asked: (ElicitForm<unknown> | ElicitUrl) & Ask, call: Call): Question {
  const declared = call.client.capabilities.elicitation;
  if ('url' in asked) {
    if (declared?.url === undefined) throw missingCapability({ elicitation: { url: {} } });
    return urlQuestion(asked, call);
  }
  // An empty declaration means forms (2025-11-25 elicitation, "Capabilities").
  if (declared === undefined || (declared.form === undefined && declared.url !== undefined)) {
    throw missingCapability({ elicitation: {} });
  }
  const { schema, validator } = toFormSchema(asked.schema);
  return {
    method: 'elicitation/create',
    params: { message: asked.message, requestedSchema: schema },
    key: asked.key,
    read: (result) => readForm(result, validator),
  };
}

export function sampleQuestion(asked: CreateMessageParams & Ask, call: Call): Question {
  const { key, ...params } = asked;
  const declared = call.client.capabilities.sampling;
  if (declared === undefined) throw missingCapability({ sampling: {} });
  const wantsTools = params.tools !== undefined || params.toolChoice !== undefined;
  if (wantsTools && declared.tools === undefined) throw missingCapability({ sampling: { tools: {} } });
  return { method: 'sampling/createMessage', params: compact(params), key, read: readSample };
}

export function rootsQuestion({ key }: Ask, call: Call): Question {
  if (call.client.capabilities.roots === undefined) throw missingCapability({ roots: {} });
  return { method: 'roots/list', params: {}, key, read: readRoots };
}

function urlQuestion({ message, url, key }: ElicitUrl & Ask, call: Call): Question {
  // 2025-11-25 names the interaction, and so does whoever declared it before; 2026-07-28 tells it by the retried request.
  const elicitationId = call.revision === MODERN_REVISION ? undefined : crypto.randomUUID();
  return {
    method: 'elicitation/create',
    params: compact({ mode: 'url', message, url, elicitationId }),
    key,
    read: (result) => readForm(result, undefined),
  };
}

interface FormSchema {
  readonly schema: JsonSchema;
  readonly validator: z.ZodType;
}

function toFormSchema(schema: z.ZodType | JsonSchema): FormSchema {
  if (!(schema instanceof z.ZodType)) return { schema, validator: z.fromJSONSchema(schema) };
  const { $schema: _, ...json } = z.toJSONSchema(schema, { io: 'input' });
  return { schema: json, validator: schema };
}

function readForm(result: unknown, validator: z.ZodType | undefined): Answer<unknown> {
  const action = isObject(result) ? result.action : undefined;
  if (action === 'decline' || action === 'cancel') return { action };
  if (action !== 'accept') throw unreadable('action must be accept, decline or cancel');
  if (validator === undefined) return { action, content: undefined };
  const content = validator.safeParse((result as Record<string, unknown>).content);
  if (!content.success) throw unreadable(content.error.issues[0]?.message ?? 'content does not fit the form');
  return { action, content: content.data };
}

function readSample(result: unknown): CreateMessageResult {
  if (isObject(result) && typeof result.role === 'string') {
    const { content } = result;
    if (isObject(content) || Array.isArray(content)) return result as unknown as CreateMessageResult;
  }
  throw unreadable('a message has a role and content');
}

function readRoots(result: unknown): readonly Root[] {
  const roots = isObject(result) ? result.roots : undefined;
  if (Array.isArray(roots) && roots.every((root) => isObject(root) && typeof root.uri === 'string')) {
    return roots as Root[];
  }
  throw unreadable('roots must be a list of uris');
}

function unreadable(why: string): RpcError {
  return new RpcError(ErrorCode.invalidParams, `The client's answer cannot be used: ${why}`);
}

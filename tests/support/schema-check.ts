// Holds what the server says against the official schema of the revision in use, as far as that revision has a word for it.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { ValidateFunction } from 'ajv';
import type { Json, Revision } from './clients/test-client.js';

export interface MessageFacts {
  readonly revision: Revision;
  /** Of the request that a response answers; without it only the envelope can be judged. */
  readonly method?: string | undefined;
}

/** What the result of a method is called in the schemas. */
const RESULTS = new Map([
  ['initialize', 'InitializeResult'],
  ['ping', 'EmptyResult'],
  ['logging/setLevel', 'EmptyResult'],
  ['tools/list', 'ListToolsResult'],
  ['tools/call', 'CallToolResult'],
  ['resources/list', 'ListResourcesResult'],
  ['resources/templates/list', 'ListResourceTemplatesResult'],
  ['resources/read', 'ReadResourceResult'],
  ['resources/subscribe', 'EmptyResult'],
  ['resources/unsubscribe', 'EmptyResult'],
  ['prompts/list', 'ListPromptsResult'],
  ['prompts/get', 'GetPromptResult'],
  ['completion/complete', 'CompleteResult'],
  ['server/discover', 'DiscoverResult'],
  ['subscriptions/listen', 'SubscriptionsListenResult'],
]);

/** 2025-11-25 has tasks in its schema; in 2026-07-28 they are an extension, which has none. */
const TASK_RESULTS = new Map([
  ['tasks/get', 'GetTaskResult'],
  ['tasks/result', 'GetTaskPayloadResult'],
  ['tasks/list', 'ListTasksResult'],
  ['tasks/cancel', 'CancelTaskResult'],
]);

/** What the server may say unasked. */
const OUTGOING = new Map([
  ['ping', 'PingRequest'],
  ['sampling/createMessage', 'CreateMessageRequest'],
  ['roots/list', 'ListRootsRequest'],
  ['elicitation/create', 'ElicitRequest'],
  ['notifications/cancelled', 'CancelledNotification'],
  ['notifications/progress', 'ProgressNotification'],
  ['notifications/message', 'LoggingMessageNotification'],
  ['notifications/resources/list_changed', 'ResourceListChangedNotification'],
  ['notifications/resources/updated', 'ResourceUpdatedNotification'],
  ['notifications/prompts/list_changed', 'PromptListChangedNotification'],
  ['notifications/tools/list_changed', 'ToolListChangedNotification'],
  ['notifications/elicitation/complete', 'ElicitationCompleteNotification'],
  ['notifications/tasks/status', 'TaskStatusNotification'],
  ['notifications/subscriptions/acknowledged', 'SubscriptionsAcknowledgedNotification'],
]);

/** The task extension of 2026-07-28: its messages are checked by the tests that are about it. */
const isOfExtension = (method = '', revision: Revision) =>
  revision === '2026-07-28' && (method.startsWith('tasks/') || method === 'notifications/tasks');

/** Throws an error that says what the schema of the revision does not allow. */
export function checkMessage(message: Json, facts: MessageFacts): void {
  const problems = problemsOf(message, facts);
  if (problems.length === 0) return;
  const { revision, method } = facts;
  const what = `${revision}${method === undefined ? '' : `, answer to ${method}`}`;
  throw new Error(
    `Not as the schema says (${what}): ${problems.join('; ')} in ${JSON.stringify(message).slice(0, 2000)}`,
  );
}

/** What the schema of the revision does not allow; empty for a good message. */
export function problemsOf(message: Json, { revision, method }: MessageFacts): string[] {
  // The older schemas want an id in every error; what was refused before it could be read has none to give.
  const isNameless = message?.error !== undefined && message.id === undefined;
  const problems = problemsIn(isNameless ? { ...message, id: 0 } : message, 'JSONRPCMessage', revision);
  if (message?.method !== undefined) return [...problems, ...outgoingProblems(message, revision)];
  if (message?.result !== undefined && method !== undefined && !isOfExtension(method, revision)) {
    problems.push(...resultProblems(message.result, method, revision));
  }
  return problems;
}

function outgoingProblems(message: Json, revision: Revision): string[] {
  if (isOfExtension(message.method, revision)) return [];
  const name = OUTGOING.get(message.method);
  if (name === undefined) return [`${message.method} is in no revision`];
  const problems = problemsIn(message, name, revision);
  // What a client declared that it can answer it is asked, though its revision may not have had a word for it yet.
  const isQuestion = message.id !== undefined && revision < '2025-11-25';
  return problems.length > 0 && isQuestion ? problemsIn(message, name, '2025-11-25') : problems;
}

function resultProblems(result: Json, method: string, revision: Revision): string[] {
  if (result.resultType === 'task' && revision === '2026-07-28') return [];
  if (result.resultType === 'input_required') return problemsIn(result, 'InputRequiredResult', revision);
  if (result.task !== undefined && result.content === undefined)
    return problemsIn(result, 'CreateTaskResult', revision);
  const name = RESULTS.get(method) ?? TASK_RESULTS.get(method);
  return name === undefined ? [`nobody knows what ${method} results in`] : problemsIn(result, name, revision);
}

function problemsIn(value: Json, name: string, revision: Revision): string[] {
  const validate = validatorOf(name, revision);
  if (validate === undefined) return [`${revision} has no ${name}`];
  if (validate(value)) return [];
  return (validate.errors ?? []).map(({ instancePath, message }) => `${name}${instancePath} ${message ?? ''}`);
}

const require = createRequire(import.meta.url);
const schemas = new Map<Revision, Schemas>();

function validatorOf(name: string, revision: Revision): ValidateFunction | undefined {
  let ajv = schemas.get(revision);
  if (ajv === undefined) {
    ajv = load(revision);
    schemas.set(revision, ajv);
  }
  const part = revision < '2025-11-25' ? 'definitions' : '$defs';
  return ajv.getSchema(`${revision}#/${part}/${name}`);
}

/** What both classes of ajv can do. */
interface Schemas {
  addSchema(schema: object, key: string): unknown;
  getSchema(ref: string): ValidateFunction | undefined;
}

type AjvMaker = new (options: object) => Schemas;

function load(revision: Revision): Schemas {
  const { Ajv2020 } = require('ajv/dist/2020.js') as { Ajv2020: AjvMaker };
  const { Ajv: Ajv7 } = require('ajv') as { Ajv: AjvMaker };
  const ajv = new (revision < '2025-11-25' ? Ajv7 : Ajv2020)({ strict: false, validateFormats: false });
  const path = new URL(`./schemas/${revision}.json`, import.meta.url);
  ajv.addSchema(JSON.parse(readFileSync(path, 'utf8')) as object, revision);
  return ajv;
}

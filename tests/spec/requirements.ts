// Rules of the specification that a test proves: where each stands, and which test that is. requirements.test.ts sees to it that
// the named tests are there. What the conformance suite asks is not repeated here.
import type { Revision, TestName } from './revision-matrix.js';

export interface Requirement {
  readonly id: string;
  /** The revision whose words these are; later ones say the same unless they have a row of their own. */
  readonly revision: Revision;
  /** The page and paragraph, under https://modelcontextprotocol.io/specification/<revision>/. */
  readonly at: string;
  readonly rule: string;
  readonly test: TestName;
}

export function linkOf({ revision, at }: Requirement): string {
  return `https://modelcontextprotocol.io/specification/${revision}/${at}`;
}

const door = (name: string): TestName => ({ file: 'tests/wire/any-door.test.ts', name });
const legacy = (name: string): TestName => ({ file: 'tests/wire/legacy.test.ts', name });
const session = (name: string): TestName => ({ file: 'tests/wire/streamable-http.test.ts', name });
const stateless = (name: string): TestName => ({ file: 'tests/wire/stateless.test.ts', name });
const rounds = (name: string): TestName => ({ file: 'tests/wire/round-trips.test.ts', name });
const behaviour = (name: string): TestName => ({ file: 'tests/wire/behaviours.test.ts', name });
const field = (name: string): TestName => ({ file: 'tests/wire/revisions.test.ts', name });

const row = (id: string, revision: Revision, at: string, rule: string, test: TestName): Requirement => ({
  id,
  revision,
  at,
  rule,
  test,
});

export const REQUIREMENTS: readonly Requirement[] = [
  // JSON-RPC
  row(
    'rpc-id-echo',
    '2025-11-25',
    'basic#responses',
    'A response has the id of its request.',
    door('echoes %j over /mcp, with and without a session'),
  ),
  row(
    'rpc-id-null',
    '2025-11-25',
    'basic#requests',
    'The id of a request is never null.',
    door('is 400 -32600 for %s'),
  ),
  row(
    'rpc-batch',
    '2025-03-26',
    'basic#batching',
    'Batches can be received.',
    session('is answered as an array, without what needs no answer'),
  ),
  row('rpc-no-batch', '2025-06-18', 'changelog', 'There are no batches any more.', session('is 400 -32600 at %s')),

  // HTTP with SSE
  row(
    'sse-endpoint',
    '2024-11-05',
    'basic/transports#http-with-sse',
    'On connection the server sends an endpoint event with the URI to post to.',
    legacy('is a 200 stream whose first event names a path with the session id'),
  ),
  row(
    'sse-message',
    '2024-11-05',
    'basic/transports#http-with-sse',
    'Messages of the server are message events with JSON data.',
    legacy('is endpoint first and once, then only event: message with one line of JSON and an id, and comments'),
  ),
  row(
    'sse-origin',
    '2024-11-05',
    'basic/transports#security-warning',
    'The Origin of every connection is validated.',
    door('is 403 for %s %s, without a session or a header for the page'),
  ),

  // Lifecycle
  row(
    'version-same',
    '2025-11-25',
    'basic/lifecycle#version-negotiation',
    'A version that is served is answered with itself, another one with one that is served.',
    session('that asks for %s is answered 200 with Mcp-Session-Id and %s'),
  ),
  row(
    'version-legacy',
    '2024-11-05',
    'basic/lifecycle#version-negotiation',
    'The same over the legacy pair.',
    legacy('answers %s with %s'),
  ),
  row(
    'capabilities-held',
    '2025-11-25',
    'basic/lifecycle#capability-negotiation',
    'Only what was negotiated is used.',
    behaviour('is never asked what it did not declare: %s'),
  ),

  // Streamable HTTP, handshake revisions
  row(
    'http-origin',
    '2025-11-25',
    'basic/transports#security-warning',
    'An invalid Origin is 403.',
    door('is 403 for the Origin "%s"'),
  ),
  row(
    'http-202',
    '2025-11-25',
    'basic/transports#sending-messages-to-the-server',
    'Notifications and responses are 202 without a body.',
    session('is 202, empty: %s'),
  ),
  row(
    'http-json-or-stream',
    '2025-11-25',
    'basic/transports#sending-messages-to-the-server',
    'A request is answered with one JSON object or a stream.',
    session('of both is JSON when that is enough, and a stream when it is not: %s'),
  ),
  row(
    'http-priming',
    '2025-11-25',
    'basic/transports#sending-messages-to-the-server',
    'A stream begins with an event that has an id and empty data.',
    session('begin with an empty priming event with an id, and say retry'),
  ),
  row(
    'http-response-ends',
    '2025-11-25',
    'basic/transports#sending-messages-to-the-server',
    'After the response the stream ends.',
    session('is an event stream if it takes longer than STREAM_AFTER_MS'),
  ),
  row(
    'http-drop',
    '2025-11-25',
    'basic/transports#sending-messages-to-the-server',
    'Disconnection is not cancellation.',
    session('is not a cancellation: the call goes on and can be resumed'),
  ),
  row(
    'http-get',
    '2025-11-25',
    'basic/transports#listening-for-messages-from-the-server',
    'GET is a stream or 405.',
    session('is 405 with Allow and JSON that names /sse: %s'),
  ),
  row(
    'http-get-no-response',
    '2025-11-25',
    'basic/transports#listening-for-messages-from-the-server',
    'No response goes over the GET stream, unless it is resumed.',
    session('carries no response of a POST'),
  ),
  row(
    'http-one-stream',
    '2025-11-25',
    'basic/transports#multiple-connections',
    'A message goes over one stream only.',
    session('is taken over by a second one, and the old one ends'),
  ),
  row(
    'http-event-ids',
    '2025-11-25',
    'basic/transports#resumability-and-redelivery',
    'Event ids are unique over the streams of a session.',
    session('writes every message with an id of its own, by which the stream can be resumed'),
  ),
  row(
    'http-resume',
    '2025-11-25',
    'basic/transports#resumability-and-redelivery',
    'What came after Last-Event-ID on that stream is sent again.',
    session('is the rest of that stream, in order, once, while the call still runs'),
  ),
  row(
    'http-resume-own',
    '2025-11-25',
    'basic/transports#resumability-and-redelivery',
    'What belonged to another stream is not.',
    session('of another session, of no session, or no longer kept is 400 that says so'),
  ),
  row(
    'session-id',
    '2025-11-25',
    'basic/transports#session-management',
    'The id of a session is visible ASCII and cannot be guessed.',
    session('that asks for %s is answered 200 with Mcp-Session-Id and %s'),
  ),
  row(
    'session-required',
    '2025-11-25',
    'basic/transports#session-management',
    'Who requires sessions answers 400 without one.',
    session('is 400 with MCP_SESSIONS=required'),
  ),
  row(
    'session-404',
    '2025-11-25',
    'basic/transports#session-management',
    'A session that has ended is 404.',
    session('is 404, byte for byte the same, on POST and on GET'),
  ),
  row(
    'session-delete',
    '2025-11-25',
    'basic/transports#session-management',
    'DELETE ends a session.',
    session('is 204; calls are aborted, streams end, and the id answers 404 from then on'),
  ),
  row(
    'version-header',
    '2025-11-25',
    'basic/transports#protocol-version-header',
    'An invalid or unsupported version header is 400.',
    session('unknown is 400: "%s"'),
  ),
  row(
    'version-assumed',
    '2025-11-25',
    'basic/transports#protocol-version-header',
    'Without one, and without a session, it is 2025-03-26.',
    session("absent is the session's, and else 2025-03-26"),
  ),

  // Utilities
  row(
    'cancel',
    '2025-11-25',
    'basic/utilities/cancellation#behavior-requirements',
    'A cancelled request is stopped, and not answered.',
    session('closes a stream, without a response'),
  ),
  row(
    'cancel-unknown',
    '2025-11-25',
    'basic/utilities/cancellation#error-handling',
    'A cancellation of nothing is ignored.',
    session('of another session cancels nothing'),
  ),
  row(
    'progress-increases',
    '2025-11-25',
    'basic/utilities/progress#behavior-requirements',
    'Progress increases with each notification.',
    behaviour('hears progress, forwards only, before the result'),
  ),
  row(
    'progress-token',
    '2025-11-25',
    'basic/utilities/progress#behavior-requirements',
    'Only tokens that were given are used.',
    behaviour('hears no progress that it did not ask for'),
  ),
  row(
    'ping',
    '2025-11-25',
    'basic/utilities/ping#behavior-requirements',
    'A ping is answered with an empty result.',
    door('echoes %j on the legacy stream'),
  ),
  row(
    'log-level',
    '2025-11-25',
    'server/utilities/logging#setting-log-level',
    'Messages of the level that was set and above are sent.',
    behaviour('hears log messages of the level it set, and above'),
  ),
  row(
    'pages',
    '2025-11-25',
    'server/utilities/pagination#pagination-flow',
    'A list is read to its end by cursors.',
    behaviour('pages through a list: everything once, in order, by cursors it cannot read'),
  ),
  row(
    'pages-bad-cursor',
    '2025-11-25',
    'server/utilities/pagination#error-handling',
    'An invalid cursor is -32602.',
    behaviour('pages through a list: everything once, in order, by cursors it cannot read'),
  ),
  row(
    'completion-100',
    '2025-11-25',
    'server/utilities/completion#completion-results',
    'At most 100 values are suggested.',
    behaviour('completes arguments of prompts and variables of templates'),
  ),

  // Server features
  row(
    'tool-errors',
    '2025-11-25',
    'server/tools#error-handling',
    'Errors of a tool are results with isError, unknown tools protocol errors.',
    session('with bad arguments is a result with isError that says which argument and why'),
  ),
  row(
    'tool-structured',
    '2025-06-18',
    'server/tools#structured-content',
    'Structured content is there as text too.',
    field('loses nothing for the model: what cannot be said as it is, is said as text'),
  ),
  row(
    'resource-missing',
    '2025-11-25',
    'server/resources#error-handling',
    'A resource that is not there is -32002.',
    behaviour('reads resources and gets prompts'),
  ),
  row(
    'resource-updates',
    '2025-11-25',
    'server/resources#subscriptions',
    'Updates are told to those who subscribed.',
    behaviour('hears of the updates it subscribed to, and of no others'),
  ),
  row(
    'list-changed',
    '2025-11-25',
    'server/tools#list-changed-notification',
    'Changes of a list are told.',
    behaviour('hears that lists have changed'),
  ),
  row(
    'prompt-arguments',
    '2025-11-25',
    'server/prompts#error-handling',
    'A missing argument is -32602.',
    behaviour('reads resources and gets prompts'),
  ),
  row(
    'schema-of-revision',
    '2024-11-05',
    'server/tools#data-types',
    'Nothing is sent that the schema of the revision does not have.',
    field('%s goes to those whose schema has it, and to nobody else'),
  ),

  // 2026-07-28
  row(
    'modern-meta',
    '2026-07-28',
    'basic#_meta',
    'Every request carries version and capabilities.',
    stateless('is 400 -32602 with the id for a modern header and %s'),
  ),
  row(
    'modern-result-type',
    '2026-07-28',
    'basic#responses',
    'Every result has a resultType.',
    stateless('carry resultType and serverInfo, as every result: %s'),
  ),
  row(
    'modern-version-header',
    '2026-07-28',
    'basic/transports/streamable-http#protocol-version-header',
    'The version header is that of the body.',
    stateless('is 400 -32020, and the tool is not run: %s'),
  ),
  row(
    'modern-version-unknown',
    '2026-07-28',
    'basic/versioning#protocol-version-negotiation',
    'An unknown version is -32022 with those that are served.',
    stateless('is 400 -32022 with supported and requested: "%s"'),
  ),
  row(
    'modern-method-404',
    '2026-07-28',
    'basic/transports/streamable-http#protocol-version-header',
    'An unknown method is 404 with -32601.',
    stateless('is 404 -32601: "%s"'),
  ),
  row(
    'modern-mirror',
    '2026-07-28',
    'basic/transports/streamable-http#server-behavior-for-custom-headers',
    'Mirrored headers that differ are 400 with -32020.',
    stateless('is 400 -32020, and the tool is not run: %s'),
  ),
  row(
    'modern-mirror-absent',
    '2026-07-28',
    'basic/transports/streamable-http#server-behavior-for-custom-headers',
    'No header is expected for what is null or not there.',
    stateless('is 400 -32020 for a mirrored header without its argument'),
  ),
  row(
    'modern-mirror-decode',
    '2026-07-28',
    'basic/transports/streamable-http#value-encoding',
    'Encoded values are decoded before they are compared.',
    stateless('compares what a header cannot say after decoding it'),
  ),
  row(
    'modern-mirror-number',
    '2026-07-28',
    'basic/transports/streamable-http#server-validation',
    'Integers are compared as numbers.',
    stateless('runs the tool when they agree: %s'),
  ),
  row(
    'modern-capability',
    '2026-07-28',
    'basic#error-codes',
    'A capability that is missing is -32021 with those required.',
    stateless('is 400 -32021 with requiredCapabilities: %s, %j'),
  ),
  row(
    'modern-no-session',
    '2026-07-28',
    'basic/transports/streamable-http#earlier-streamable-http-revisions',
    'Session ids and Last-Event-ID are ignored, and none is given.',
    stateless('are ignored, not echoed'),
  ),
  row(
    'modern-405',
    '2026-07-28',
    'basic/transports/streamable-http#earlier-streamable-http-revisions',
    'GET and DELETE are 405.',
    stateless('are 405 Allow: POST: %s %s'),
  ),
  row(
    'modern-cancel',
    '2026-07-28',
    'basic/transports/streamable-http#cancellation',
    'Closing the stream cancels the request.',
    stateless('cancels the call'),
  ),
  row(
    'modern-notification',
    '2026-07-28',
    'basic/transports/streamable-http#sending-messages',
    'A notification is 202 without a body.',
    stateless('is 202 and empty, and does nothing: %s'),
  ),
  row(
    'modern-log-level',
    '2026-07-28',
    'server/utilities/logging#per-request-log-level',
    'Log messages go to requests that asked, from the level they asked for.',
    stateless('is that of the request: %s'),
  ),
  row(
    'modern-cache',
    '2026-07-28',
    'server/utilities/caching#cacheable-results',
    'Lists, reads and discover carry cache hints.',
    stateless('carry ttlMs and cacheScope: %s'),
  ),
  row(
    'modern-cache-pages',
    '2026-07-28',
    'server/utilities/caching#interaction-with-pagination',
    'All pages of a list have the same scope.',
    rounds('page through lists, with the same cacheScope on each page'),
  ),
  row(
    'listen-ack',
    '2026-07-28',
    'basic/patterns/subscriptions#acknowledgment',
    'The acknowledgement comes first, and names what will be sent.',
    stateless('is acknowledged first, and then carries only what was asked for, each tagged'),
  ),
  row(
    'listen-end',
    '2026-07-28',
    'basic/patterns/subscriptions#graceful-closure',
    'A server that goes answers the subscription.',
    stateless('ends with a result when the server goes'),
  ),
  row(
    'mrtr-keys',
    '2026-07-28',
    'basic/patterns/mrtr#server-requirements-basic-workflow',
    'Keys of questions are unique in a request.',
    rounds('at once travel together, each under its own key'),
  ),
  row(
    'mrtr-state',
    '2026-07-28',
    'basic/patterns/mrtr#server-requirements-basic-workflow',
    'A state that was touched is refused.',
    stateless('refuses a state that was touched: %s'),
  ),
  row(
    'mrtr-replay',
    '2026-07-28',
    'basic/patterns/mrtr#server-requirements-basic-workflow',
    'A state is bound to its request, and expires.',
    stateless('refuses a state with other parameters, another tool, another method'),
  ),
  row(
    'mrtr-declared',
    '2026-07-28',
    'basic/patterns/mrtr#server-requirements-basic-workflow',
    'Nothing is asked that was not declared.',
    rounds('is never asked what it did not declare'),
  ),
  row(
    'mrtr-again',
    '2026-07-28',
    'basic/patterns/mrtr#error-handling',
    'What is missing or cannot be used is asked again; what is not known is ignored.',
    stateless('asks again when the answer cannot be used or is not there'),
  ),
];

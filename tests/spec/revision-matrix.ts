// Feature by revision by door: what a client of a revision gets from us. docs/revisions.md shows it; every row names its test.
export const REVISIONS = ['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25', '2026-07-28'] as const;
export type Revision = (typeof REVISIONS)[number];

/** The legacy pair serves every handshake revision; /mcp serves all. */
export const DOORS = ['legacy', 'mcp'] as const;
export type Door = (typeof DOORS)[number];

export interface Row {
  readonly feature: string;
  /** In the doors that are named; both when absent. */
  readonly doors?: readonly Door[];
  /** The first revision that has it. */
  readonly since: Revision;
  /** The first revision that no longer has it. */
  readonly until?: Revision;
  /** What the table says instead of a mere yes. */
  readonly how?: Partial<Record<Revision, string>>;
  readonly test: TestName;
}

export interface TestName {
  readonly file: string;
  /** As it stands in the file, or the part of it that does not vary. */
  readonly name: string;
}

const field = (name: string): TestName => ({ file: 'tests/wire/revisions.test.ts', name });
const behaviour = (name: string): TestName => ({ file: 'tests/wire/behaviours.test.ts', name });
const session = (name: string): TestName => ({ file: 'tests/wire/streamable-http.test.ts', name });
const FIELD = field('goes to those whose schema has it, and to nobody else');

/** Fields: each is looked for, in each revision and over each door, by the test of `FIELD`. */
export const FIELDS: readonly Row[] = [
  { feature: 'title of the server', since: '2025-06-18', test: FIELD },
  { feature: 'description, website and icons of the server', since: '2025-11-25', test: FIELD },
  { feature: 'completions capability', since: '2025-03-26', test: FIELD },
  { feature: 'annotations of tools', since: '2025-03-26', test: FIELD },
  { feature: 'title of tools', since: '2025-06-18', test: FIELD },
  { feature: 'title of resources', since: '2025-06-18', test: FIELD },
  { feature: 'title of prompts', since: '2025-06-18', test: FIELD },
  { feature: 'title of prompt arguments', since: '2025-06-18', test: FIELD },
  { feature: '_meta of tools', since: '2025-06-18', test: FIELD },
  { feature: 'icons of tools', since: '2025-11-25', test: FIELD },
  { feature: 'icons of resources', since: '2025-11-25', test: FIELD },
  { feature: 'icons of prompts', since: '2025-11-25', test: FIELD },
  { feature: 'output schema', since: '2025-06-18', test: FIELD },
  { feature: 'output schema that is no object', since: '2026-07-28', test: FIELD },
  { feature: 'task support of tools', since: '2025-11-25', until: '2026-07-28', test: FIELD },
  { feature: 'structured content', since: '2025-06-18', test: FIELD },
  { feature: 'structured content that is no object', since: '2026-07-28', test: FIELD },
  { feature: 'audio', since: '2025-03-26', test: FIELD },
  { feature: 'resource links', since: '2025-06-18', test: FIELD },
  { feature: '_meta of content', since: '2025-06-18', test: FIELD },
  { feature: '_meta of what is read', since: '2025-06-18', test: FIELD },
  { feature: 'lastModified', since: '2025-06-18', test: FIELD },
  { feature: 'message of progress', since: '2025-03-26', test: FIELD },
  { feature: 'resultType and serverInfo of results', since: '2026-07-28', test: FIELD },
  { feature: 'ttlMs and cacheScope', since: '2026-07-28', test: FIELD },
];

const MODERN_QUESTION = { '2026-07-28': 'input_required' } as const;

/** Behaviours, with the test that shows each. */
export const BEHAVIOURS: readonly Row[] = [
  {
    feature: 'calls, arguments checked',
    since: '2024-11-05',
    test: session('with bad arguments is a result with isError that says which argument and why'),
  },
  { feature: 'progress', since: '2024-11-05', test: behaviour('hears progress, forwards only, before the result') },
  {
    feature: 'log messages',
    since: '2024-11-05',
    how: { '2026-07-28': 'level per request' },
    test: behaviour('hears log messages of the level it set, and above'),
  },
  { feature: 'sampling', since: '2024-11-05', how: MODERN_QUESTION, test: behaviour('is asked for its model') },
  { feature: 'roots', since: '2024-11-05', how: MODERN_QUESTION, test: behaviour('is asked for its folders') },
  {
    feature: 'elicitation, form',
    since: '2024-11-05',
    how: { '2024-11-05': 'if declared', '2025-03-26': 'if declared', ...MODERN_QUESTION },
    test: behaviour('is asked to fill in a form'),
  },
  {
    feature: 'elicitation, url',
    since: '2024-11-05',
    how: { '2024-11-05': 'if declared', '2025-03-26': 'if declared', '2025-06-18': 'if declared', ...MODERN_QUESTION },
    test: behaviour('is asked to visit a page'),
  },
  {
    feature: 'completion',
    since: '2024-11-05',
    test: behaviour('completes arguments of prompts and variables of templates'),
  },
  {
    feature: 'pagination',
    since: '2024-11-05',
    test: behaviour('pages through a list: everything once, in order, by cursors it cannot read'),
  },
  {
    feature: 'list changes',
    since: '2024-11-05',
    how: { '2026-07-28': 'subscriptions/listen' },
    test: behaviour('hears that lists have changed'),
  },
  {
    feature: 'resource updates',
    since: '2024-11-05',
    how: { '2026-07-28': 'subscriptions/listen' },
    test: behaviour('hears of the updates it subscribed to, and of no others'),
  },
  {
    feature: 'cancellation',
    since: '2024-11-05',
    how: { '2026-07-28': 'closing the stream' },
    test: behaviour('cancels a call'),
  },
  {
    feature: 'batches',
    since: '2025-03-26',
    until: '2025-06-18',
    test: field('takes a batch where the revision has them'),
  },
  {
    feature: 'priming event and retry',
    doors: ['mcp'],
    since: '2025-11-25',
    until: '2026-07-28',
    test: session('begin with an empty priming event with an id, and say retry'),
  },
  {
    feature: 'resumption by Last-Event-ID',
    since: '2024-11-05',
    until: '2026-07-28',
    test: session('is the rest of that stream, in order, once, while the call still runs'),
  },
  {
    feature: 'tasks',
    since: '2025-11-25',
    how: { '2025-11-25': 'experimental', '2026-07-28': 'extension' },
    test: behaviour('go on without their request, and give their result later'),
  },
];

export function isServed(door: Door, revision: Revision): boolean {
  return door === 'mcp' || revision !== '2026-07-28';
}

/** Whether a client of that revision gets it at that door. */
export function has({ since, until, doors = DOORS }: Row, revision: Revision, door: Door): boolean {
  return (
    isServed(door, revision) && doors.includes(door) && revision >= since && (until === undefined || revision < until)
  );
}

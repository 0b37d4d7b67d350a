// @ts-check
// What happened, newest first, in words that need no knowledge of the protocol.
import { element, formatBytes, formatMs } from './dom.js';

/**
 * @typedef {{ session?: string | undefined, at: number, event: string, facts: Record<string, any> }} Item
 */

const MAX_ITEMS = 400;

/** What a diagnosis means, and what to do about it. */
const MEANINGS = new Map([
  [
    'client never opened its stream',
    'There was something to tell the client, but it has never opened the stream it would hear it on.',
  ],
  [
    'unknown session',
    'The client named a session that does not exist here. It should begin a new one. Behind a load balancer, requests of one session may be reaching different servers.',
  ],
  [
    'answered on another stream',
    'The answer was sent on the session’s stream, not on the response of the request. A client that waits for it there waits in vain: see MCP_RESPONSE_ROUTING.',
  ],
  [
    'answer has no stream to go to',
    'The call was answered, but the client’s stream was gone. It gets the answer if it comes back in time.',
  ],
  ['reader stalled', 'The client kept the connection open but stopped reading, so the connection was ended.'],
  ['reader fell too far behind', 'The client read so slowly that what it missed is no longer kept.'],
  [
    'connection was cut',
    'The connection broke while it was still needed. Something in between, such as a proxy with a time limit, may have ended it.',
  ],
  ['tool timed out', 'The tool took longer than it may, so the client got an answer that says so.'],
  ['token lacks a scope', 'The client’s token does not allow this tool.'],
]);

const ENDS = new Map([
  ['complete', 'finished'],
  ['client closed', 'the client closed it'],
  ['client left', 'the client left before the answer'],
  ['connection lost', 'the connection broke'],
  ['stalled', 'the client stopped reading'],
  ['taken over', 'a newer connection took over'],
  ['session closed', 'the session ended'],
  ['shutdown', 'the server is shutting down'],
  ['overrun', 'the client was too far behind'],
  ['polling', 'the client is to come back for the rest'],
]);

export class TimelineView {
  /** @type {string | undefined} */
  #session;
  #onlyProblems = false;
  /** @type {Map<string, HTMLElement[]>} */
  #begun = new Map();

  /** @param {HTMLElement} list */
  constructor(list) {
    this.list = list;
  }

  /** @param {readonly Item[]} items oldest first */
  fill(items) {
    this.list.replaceChildren(
      ...[...items]
        .reverse()
        .slice(0, MAX_ITEMS)
        .map((item) => this.#row(item)),
    );
    this.#filter();
  }

  /** @param {Item} item */
  add(item) {
    this.#replace(item);
    const row = this.#row(item);
    row.classList.add('new');
    row.hidden = !this.#isShown(row);
    if (item.event === 'call started' || item.event === 'stream opened') this.#remember(item.facts.requestId, row);
    this.list.prepend(row);
    while (this.list.childElementCount > MAX_ITEMS) this.list.lastElementChild?.remove();
  }

  /** @param {string} requestId @param {HTMLElement} row */
  #remember(requestId, row) {
    this.#begun.set(requestId, [...(this.#begun.get(requestId) ?? []), row]);
    const [oldest] = this.#begun.keys();
    if (this.#begun.size > MAX_ITEMS && oldest !== undefined) this.#begun.delete(oldest);
  }

  // What began is told until it has ended; then the end tells all.
  /** @param {Item} item */
  #replace({ event, facts: { requestId, outcome } }) {
    const isEnd = (event === 'exchange' && outcome !== 'pending') || event === 'answer';
    if (!isEnd || typeof requestId !== 'string') return;
    for (const row of this.#begun.get(requestId) ?? []) row.remove();
    this.#begun.delete(requestId);
  }

  /** @param {{ session?: string | undefined, onlyProblems?: boolean }} filter */
  show({ session, onlyProblems = false }) {
    this.#session = session;
    this.#onlyProblems = onlyProblems;
    this.#filter();
  }

  #filter() {
    for (const row of this.list.children) if (row instanceof HTMLElement) row.hidden = !this.#isShown(row);
  }

  /** @param {HTMLElement} row */
  #isShown({ dataset }) {
    const isSession = this.#session === undefined || dataset.session === this.#session;
    return isSession && (!this.#onlyProblems || dataset.problem !== undefined);
  }

  /** @param {Item} item */
  #row({ at, event, facts, session: filed }) {
    const session = filed ?? /** @type {string | undefined} */ (facts.session);
    const diagnosis = typeof facts.diagnosis === 'string' ? facts.diagnosis : undefined;
    const isBad = diagnosis !== undefined || facts.refused !== undefined || facts.status >= 400;
    const row = element(
      'li',
      {
        class: isBad ? 'bad' : facts.outcome === 'tool error' ? 'warn' : '',
        'data-session': session ?? '',
        'data-event': event,
      },
      element('time', { datetime: new Date(at).toISOString() }, new Date(at).toLocaleTimeString([], { hour12: false })),
      element('span', { class: 'who' }, session ?? '—'),
      element('span', { class: 'what' }, ...describe(event, facts)),
    );
    if (isBad) row.dataset.problem = '';
    if (diagnosis !== undefined) {
      const words = [MEANINGS.get(diagnosis), typeof facts.detail === 'string' ? `(${facts.detail})` : undefined];
      row.append(
        element('p', { class: 'diagnosis' }, element('strong', {}, diagnosis), ' ', words.filter(Boolean).join(' ')),
      );
    }
    return row;
  }
}

/**
 * @param {string} event
 * @param {Record<string, any>} facts
 * @returns {import('./dom.js').Child[]}
 */
function describe(event, facts) {
  switch (event) {
    case 'exchange':
      return describeExchange(facts);
    case 'answer':
      return [subject(facts), ` answered ${whereTo(facts)}: ${facts.outcome} in ${formatMs(facts.callMs)}`];
    case 'call started':
      return [subject(facts), ' began'];
    case 'stream opened':
      return [`A stream was opened (${streamName(facts.kind)})`];
    case 'stream resumed':
      return [`The client came back for what it missed${after(facts)}`];
    case 'session opened':
      return [`A session began at the ${doorName(facts.door)}`];
    case 'session closed':
      return [`The session ended: ${facts.reason}`];
    case 'not sent':
      return [`Not sent: ${facts.method}`];
    case 'broken request':
      return [element('b', {}, 'Not a request'), ` ${facts.status} · ${facts.refused}`];
    case 'missed':
      return [`${facts.missed} things happened too fast to be shown`];
    default:
      return [event];
  }
}

/** @param {Record<string, any>} facts */
function describeExchange(facts) {
  const isStream = facts.stream !== undefined;
  const parts = [
    facts.status === undefined ? 'no answer' : String(facts.status),
    facts.outcome === 'pending' ? 'still working' : facts.outcome === 'ok' ? undefined : facts.outcome,
    formatMs(facts.ms),
    isStream ? `${facts.events} events, ${formatBytes(facts.bytes)}` : undefined,
    facts.ended === undefined ? undefined : (ENDS.get(facts.ended) ?? facts.ended),
    facts.diagnosis === undefined ? facts.error : undefined,
  ];
  const rest = parts.filter((part) => part !== undefined).join(' · ');
  const name = isStream ? ` stream (${streamName(facts.stream)})` : '';
  return [subject(facts), `${name} `, element('span', { class: 'quiet' }, rest)];
}

/** @param {Record<string, any>} facts */
function subject(facts) {
  const { verb, path, method, tool } = facts;
  return element('b', {}, tool ?? method ?? `${verb} ${path}`);
}

/** @param {Record<string, any>} facts */
function whereTo({ door, answeredOn }) {
  if (answeredOn === 'task') return 'as a task';
  return door === 'legacy' ? 'on the stream' : 'after its request had ended';
}

/** @param {Record<string, any>} facts */
function after({ afterMs, ended }) {
  if (afterMs === undefined) return '';
  return `, ${formatMs(afterMs)} after its connection had ended (${ENDS.get(ended) ?? ended})`;
}

/** @param {string} kind */
function streamName(kind) {
  const names = new Map([
    ['legacy', 'legacy'],
    ['session', 'of the session'],
    ['post', 'of one request'],
    ['resumed', 'resumed'],
  ]);
  return names.get(kind) ?? kind;
}

/** @param {string} door */
function doorName(door) {
  return door === 'legacy' ? 'legacy door' : 'modern door';
}

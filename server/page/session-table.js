// @ts-check
// Live sessions as a table. Rows are kept and changed in place, so that focus and selection survive.
import { element, formatMs } from './dom.js';

/**
 * @typedef {{ id: string, door: string, revision?: string, principal?: string, client?: { name: string, version: string },
 *   ageMs: number, idleMs: number, stream: string, streams: { kind: string }[], queued?: number, unheard: number,
 *   calls: { method: string, tool?: string, ms: number }[], diagnosis?: string, instances?: string[] }} SessionSummary
 */

export class SessionTable {
  /** @type {Map<string, HTMLTableRowElement>} */
  #rows = new Map();

  /**
   * @param {HTMLElement} body
   * @param {(id: string) => void} onSelect
   */
  constructor(body, onSelect) {
    this.body = body;
    this.onSelect = onSelect;
  }

  /** @param {readonly SessionSummary[]} sessions */
  show(sessions) {
    const seen = new Set(sessions.map(({ id }) => id));
    for (const [id, row] of this.#rows) {
      if (seen.has(id)) continue;
      row.remove();
      this.#rows.delete(id);
    }
    sessions.forEach((session, index) => {
      const row = this.#rows.get(session.id) ?? this.#add(session.id);
      this.#fill(row, session);
      if (this.body.children[index] !== row) this.body.insertBefore(row, this.body.children[index] ?? null);
    });
    if (sessions.length === 0) {
      this.body.replaceChildren(
        element('tr', { class: 'none' }, element('td', { colspan: 8 }, 'Nobody is connected in a session.')),
      );
    } else this.body.querySelector('.none')?.remove();
  }

  /** @param {string} id */
  #add(id) {
    const button = element(
      'button',
      { type: 'button', class: 'link', title: 'Show only this session', click: () => this.onSelect(id) },
      id,
    );
    const row = element('tr', { 'data-session': id }, element('th', { scope: 'row' }, button));
    for (let cell = 0; cell < 7; cell += 1) row.append(element('td'));
    this.#rows.set(id, row);
    return row;
  }

  /**
   * @param {HTMLTableRowElement} row
   * @param {SessionSummary} session
   */
  #fill(row, session) {
    const { door, revision, client, principal, ageMs, idleMs, stream, streams, queued, unheard, calls } = session;
    const name = client === undefined ? 'unknown' : `${client.name} ${client.version}`.trim();
    const busy = calls.map(({ method, tool }) => tool ?? method);
    const posts = streams.filter(({ kind }) => kind === 'post' || kind === 'resumed').length;
    const texts = [
      principal === undefined ? name : `${name} (${principal})`,
      `${door === 'legacy' ? 'legacy' : 'modern'}${revision === undefined ? '' : `, ${revision}`}`,
      [`${stream}${posts > 0 ? ` +${posts}` : ''}`, unheard > 0 && `${unheard} not sent`, session.diagnosis]
        .filter(Boolean)
        .join(', '),
      busy.length === 0 ? '—' : busy.slice(0, 3).join(', ') + (busy.length > 3 ? ` +${busy.length - 3}` : ''),
      queued === undefined || queued === 0 ? '—' : `${queued} events`,
      formatMs(ageMs),
      idleMs < 1000 ? 'active' : formatMs(idleMs),
    ];
    texts.forEach((text, index) => {
      const cell = row.cells[index + 1];
      if (cell !== undefined && cell.textContent !== text) cell.textContent = text;
    });
    row.classList.toggle('busy', calls.length > 0);
    row.classList.toggle('problem', session.diagnosis !== undefined);
    row.title = whereOf(session);
  }
}

/** @param {SessionSummary} session */
function whereOf({ instances }) {
  if (instances === undefined) return '';
  return instances.length === 0 ? 'Kept, and used by no instance just now' : `On ${instances.join(' and ')}`;
}

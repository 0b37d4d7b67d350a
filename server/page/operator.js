// @ts-check
// The operator's part: sessions as they are, the timeline as it moves. Everybody else is told how to get in.
import { byId } from './dom.js';
import { readEvents } from './event-stream.js';
import { SessionTable } from './session-table.js';
import { TimelineView } from './timeline-view.js';

const REFRESH_MS = 1000;
const RETRY_MS = 2000;

/** @param {string} base */
export function showOperator(base) {
  let token = '';
  let isStale = true;
  let isPaused = false;
  let isWatching = false;
  // Connected again while paused: more may have happened than is held.
  let isBehind = false;
  /** @type {import('./timeline-view.js').Item[]} */
  let held = [];
  /** @type {string | undefined} */
  let selected;
  // What is asked last is what is shown, however late what was asked before is answered.
  let asked = 0;
  let isRunning = false;
  const onlyProblems = byId('only-problems', HTMLInputElement);
  const showAll = byId('show-all', HTMLButtonElement);
  const pause = byId('pause', HTMLButtonElement);
  const timeline = new TimelineView(byId('timeline', HTMLElement));
  const table = new SessionTable(byId('sessions', HTMLElement), (id) => select(id));

  /** @param {string} path @param {RequestInit} [init] */
  function ask(path, init) {
    /** @type {Record<string, string>} */
    const headers = token === '' ? {} : { Authorization: `Bearer ${token}` };
    return fetch(`${base}/debug/${path}`, { headers, ...init });
  }

  /** @returns whether we may look */
  async function refresh() {
    isStale = false;
    const response = await ask('sessions');
    if (response.status === 401 || response.status === 403) {
      /** @type {any} */
      const body = await response.json().catch(() => undefined);
      lock(typeof body?.error?.message === 'string' ? body.error.message : 'Only the operator may look at this.');
      return false;
    }
    if (!response.ok) return true;
    const { count, sessions, isPartial } = await response.json();
    byId('partial', HTMLElement).hidden = isPartial !== true;
    byId('session-count', HTMLElement).textContent = String(count);
    table.show(sessions);
    unlock();
    return true;
  }

  // Whoever has just let himself in goes on where there is something to see.
  function unlock() {
    const locked = byId('operator-locked', HTMLElement);
    const hadFocus = locked.contains(document.activeElement);
    locked.hidden = true;
    byId('operator-view', HTMLElement).hidden = false;
    if (hadFocus) byId('timeline', HTMLElement).focus();
  }

  /** @param {string} why */
  function lock(why) {
    byId('operator-why', HTMLElement).textContent = token === '' ? why : `That is not the token. ${why}`;
    byId('operator-locked', HTMLElement).hidden = false;
    byId('operator-view', HTMLElement).hidden = true;
  }

  async function run() {
    if (isRunning) return;
    isRunning = true;
    try {
      while (await refresh().catch(() => true)) {
        if (isPaused) isBehind = true;
        else await past().catch(() => undefined);
        await watch().catch(() => undefined);
        isWatching = false;
        showState();
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    } finally {
      isRunning = false;
    }
  }

  // What happened before we looked: all that is known of the selected session, or the latest of everybody.
  async function past() {
    asked += 1;
    const mine = asked;
    const id = selected;
    const response = await ask(id === undefined ? 'timeline' : `sessions/${encodeURIComponent(id)}`);
    const items = response.ok ? (await response.json()).timeline : undefined;
    if (mine !== asked || items === undefined) return;
    timeline.fill(id === undefined ? items : items.map((/** @type {object} */ item) => ({ session: id, ...item })));
    held = [];
    isBehind = false;
  }

  async function watch() {
    const response = await ask('events');
    if (!response.ok) return;
    isWatching = true;
    showState();
    for await (const { data } of readEvents(response)) {
      const item = JSON.parse(data);
      isStale = true;
      if (isPaused) held = [...held.slice(-200), item];
      else timeline.add(item);
    }
  }

  function showState() {
    const text = !isWatching ? 'Connecting again…' : isPaused ? 'Paused' : 'Live';
    byId('live', HTMLElement).classList.toggle('on', isWatching && !isPaused);
    const words = byId('live-text', HTMLElement);
    // Said aloud whenever it is set.
    if (words.textContent !== text) words.textContent = text;
  }

  /** @param {string | undefined} id */
  function select(id) {
    selected = id;
    showAll.hidden = id === undefined;
    byId('timeline-title', HTMLElement).textContent = id === undefined ? 'Timeline' : `Timeline of ${id}`;
    timeline.show({ session: id, onlyProblems: onlyProblems.checked });
    void past().catch(() => undefined);
  }

  onlyProblems.addEventListener('change', () =>
    timeline.show({ session: selected, onlyProblems: onlyProblems.checked }),
  );
  showAll.addEventListener('click', () => {
    select(undefined);
    byId('timeline', HTMLElement).focus();
  });
  pause.addEventListener('click', () => {
    isPaused = !isPaused;
    pause.setAttribute('aria-pressed', String(isPaused));
    pause.textContent = isPaused ? 'Go on' : 'Pause';
    showState();
    for (const item of held.splice(0)) timeline.add(item);
    if (!isPaused && isBehind) void past().catch(() => undefined);
  });
  byId('unlock', HTMLFormElement).addEventListener('submit', (event) => {
    event.preventDefault();
    token = byId('operator-token', HTMLInputElement).value.trim();
    void run();
  });

  // Ages and idle times pass even when nothing happens, but nobody needs them by the second.
  let ticks = 0;
  setInterval(() => {
    ticks += 1;
    if (isRunning && !document.hidden && (isStale || ticks % 5 === 0)) void refresh().catch(() => undefined);
  }, REFRESH_MS);
  void run();
}

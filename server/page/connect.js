// @ts-check
// The addresses, and what to do with them. Tabs as in the ARIA practices: arrows move, only one is in the tab order.
import { clientsOf } from './clients.js';
import { copyButton } from './copy-button.js';
import { byId, element } from './dom.js';

/** @param {import('./clients.js').Server} server */
export function showConnect(server) {
  showAddresses(server.base);
  const clients = clientsOf(server);
  const tabs = clients.map((client, index) =>
    element(
      'button',
      {
        type: 'button',
        role: 'tab',
        id: `tab-${client.id}`,
        'aria-controls': 'client-panel',
        click: () => select(index),
      },
      client.name,
    ),
  );
  const list = byId('client-tabs', HTMLElement);
  list.replaceChildren(...tabs);
  list.addEventListener('keydown', (event) => {
    const at = tabs.findIndex((tab) => tab === document.activeElement);
    const to = destination(event.key, at, tabs.length);
    if (to === undefined) return;
    event.preventDefault();
    select(to);
    tabs[to]?.focus();
  });

  /** @param {number} index */
  function select(index) {
    const client = clients[index];
    if (client === undefined) return;
    tabs.forEach((tab, at) => {
      tab.setAttribute('aria-selected', String(at === index));
      tab.tabIndex = at === index ? 0 : -1;
    });
    const panel = byId('client-panel', HTMLElement);
    panel.setAttribute('aria-labelledby', `tab-${client.id}`);
    panel.replaceChildren(
      element('p', {}, client.hint),
      ...client.snippets.map(({ label, text }) => snippet(label, text, client.name)),
      ...notice(client, server),
    );
  }

  select(0);
}

/** @param {string} base */
function showAddresses(base) {
  const row = (/** @type {string} */ name, /** @type {string} */ url, /** @type {string} */ who) =>
    element(
      'div',
      {},
      element('dt', {}, name, element('span', { class: 'quiet' }, ` ${who}`)),
      element('dd', {}, element('code', {}, url), copyButton(url, `the address of the ${name.toLowerCase()}`)),
    );
  byId('addresses', HTMLElement).replaceChildren(
    row('Modern door', `${base}/mcp`, 'for nearly everybody'),
    row('Legacy door', `${base}/sse`, 'for older clients'),
  );
}

/**
 * @param {string} label
 * @param {string} text
 * @param {string} client
 */
function snippet(label, text, client) {
  return element(
    'figure',
    { class: 'snippet' },
    element('figcaption', {}, label, copyButton(text, `${label} for ${client}`)),
    element('pre', { tabindex: 0 }, element('code', {}, text)),
  );
}

/**
 * @param {import('./clients.js').Client} client
 * @param {import('./clients.js').Server} server
 */
function notice({ hosted }, { base, asksForToken }) {
  if (hosted === undefined) return [];
  const texts = [reachable(hosted, base)];
  if (asksForToken && hosted.token !== undefined) texts.push(hosted.token);
  return texts.filter((text) => text !== undefined).map((text) => element('p', { class: 'notice' }, text));
}

/**
 * @param {import('./clients.js').Hosted} hosted
 * @param {string} base
 */
function reachable({ who }, base) {
  const { hostname, protocol } = new URL(base);
  const isHere = hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.');
  if (!isHere && protocol === 'https:') return undefined;
  return isHere
    ? `This address works on this machine only. ${who} needs a public one that begins with https://.`
    : `${who} needs an address that begins with https://.`;
}

/**
 * @param {string} key
 * @param {number} at
 * @param {number} count
 */
function destination(key, at, count) {
  switch (key) {
    case 'ArrowRight':
      return (at + 1) % count;
    case 'ArrowLeft':
      return (at - 1 + count) % count;
    case 'Home':
      return 0;
    case 'End':
      return count - 1;
    default:
      return undefined;
  }
}

// @ts-check
// Copying, and saying to everybody what came of it.
import { byId, element } from './dom.js';

const SAID_MS = 1600;

/**
 * @param {string} text
 * @param {string} what said to those who do not see it
 */
export function copyButton(text, what) {
  const button = element('button', { type: 'button' });
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const show = (words = 'Copy', state = '') => {
    button.textContent = words;
    button.setAttribute('aria-label', `${words} ${what}`);
    button.className = `copy ${state}`.trim();
  };
  show();
  button.addEventListener('click', () => {
    void copy(text).then((isCopied) => {
      if (isCopied) show('Copied', 'done');
      else show('Not copied', 'failed');
      announce(isCopied ? `Copied ${what}` : `Could not copy ${what}`);
      clearTimeout(timer);
      timer = setTimeout(() => show(), SAID_MS);
    });
  });
  return button;
}

/** @type {ReturnType<typeof setTimeout> | undefined} */
let silence;

// What is said a second time is heard only if something else, or nothing, was there between.
/** @param {string} text */
function announce(text) {
  const place = byId('said', HTMLElement);
  place.textContent = text;
  clearTimeout(silence);
  silence = setTimeout(() => place.replaceChildren(), SAID_MS);
}

/**
 * Copies, also where the clipboard is not to be had (pages without HTTPS).
 * @param {string} text
 * @returns {Promise<boolean>} whether it was copied
 */
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const focused = document.activeElement;
    const area = element('textarea', { class: 'offscreen', 'aria-hidden': 'true' });
    area.value = text;
    document.body.append(area);
    area.focus({ preventScroll: true });
    area.select();
    // Old, but all there is on a page without HTTPS.
    // eslint-disable-next-line @typescript-eslint/no-deprecated
    const isCopied = document.execCommand('copy');
    area.remove();
    if (focused instanceof HTMLElement) focused.focus({ preventScroll: true });
    return isCopied;
  }
}

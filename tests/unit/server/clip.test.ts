import { describe, expect, it } from '@jest/globals';
import { clip } from '../../../server/clip.js';

const ID = '0af76519-16cd-43dd-8448-eb211c80319c';

describe('what a peer wrote, as it is shown', () => {
  it.each([
    'tools/call',
    'notifications/resources/list_changed',
    'get-weather.v2',
    '',
    '/mcp',
    'Wetter für Köln',
    '天气',
  ])('is %j as it is', (name) => {
    expect(clip(name)).toBe(name);
  });

  it.each([
    [ID, '0af76519'],
    [ID.replaceAll('-', ''), '0af76519'],
    [ID.toUpperCase(), '0AF76519'],
    [`/messages/${ID}/x`, '/messages/0af76519/x'],
    [`Unknown tool: ${ID}`, 'Unknown tool: 0af76519'],
    [`${'x'.repeat(80)}${ID}`, `${'x'.repeat(80)}0af76519`],
  ])('has no whole session id: %s', (name, shown) => {
    expect(clip(name)).toBe(shown);
  });

  it.each(['sk-proj-abcdefghijklmnop1234', 'http://user:hunter2hunter2@host/', '/login?token=hunter2hunter2'])(
    'has nothing in it that looks like a secret: %s',
    (name) => {
      expect(clip(name)).toContain('[masked]');
      expect(clip(name)).not.toMatch(/hunter2|abcdefgh/);
    },
  );

  it.each([
    '/cb;password=foo%26hunter2/y',
    '/x/token=abc%20hunter2',
    '?api_key=abc%26hunter2',
    'postgres://u:pa%40hunter2%2Fword@h/x',
  ])('does not end a secret where percent signs stand for something that would: %s', (text) => {
    expect(clip(text)).toContain('[masked]');
    expect(clip(text)).not.toContain('hunter2');
  });

  it.each(['%ffz', '%ff%41', '%ff%2541'])('looks at no more of a long text than it shows a part of: %s…', (part) => {
    const text = part.repeat(200_000);
    const before = performance.now();
    for (let n = 0; n < 20; n += 1) clip(text);
    // Whole, each of them would take seconds.
    expect(performance.now() - before).toBeLessThan(2000);
  });

  it.each([
    '/nope/Bearer%20hunter2hunter2',
    '/nope/%zz/%ff/Bearer%20hunter2hunter2%',
    '/nope/Bearer%2520hunter2hunter2',
    '/login%3Ftoken%3Dhunter2hunter2',
    '/s%6b-proj-hunter2hunter2',
  ])('has nothing in it that a reader would decode to a secret: %s', (path) => {
    expect(clip(path)).toContain('[masked]');
    expect(clip(path)).not.toContain('hunter2');
  });

  it('has no session id in it that a reader would decode', () => {
    expect(clip(`/x/%30${ID.slice(1)}`)).toBe('/x/%30af76519');
    expect(clip(`/x/${ID.replaceAll('-', '%2D')}`)).toBe('/x/0af76519');
  });

  it.each(['/a%20b', '/%', '/%zz', '/%E0%A4', '/a%0Ab', '100%'])('is %s as it came', (path) => {
    expect(clip(path)).toBe(path);
  });

  it('stays on its line, whoever reads it', () => {
    expect(clip('a\nb\r\u0085c\u2028d\u2029e\u001b[2Jf\u009bg\u202eh\u2066i\u0000')).toBe('a?b??c?d?e?[2Jf?g?h?i?');
  });

  it('is short, also where what is cut off would have been hidden', () => {
    for (const at of [60, 90, 99, 380, 399, 5000]) {
      const shown = clip(`${'ä'.repeat(at)}${ID}`);
      expect(shown.length).toBeLessThanOrEqual(101);
      expect(shown).not.toContain(ID.slice(0, 10));
    }
    for (let at = 0; at < 40; at += 1)
      expect(clip(`${' '.repeat(at)}${ID.repeat(10)}x${ID}x`)).not.toMatch(/0af76519-?1/);
    expect(clip('x'.repeat(5000))).toBe(`${'x'.repeat(100)}…`);
  });
});

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { UriTemplate } from '../../../resources/uri-template.js';

const match = (template: string, uri: string) => new UriTemplate(template).match(uri);

describe('a URI template', () => {
  it.each([
    ['notes://{id}', 'notes://7', { id: '7' }],
    ['notes://{id}', 'notes://a%20b%C3%A9', { id: 'a bé' }],
    ['file:///{name}.{extension}', 'file:///a.tar.gz', { name: 'a.tar', extension: 'gz' }],
    ['file:///{+path}', 'file:///src/a/b.ts', { path: 'src/a/b.ts' }],
    ['file:///{+path}-{id}', 'file:///a-b/c-d', { path: 'a-b/c', id: 'd' }],
    ['file:///{+from}/to/{+to}', 'file:///a/to/b/to/c', { from: 'a/to/b', to: 'c' }],
    ['repo://x{/owner,name}/tree', 'repo://x/me/it/tree', { owner: 'me', name: 'it' }],
    ['map://{lat,lon}', 'map://1.5,-2', { lat: '1.5', lon: '-2' }],
    ['find:///all{?q,page}', 'find:///all', {}],
    ['find:///all{?q,page}', 'find:///all?page=2&q=a%26b%2Fc', { page: '2', q: 'a&b/c' }],
    ['find:///all{?q}', 'find:///all?q=', { q: '' }],
    ['find:///all?kind={kind}', 'find:///all?kind=note', { kind: 'note' }],
    ['plain:thing', 'plain:thing', {}],
  ])('%s finds in %s what was put in', (template, uri, variables) => {
    expect(match(template, uri)).toEqual(variables);
  });

  it.each([
    ['notes://{id}', 'notes://'],
    ['notes://{id}', 'notes://a/b'],
    ['notes://{id}', 'notes://a%2Fb'],
    ['notes://{id}', 'notes://a%5Cb'],
    ['notes://{id}', 'notes://a?x=1'],
    ['notes://{id}', 'notes://a#b'],
    ['notes://{id}', 'notes://%'],
    ['notes://{id}', 'notes://%ff'],
    ['notes://{id}', 'notes://{id}'],
    ['notes://{id}', 'Notes://a'],
    ['notes://{id}', 'xnotes://a'],
    ['notes://{id}/x', 'notes://a/xy'],
    ['notes://{id}/x', 'notes://a/'],
    ['file:///{name}', 'file:///..'],
    ['file:///{name}', 'file:///%2e%2e'],
    ['file:///{+path}', 'file:///a/../../etc/passwd'],
    ['file:///{+path}', 'file:///a/%2E%2E%2fetc'],
    ['file:///{+path}', 'file:///a%5C..%5Cb'],
    ['find:///all{?q}', 'find:///all?other=1'],
    ['find:///all{?q}', 'find:///all?q=1&q=2'],
    ['find:///all{?q}', 'find:///all?q=%zz'],
    ['find:///all{?q}', 'find:///all?'],
    ['find:///all{?q}', 'find:///all?__proto__=1'],
  ])('%s is not %s', (template, uri) => {
    expect(match(template, uri)).toBeUndefined();
  });

  it.each([
    ['{+uri}', 'begins with a scheme'],
    ['notes://{id', 'brace without its other half'],
    ['notes://id}', 'brace without its other half'],
    ['notes://{{id}}', 'brace without its other half'],
    ['notes://{}', 'not {}'],
    ['notes://{a b}', 'not {a b}'],
    ['notes://{id*}', 'not {id*}'],
    ['notes://{id:3}', 'not {id:3}'],
    ['notes://{#id}', 'not {#id}'],
    ['notes://{&id}', 'not {&id}'],
    ['notes://{a}{b}', 'needs text before it'],
    ['notes://{a}/{a}', 'only once'],
    ['notes://{a}{?a}', 'only once'],
    ['notes://{?a}/x', 'at the end'],
    ['notes://{?a}{?b}', 'at the end'],
    ['notes://x?y=1{?a}', 'no other query'],
  ])('%s is refused, and says why', (template, why) => {
    expect(() => new UriTemplate(template)).toThrow(why);
  });

  it('gives back every value that was encoded into it', () => {
    const segment = fc
      .string({ unit: 'grapheme-composite', minLength: 1 })
      .filter((text) => !/[/\\]/.test(text) && text !== '..');
    fc.assert(
      fc.property(segment, segment, (a, b) => {
        const uri = `x://${encodeURIComponent(a)}/${encodeURIComponent(b)}?a=${encodeURIComponent(a)}`;
        expect(match('x://{first}{/second}{?a}', uri)).toEqual({ first: a, second: b, a });
      }),
    );
  });

  it('takes no longer than the URI is long, whatever stands in it', () => {
    const template = new UriTemplate('x://{a}-{b}-{c}-{d}-{+e}-{f}-{g}/end');
    const started = performance.now();
    expect(template.match(`x://${'-'.repeat(8000)}`)).toBeUndefined();
    expect(performance.now() - started).toBeLessThan(500);
  });
});

import { describe, expect, it } from '@jest/globals';
import { type Feature, has } from '../../../protocol/features.js';
import {
  compact,
  fitAnnotations,
  fitBlock,
  fitContents,
  fitDefinition,
  fitImplementation,
  fitPrompt,
  fitToolResult,
} from '../../../protocol/fit.js';
import type { ContentBlock } from '../../../protocol/mcp.js';
import { isAtLeast, type Revision, REVISIONS } from '../../../protocol/versions.js';

const from = (first: Revision): Revision[] => REVISIONS.filter((revision) => isAtLeast(revision, first));
const before = (first: Revision): Revision[] => REVISIONS.filter((revision) => !isAtLeast(revision, first));

describe('features', () => {
  it.each<[Feature, Revision[]]>([
    ['batch', ['2025-03-26']],
    ['audio', from('2025-03-26')],
    ['toolAnnotations', from('2025-03-26')],
    ['progressMessage', from('2025-03-26')],
    ['completions', from('2025-03-26')],
    ['title', from('2025-06-18')],
    ['structuredContent', from('2025-06-18')],
    ['outputSchema', from('2025-06-18')],
    ['resourceLink', from('2025-06-18')],
    ['elicitation', from('2025-06-18')],
    ['icons', from('2025-11-25')],
    ['elicitationUrl', from('2025-11-25')],
    ['toolExecution', ['2025-11-25']],
    ['priming', ['2025-11-25']],
    ['cacheHints', ['2026-07-28']],
    ['anyStructuredContent', ['2026-07-28']],
  ])('%s belongs to %j', (feature, revisions) => {
    expect(REVISIONS.filter((revision) => has(revision, feature))).toEqual(revisions);
  });
});

describe('fitDefinition', () => {
  const definition = { name: 'a', title: 'A', icons: [{ src: 'x' }], _meta: { k: 1 }, extra: 1 };

  it.each<[Revision, object]>([
    ['2024-11-05', { name: 'a', extra: 1 }],
    ['2025-03-26', { name: 'a', extra: 1 }],
    ['2025-06-18', { name: 'a', title: 'A', _meta: { k: 1 }, extra: 1 }],
    ['2025-11-25', definition],
    ['2026-07-28', definition],
  ])('for %s leaves what it knows', (revision, expected) => {
    expect(fitDefinition(definition, revision)).toStrictEqual(expected);
  });
});

describe('fitImplementation', () => {
  const info = { name: 'n', version: '1', title: 'T', description: 'd', websiteUrl: 'u', icons: [{ src: 'x' }] };

  it.each<[Revision, object]>([
    ['2024-11-05', { name: 'n', version: '1' }],
    ['2025-06-18', { name: 'n', version: '1', title: 'T' }],
    ['2025-11-25', info],
    ['2026-07-28', info],
  ])('for %s leaves what it knows', (revision, expected) => {
    expect(fitImplementation(info, revision)).toStrictEqual(expected);
  });
});

describe('fitBlock', () => {
  const audio: ContentBlock = { type: 'audio', data: 'AAAA', mimeType: 'audio/wav' };
  const link: ContentBlock = {
    type: 'resource_link',
    uri: 'file:///a',
    name: 'a',
    title: 'The A',
    icons: [{ src: 'x' }],
  };

  it('tells of audio in words where it cannot be carried', () => {
    for (const revision of before('2025-03-26')) {
      expect(fitBlock(audio, revision)).toEqual({ type: 'text', text: expect.stringContaining('audio/wav') });
    }
    for (const revision of from('2025-03-26')) expect(fitBlock(audio, revision)).toEqual(audio);
  });

  it('writes a link as text where links are not known', () => {
    for (const revision of before('2025-06-18')) {
      expect(fitBlock(link, revision)).toEqual({ type: 'text', text: 'The A: file:///a' });
    }
    const { icons: _, ...plain } = link as ContentBlock & { icons: unknown };
    expect(fitBlock(link, '2025-06-18')).toStrictEqual(plain);
    expect(fitBlock(link, '2025-11-25')).toStrictEqual(link);
  });

  it('cuts _meta and lastModified before 2025-06-18, and nothing after', () => {
    const block: ContentBlock = {
      type: 'text',
      text: 'hi',
      annotations: { priority: 1, audience: ['user'], lastModified: '2026-01-01T00:00:00Z' },
      _meta: { k: 1 },
    };
    for (const revision of before('2025-06-18')) {
      expect(fitBlock(block, revision)).toStrictEqual({
        type: 'text',
        text: 'hi',
        annotations: { priority: 1, audience: ['user'] },
      });
    }
    for (const revision of from('2025-06-18')) expect(fitBlock(block, revision)).toStrictEqual(block);
    expect(block._meta).toEqual({ k: 1 });
  });

  it('cuts the _meta of an embedded resource as that of a read one', () => {
    const resource = { uri: 'file:///a', text: 'a', _meta: { k: 1 } };
    const block: ContentBlock = { type: 'resource', resource };
    const read = { contents: [resource] };
    for (const revision of before('2025-06-18')) {
      expect(fitBlock(block, revision)).toStrictEqual({ type: 'resource', resource: { uri: 'file:///a', text: 'a' } });
      expect(fitContents(read, revision)).toStrictEqual({ contents: [{ uri: 'file:///a', text: 'a' }] });
    }
    for (const revision of from('2025-06-18')) {
      expect(fitBlock(block, revision)).toStrictEqual(block);
      expect(fitContents(read, revision)).toStrictEqual(read);
    }
  });

  it('is used for prompts too', () => {
    const prompt = { description: 'd', messages: [{ role: 'user' as const, content: link }] };
    expect(fitPrompt(prompt, '2024-11-05')).toEqual({
      description: 'd',
      messages: [{ role: 'user', content: { type: 'text', text: 'The A: file:///a' } }],
    });
  });

  it('has nothing to do where there are no annotations', () => {
    for (const revision of REVISIONS) expect(fitAnnotations(undefined, revision)).toBeUndefined();
  });
});

describe('fitToolResult', () => {
  const text = [{ type: 'text' as const, text: '{"a":1}' }];

  it('sends structured objects from 2025-06-18, anything from 2026-07-28', () => {
    const sends = (structuredContent: unknown): Revision[] =>
      REVISIONS.filter(
        (revision) => 'structuredContent' in fitToolResult({ content: text, structuredContent }, revision),
      );
    expect(sends({ a: 1 })).toEqual(from('2025-06-18'));
    expect(sends([1])).toEqual(['2026-07-28']);
    expect(sends(0)).toEqual(['2026-07-28']);
    expect(sends(null)).toEqual(['2026-07-28']);
    expect(sends(undefined)).toEqual([]);
  });

  it('tells in text what it cannot send as structure, so that the model still learns of it', () => {
    const result = fitToolResult({ content: [], structuredContent: { a: 1 } }, '2025-03-26');
    expect(result).toStrictEqual({ content: [{ type: 'text', text: '{"a":1}' }] });
    expect(fitToolResult({ content: text, structuredContent: { a: 1 } }, '2025-03-26').content).toEqual(text);
  });

  it('keeps isError and _meta in every revision', () => {
    for (const revision of REVISIONS) {
      expect(fitToolResult({ content: text, isError: true, _meta: { k: 1 } }, revision)).toStrictEqual({
        content: text,
        isError: true,
        _meta: { k: 1 },
      });
    }
  });
});

describe('compact', () => {
  it('leaves out what is undefined, and only that', () => {
    expect(compact({ a: undefined, b: null, c: 0, d: '', e: false })).toStrictEqual({ b: null, c: 0, d: '', e: false });
  });
});

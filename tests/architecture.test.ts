// Who may import whom. The rules are data; the checks run over any tree of texts, so that the tests below can show them a bad one.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { basename, join, posix, relative, sep } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import ts from 'typescript';

interface Rule {
  readonly folders: readonly string[];
  readonly packages: readonly string[] | 'any';
  readonly builtins: boolean;
}

interface Import {
  readonly specifier: string;
  readonly isTypeOnly: boolean;
}

type Tree = ReadonlyMap<string, string>;

const RULES: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ['protocol', { folders: [], packages: ['zod'], builtins: false }],
  ['tools', { folders: ['protocol'], packages: ['zod', 'ajv'], builtins: true }],
  ['resources', { folders: ['protocol'], packages: ['zod', 'ajv'], builtins: true }],
  ['prompts', { folders: ['protocol'], packages: ['zod', 'ajv'], builtins: true }],
  ['transports', { folders: ['protocol'], packages: ['uuid'], builtins: true }],
  ['routes', { folders: ['protocol', 'transports'], packages: ['express', 'cors'], builtins: false }],
  [
    'server',
    {
      folders: ['protocol', 'tools', 'resources', 'prompts', 'transports', 'routes', 'package.json'],
      packages: 'any',
      builtins: true,
    },
  ],
]);

/** What only one place inside a folder may import. */
const NARROWER = [{ folder: 'transports', package: 'redis', within: 'transports/stores/' }];

describe('the source tree', () => {
  const tree = readTree(join(import.meta.dirname, '..'));

  it('imports only in the agreed direction', () => {
    expect(findForbiddenImports(tree)).toEqual([]);
  });

  it('has no cycles between files', () => {
    expect(findCycles(tree)).toEqual([]);
  });

  it('gives every helper a home with a name', () => {
    expect(findNamelessFiles(tree)).toEqual([]);
  });
});

describe('the rules', () => {
  it.each([
    ['protocol/a.ts', "import { x } from '../tools/x.js';", 'protocol may not import tools'],
    ['protocol/a.ts', "import { readFile } from 'node:fs/promises';", 'protocol may not import Node builtins'],
    ['protocol/a.ts', "import fs from 'fs';", 'protocol may not import Node builtins'],
    ['protocol/a.ts', "export * from 'ajv';", 'protocol may import only these packages: zod'],
    ['tools/a.ts', "import type { S } from '../transports/sessions.js';", 'tools may not import transports'],
    ['tools/a.ts', "const r = await import('../resources/r.js');", 'tools may not import resources'],
    ['resources/a.ts', "import '../prompts/p.js';", 'resources may not import prompts'],
    ['prompts/a.ts', "type T = import('../tools/t.js').T;", 'prompts may not import tools'],
    ['transports/a.ts', "export { t } from '../tools/t.js';", 'transports may not import tools'],
    ['transports/a.ts', "import { createClient } from 'redis';", 'redis belongs inside transports/stores/'],
    ['transports/stores/a.ts', "import { jwtVerify } from 'jose';", 'transports may import only these packages: uuid'],
    ['routes/a.ts', "import { app } from '../server/app.js';", 'routes may not import server'],
    ['routes/a.ts', "import { t } from '../tools/t.js';", 'routes may not import tools'],
    ['server/a.ts', "import { x } from '../tests/support/x.js';", 'server may not import tests'],
  ])('keep %s from saying %s', (path, text, rule) => {
    expect(findForbiddenImports(new Map([[path, text]]))).toEqual([expect.stringContaining(rule)]);
  });

  it.each([
    ['protocol/a.ts', "import { z } from 'zod'; import { b } from './b.js'; // import 'express'"],
    ['tools/a.ts', "import { b } from '../protocol/b.js'; import Ajv from 'ajv/dist/2020.js'; import 'node:crypto';"],
    ['transports/stores/a.ts', "import { createClient } from 'redis'; import { v7 } from 'uuid';"],
    ['routes/a.ts', "import { Router } from 'express'; import cors from 'cors'; import '../transports/a.js';"],
    ['server/a.ts', "import 'pino'; import '../tools/a.js'; import '../routes/a.js'; const text = `import 'x'`;"],
  ])('let %s say %s', (path, text) => {
    expect(findForbiddenImports(new Map([[path, text]]))).toEqual([]);
  });

  it('see a cycle, and name its files', () => {
    const tree = new Map([
      ['tools/a.ts', "import './b.js';"],
      ['tools/b.ts', "export { c } from './sub/c.js';"],
      ['tools/sub/c.ts', "import { type A } from '../a.js';"],
      ['tools/outside.ts', "import './a.js';"],
    ]);
    expect(findCycles(tree)).toEqual(['cycle: tools/a.ts → tools/b.ts → tools/sub/c.ts → tools/a.ts']);
  });

  it('take no type for a cycle', () => {
    const tree = new Map([
      ['tools/a.ts', "import './b.js';"],
      ['tools/b.ts', "import type { A } from './a.js'; export type { B } from './a.js'; type C = import('./a.js').C;"],
    ]);
    expect(findCycles(tree)).toEqual([]);
  });

  it('have no place for utils.ts', () => {
    expect(findNamelessFiles(new Map([['tools/sub/utils.ts', '']]))).toHaveLength(1);
  });
});

function findForbiddenImports(tree: Tree): string[] {
  return [...tree].flatMap(([path, text]) =>
    readImports(path, text).flatMap(({ specifier }) => {
      const rule = brokenRule(path, specifier);
      return rule === undefined ? [] : [`${path} imports '${specifier}': ${rule}`];
    }),
  );
}

/** The rule an import breaks, in words. */
function brokenRule(path: string, specifier: string): string | undefined {
  const folder = topFolder(path);
  const rule = RULES.get(folder);
  if (!rule) return `${folder} has no rule`;

  if (specifier.startsWith('.')) {
    const target = topFolder(resolveImport(path, specifier));
    if (target === folder || rule.folders.includes(target)) return undefined;
    return `${folder} may not import ${target}, only ${[folder, ...rule.folders].join(', ')}`;
  }
  if (isBuiltin(specifier)) return rule.builtins ? undefined : `${folder} may not import Node builtins`;

  const name = packageName(specifier);
  const narrower = NARROWER.find((entry) => entry.folder === folder && entry.package === name);
  if (narrower) return path.startsWith(narrower.within) ? undefined : `${name} belongs inside ${narrower.within}`;
  if (rule.packages === 'any' || rule.packages.includes(name)) return undefined;
  return `${folder} may import only these packages: ${rule.packages.join(', ')}`;
}

/** Each cycle once, from the file where the walk entered it. Types are gone at run time, so they close none. */
function findCycles(tree: Tree): string[] {
  const cycles: string[] = [];
  const done = new Set<string>();

  function visit(path: string, trail: readonly string[]): void {
    const start = trail.indexOf(path);
    if (start >= 0) cycles.push(`cycle: ${[...trail.slice(start), path].join(' → ')}`);
    if (start >= 0 || done.has(path)) return;
    for (const { specifier, isTypeOnly } of readImports(path, tree.get(path) ?? '')) {
      if (!isTypeOnly && specifier.startsWith('.')) visit(resolveImport(path, specifier), [...trail, path]);
    }
    done.add(path);
  }

  for (const path of tree.keys()) visit(path, []);
  return cycles;
}

function findNamelessFiles(tree: Tree): string[] {
  return [...tree.keys()]
    .filter((path) => basename(path) === 'utils.ts')
    .map((path) => `${path}: a helper that has no home has no name yet`);
}

/** Every way a module can be named: import, export from, import(), import type, typeof import(). */
function readImports(path: string, text: string): Import[] {
  const found: Import[] = [];

  function visit(node: ts.Node): void {
    if (ts.isImportDeclaration(node)) {
      add(node.moduleSpecifier, node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword);
    } else if (ts.isExportDeclaration(node)) {
      add(node.moduleSpecifier, node.isTypeOnly);
    } else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
      add(node.argument.literal, true);
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      add(node.arguments[0], false);
    }
    ts.forEachChild(node, visit);
  }

  function add(specifier: ts.Node | undefined, isTypeOnly: boolean): void {
    if (specifier && ts.isStringLiteralLike(specifier)) found.push({ specifier: specifier.text, isTypeOnly });
  }

  visit(ts.createSourceFile(path, text, ts.ScriptTarget.Latest));
  return found;
}

/** The source file a relative import means, as a path from the root: './b.js' in tools/a.ts is tools/b.ts. */
function resolveImport(from: string, specifier: string): string {
  return posix.join(posix.dirname(from), specifier).replace(/\.js$/, '.ts');
}

function topFolder(path: string): string {
  return path.split('/')[0] ?? path;
}

function packageName(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

function readTree(root: string): Tree {
  const paths = [...RULES.keys()]
    .map((folder) => join(root, folder))
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile() && /\.[cm]?[jt]sx?$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name));
  return new Map(paths.map((path) => [relative(root, path).split(sep).join('/'), readFileSync(path, 'utf8')]));
}

// @ts-check
// The build's step after the compiler: puts the program, with the packages it starts with, into the one file that is run.
// To find, read and link some 400 files took half of a start. The library beside it stays as the compiler wrote it, since
// its users bring packages of their own. Of zod comes along what is used, so it is imported as `* as z`: of `{ z }`
// and of `z.core` all would come, in every language.
import { join } from 'node:path';
import { build } from 'esbuild';

const root = join(import.meta.dirname, '..');

await build({
  absWorkingDir: root,
  entryPoints: ['server/main.ts'],
  outfile: 'dist/server/main.js',
  bundle: true,
  platform: 'node',
  target: 'node20.19',
  format: 'esm',
  // Loaded when the first token comes. What is loaded with a `require` of ours stays outside by itself.
  external: ['jose'],
  // Packages that are CommonJS ask for Node's own modules this way.
  banner: {
    js: "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);",
  },
  sourcemap: true,
  sourcesContent: false,
  logLevel: 'warning',
});

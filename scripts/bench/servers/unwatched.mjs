// @ts-check
// The program with nobody watching: no log, no figures, no timeline. What is left of its cost is that of the work itself.
const built = (/** @type {string} */ path) => new URL(`../../../dist/server/${path}`, import.meta.url).href;
/** @type {unknown} */
const watching = await import(built('watch.js'));
const { Watch } = /** @type {typeof import('../../../server/watch.js')} */ (watching);

// What an observer does not listen to, nobody tells it.
for (const name of Object.getOwnPropertyNames(Watch.prototype)) {
  if (name !== 'constructor') Reflect.deleteProperty(Watch.prototype, name);
}
Object.assign(Watch.prototype, {
  begin: () => undefined,
  refusals:
    () =>
    (
      /** @type {unknown} */ error,
      /** @type {unknown} */ _req,
      /** @type {unknown} */ _res,
      /** @type {(error: unknown) => void} */ next,
    ) =>
      next(error),
});
/** @type {unknown} */
const program = await import(built('program.js'));
const { startProgram } = /** @type {typeof import('../../../server/program.js')} */ (program);
await startProgram(process.env);

// @ts-check
// Loaded into each server before its own program: tells, when asked, what the process has used. Costs nothing until then.
process.on('message', (question) => {
  if (question === 'gc') for (let n = 0; n < 3; n += 1) globalThis.gc?.();
  process.send?.({ cpu: process.cpuUsage(), memory: process.memoryUsage() });
});
process.channel?.unref();

/** `npm run conformance:serve`: the fixture server by itself, for running single scenarios against it. */
import { createFixture } from '../tests/conformance/fixture.js';

const server = await createFixture().listen({ host: '127.0.0.1', port: Number(process.env.PORT ?? 8080) });
console.log(new URL('/mcp', server.url).href);

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    void server.close().finally(() => process.exit());
  });
}

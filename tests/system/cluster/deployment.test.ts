// What is there for those who have Docker: the files say what exists, and agree with each other.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { check } from 'prettier';

const ROOT = join(import.meta.dirname, '..', '..', '..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

describe('docker-compose.yml', () => {
  const compose = read('docker-compose.yml');
  const services = [...(compose.split(/^services:$/m)[1]?.split(/^volumes:$/m)[0] ?? '').matchAll(/^ {2}(\w+):$/gm)];
  const names = services.map(([, name]) => name);

  it('is YAML', async () => {
    await expect(check(compose, { parser: 'yaml' })).resolves.toBeDefined();
  });

  it('has two instances, Redis and nginx', () => {
    expect(names).toEqual(['one', 'two', 'redis', 'nginx']);
  });

  it('has the instances that nginx knows, on the port they listen on', () => {
    const upstreams = [...read('deploy/nginx.conf').matchAll(/^\s+server (\w+:\d+) (.*);$/gm)];
    const port = /PORT: ['"](\d+)/.exec(compose)?.[1];
    const known = [`one:${port}`, `two:${port}`];
    // Once to be left alone when they say 503, and once for when all of them do.
    expect(upstreams.map(([, name]) => name)).toEqual([...known, ...known]);
    expect(upstreams.map(([, , options]) => options?.endsWith('backup'))).toEqual([false, false, true, true]);
  });

  it('depends on services and files that exist', () => {
    const volumes = [...compose.matchAll(/^\s+- \.\/([\w./-]+):/gm)].map(([, path = '']) => path);
    expect(volumes).toEqual(['deploy/nginx.conf']);
    for (const path of [...volumes, 'Dockerfile']) expect([path, existsSync(join(ROOT, path))]).toEqual([path, true]);
    const url = /REDIS_URL: redis:\/\/(\w+):/.exec(compose)?.[1];
    expect(names).toContain(url);
  });

  it('sets only variables that the server reads', () => {
    const config = read('server/config.ts');
    const block = /environment:\n([\s\S]*?)\n {2}depends_on/.exec(compose)?.[1] ?? '';
    const set = [...block.matchAll(/^ +([A-Z_]+):/gm)].map(([, name = '']) => name);
    expect(set.length).toBeGreaterThan(4);
    expect(set.filter((name) => !config.includes(`'${name}'`))).toEqual([]);
  });
});

describe('the Dockerfile', () => {
  it('copies what exists, and runs what the build makes', () => {
    const file = read('Dockerfile');
    const copied = [...file.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, paths = '']) => paths.split(' '));
    for (const path of copied) expect([path, existsSync(join(ROOT, path))]).toEqual([path, true]);
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    expect(scripts.start).toBe('node dist/server/main.js');
    expect(file).toContain('CMD ["node", "dist/server/main.js"]');
  });
});

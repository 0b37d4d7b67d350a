/** What it costs that somebody watches: the program with all of it taken out, as it comes, and with all of it in use. */
import { get } from 'node:http';
import { join } from 'node:path';
import { type Contestant, ours } from './contestants.js';

const SERVERS = join(import.meta.dirname, 'servers');
const SCRAPE_MS = 1000;

export function watchings(dist: string): Contestant[] {
  const asItComes = ours('log, figures, timeline', dist);
  return [
    { ...asItComes, name: 'nobody watches', entry: join(SERVERS, 'unwatched.mjs') },
    asItComes,
    { ...asItComes, name: '… scraped every second', beside: scrape },
    { ...asItComes, name: '… and the page open', beside: (port) => both(scrape(port), watch(port)) },
    { ...asItComes, name: '… and spans collected', entry: join(SERVERS, 'traced.mjs'), beside: scrape },
  ];
}

function scrape(port: number): () => void {
  const timer = setInterval(() => read(port, '/metrics'), SCRAPE_MS);
  return () => clearInterval(timer);
}

function watch(port: number): () => void {
  return read(port, '/debug/events');
}

function read(port: number, path: string): () => void {
  const request = get({ host: '127.0.0.1', port, path, agent: false }, (response) => {
    response.resume().on('error', () => undefined);
  });
  request.on('error', () => undefined);
  return () => request.destroy();
}

function both(one: () => void, other: () => void): () => void {
  return () => {
    one();
    other();
  };
}

import { publicBaseUrl } from '../transports/public-url.js';
import type { Config } from './config.js';

export interface BannerFacts {
  /** Where the server listens, without a path. */
  readonly url: string;
  readonly config: Config;
  readonly tools: readonly string[];
}

/** What the program prints when it is ready: where it is, what it can do, and what to paste into a client. */
export function bannerOf({ url, config, tools }: BannerFacts): string {
  const { publicUrl, basePath } = config.settings;
  const base = publicBaseUrl(publicUrl ?? url.replace('0.0.0.0', '127.0.0.1'), basePath);
  return [
    `Dualgauge listens on ${url}`,
    '',
    `  Modern clients   ${base}/mcp`,
    `  Legacy clients   ${base}/sse`,
    `  Health           ${base}/health`,
    '',
    `  Tools            ${tools.join(', ')}`,
    '',
    'Claude Code       claude mcp add --transport http dualgauge ' + `${base}/mcp`,
    `Cursor, VS Code   ${JSON.stringify({ mcpServers: { dualgauge: { url: `${base}/mcp` } } })}`,
    `OpenAI Responses  ${JSON.stringify({ type: 'mcp', server_label: 'dualgauge', server_url: `${base}/mcp`, require_approval: 'never' })}`,
    `Older clients     ${JSON.stringify({ mcpServers: { dualgauge: { type: 'sse', url: `${base}/sse` } } })}`,
  ].join('\n');
}

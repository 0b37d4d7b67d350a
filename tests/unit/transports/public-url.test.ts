import { describe, expect, it } from '@jest/globals';
import { bannerOf } from '../../../server/banner.js';
import { readConfig } from '../../../server/config.js';
import { publicBaseUrl } from '../../../transports/public-url.js';

describe('the public base URL', () => {
  it.each([
    ['https://x.example', '', 'https://x.example'],
    ['https://x.example/', '', 'https://x.example'],
    ['https://x.example', '/tools', 'https://x.example/tools'],
    ['https://x.example/tools', '/tools', 'https://x.example/tools'],
    ['https://x.example/tools/', '/tools', 'https://x.example/tools'],
    ['https://x.example/a/tools', '/tools', 'https://x.example/a/tools'],
    ['https://x.example/a', '/a/tools', 'https://x.example/a/tools'],
    ['https://x.example/a', '/tools', 'https://x.example/a/tools'],
    ['https://x.example/a/', '', 'https://x.example/a'],
    ['https://x.example/mcp', '', 'https://x.example'],
    ['https://x.example/sse/', '', 'https://x.example'],
    ['https://x.example/tools/mcp', '/tools', 'https://x.example/tools'],
    ['https://x.example/mcp', '/mcp', 'https://x.example/mcp'],
    ['https://x.example/app', '/application', 'https://x.example/app/application'],
    ['https://x.example/application', '/app', 'https://x.example/application/app'],
    ['https://x.example/myapp', '/app', 'https://x.example/myapp/app'],
    ['https://x.example:8443/x?y#z', '', 'https://x.example:8443/x'],
  ])('of PUBLIC_URL %s and prefix "%s" is %s', (publicUrl, prefix, expected) => {
    expect(publicBaseUrl(publicUrl, prefix)).toBe(expected);
  });

  it.each([
    [{ PUBLIC_URL: 'https://x.example/tools', BASE_PATH: '/tools' }, 'https://x.example/tools'],
    [{ PUBLIC_URL: 'https://x.example/mcp' }, 'https://x.example'],
    [{ BASE_PATH: '/tools' }, 'http://127.0.0.1:8080/tools'],
  ])('is what the banner offers: %j', (env, base) => {
    const banner = bannerOf({ url: 'http://0.0.0.0:8080', config: readConfig(env), tools: [] });
    expect(banner).toContain(`claude mcp add --transport http dualgauge ${base}/mcp\n`);
    expect(banner).toContain(`Legacy clients   ${base}/sse\n`);
  });
});

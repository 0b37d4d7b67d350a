// @ts-check
// What to paste where, for each kind of client.

/**
 * @typedef {{ label: string, text: string }} Snippet
 * @typedef {{ who: string, token?: string }} Hosted what runs elsewhere and comes from there, and how it is given a token
 * @typedef {{ id: string, name: string, hint: string, snippets: Snippet[], hosted?: Hosted }} Client
 * @typedef {{ base: string, name: string, asksForToken: boolean }} Server `base` is the address without a path of ours
 */

const TOKEN = 'Bearer YOUR_TOKEN';

/**
 * @param {Server} server
 * @returns {Client[]}
 */
export function clientsOf({ base, name, asksForToken }) {
  const mcp = `${base}/mcp`;
  const sse = `${base}/sse`;
  const headers = asksForToken ? { headers: { Authorization: TOKEN } } : {};
  return [
    {
      id: 'claude',
      name: 'Claude',
      hosted: {
        who: 'Claude on the web or desktop',
        token: 'Claude on the web or desktop cannot send a fixed token; Claude Code can.',
      },
      hint: 'In Claude Code, run the command. In Claude on the web or desktop: Settings → Connectors → Add custom connector, and paste the address.',
      snippets: [
        {
          label: 'Claude Code',
          text: `claude mcp add --transport http ${name} ${mcp}${asksForToken ? ` --header "Authorization: ${TOKEN}"` : ''}`,
        },
        { label: 'Connector address', text: mcp },
      ],
    },
    {
      id: 'cursor',
      name: 'Cursor',
      hint: 'Paste this into .cursor/mcp.json in your project, or ~/.cursor/mcp.json for all projects.',
      snippets: [{ label: 'mcp.json', text: json({ mcpServers: { [name]: { url: mcp, ...headers } } }) }],
    },
    {
      id: 'vscode',
      name: 'VS Code',
      hint: 'Paste this into .vscode/mcp.json, or run “MCP: Add Server” and give the address.',
      snippets: [{ label: 'mcp.json', text: json({ servers: { [name]: { type: 'http', url: mcp, ...headers } } }) }],
    },
    {
      id: 'openai',
      name: 'OpenAI API',
      hosted: { who: 'A hosted assistant' },
      hint: 'Give this tool to the Responses API. OpenAI calls the server from its own machines, and goes on with sessions it has ended: start the server with MCP_SESSIONS=lenient.',
      snippets: [
        {
          label: 'Responses API tool',
          text: json({
            tools: [
              {
                type: 'mcp',
                server_label: name,
                server_url: mcp,
                ...(asksForToken ? { authorization: 'YOUR_TOKEN' } : {}),
                require_approval: 'never',
              },
            ],
          }),
        },
      ],
    },
    {
      id: 'chatgpt',
      name: 'ChatGPT',
      hosted: {
        who: 'A hosted assistant',
        token: 'ChatGPT cannot send a fixed token: it needs a server that signs its users in (OAUTH_ISSUER).',
      },
      hint: 'Settings → Apps & Connectors → Advanced → Developer mode, then Create, and paste the address.',
      snippets: [{ label: 'Connector address', text: mcp }],
    },
    {
      id: 'curl',
      name: 'curl',
      hint: 'Asks for the list of tools from a terminal. No handshake is needed.',
      snippets: [
        {
          label: 'Command',
          text: [
            `curl -s ${mcp} \\`,
            `  -H 'Content-Type: application/json' \\`,
            `  -H 'Accept: application/json, text/event-stream' \\`,
            ...(asksForToken ? [`  -H 'Authorization: ${TOKEN}' \\`] : []),
            `  -d '{"jsonrpc":"2.0","id":1,"method":"tools/list"}'`,
          ].join('\n'),
        },
      ],
    },
    {
      id: 'older',
      name: 'Older clients',
      hint: 'Clients that know only the HTTP+SSE transport of 2024 take the legacy address.',
      snippets: [
        { label: 'Address', text: sse },
        {
          label: 'Configuration',
          text: json({ mcpServers: { [name]: { type: 'sse', url: sse, ...headers } } }),
        },
      ],
    },
  ];
}

/** @param {unknown} value */
function json(value) {
  return JSON.stringify(value, null, 2);
}

// @ts-check
// What to paste where, for each kind of client.

/**
 * @typedef {{ label: string, text: string }} Snippet
 * @typedef {{ id: string, name: string, hint: string, snippets: Snippet[], isHosted?: boolean }} Client
 */

/**
 * @param {{ base: string, name: string }} server `base` is the address without a path of ours
 * @returns {Client[]}
 */
export function clientsOf({ base, name }) {
  const mcp = `${base}/mcp`;
  const sse = `${base}/sse`;
  const servers = JSON.stringify({ mcpServers: { [name]: { url: mcp } } }, null, 2);
  return [
    {
      id: 'claude',
      name: 'Claude',
      hint: 'In Claude Code, run the command. In Claude on the web or desktop: Settings → Connectors → Add custom connector, and paste the address.',
      snippets: [
        { label: 'Claude Code', text: `claude mcp add --transport http ${name} ${mcp}` },
        { label: 'Connector address', text: mcp },
      ],
    },
    {
      id: 'cursor',
      name: 'Cursor',
      hint: 'Paste this into .cursor/mcp.json in your project, or ~/.cursor/mcp.json for all projects.',
      snippets: [{ label: 'mcp.json', text: servers }],
    },
    {
      id: 'vscode',
      name: 'VS Code',
      hint: 'Paste this into .vscode/mcp.json, or run “MCP: Add Server” and give the address.',
      snippets: [
        { label: 'mcp.json', text: JSON.stringify({ servers: { [name]: { type: 'http', url: mcp } } }, null, 2) },
      ],
    },
    {
      id: 'openai',
      name: 'OpenAI API',
      isHosted: true,
      hint: 'Give this tool to the Responses API. OpenAI calls the server from its own machines.',
      snippets: [
        {
          label: 'Responses API tool',
          text: JSON.stringify(
            { tools: [{ type: 'mcp', server_label: name, server_url: mcp, require_approval: 'never' }] },
            null,
            2,
          ),
        },
      ],
    },
    {
      id: 'chatgpt',
      name: 'ChatGPT',
      isHosted: true,
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
          text: JSON.stringify({ mcpServers: { [name]: { type: 'sse', url: sse } } }, null, 2),
        },
      ],
    },
  ];
}

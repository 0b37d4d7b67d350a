import { RpcPeer, type Wire } from './rpc-peer.js';
import {
  CLIENT_INFO,
  toCapabilities,
  type Answers,
  type ConnectOptions,
  type Door,
  type Json,
  type Listed,
  type Revision,
  type TestClient,
  type ToolResult,
} from './test-client.js';

/** Puts a TestClient on a wire of our own, and shakes hands. `openWire` gets the peer that hears what comes. */
export async function connectPeerClient(
  name: string,
  door: Door,
  openWire: (peer: RpcPeer) => Wire | Promise<Wire>,
  { answers = {} }: ConnectOptions = {},
): Promise<TestClient> {
  const peer: RpcPeer = new RpcPeer(async (message) => (await opening).send(message));
  peer.answerRequests((method, params) => answerWith(answers, method, params));
  const opening = Promise.resolve(openWire(peer));
  const wire = await opening;

  let isClosed = false;
  const errors: Error[] = [];
  try {
    const { protocolVersion, serverInfo, capabilities } = await shakeHands(peer, wire, toCapabilities(answers));
    return {
      name,
      door,
      server: { name: serverInfo?.name, version: serverInfo?.version, protocolVersion, capabilities },
      notifications: peer.notifications,
      get errors() {
        return isClosed ? errors : peer.errors;
      },
      listTools: async () => (await peer.request('tools/list')).tools as Listed[],
      callTool: (tool, args, options) =>
        peer.request('tools/call', { name: tool, arguments: args }, options) as Promise<ToolResult>,
      listResources: async () => (await peer.request('resources/list')).resources as Listed[],
      readResource: (uri) => peer.request('resources/read', { uri }),
      listPrompts: async () => (await peer.request('prompts/list')).prompts as Listed[],
      getPrompt: (prompt, args) => peer.request('prompts/get', { name: prompt, arguments: args }),
      async setLogLevel(level) {
        await peer.request('logging/setLevel', { level });
      },
      async close() {
        isClosed = true;
        errors.push(...peer.errors);
        await wire.close();
        peer.end(new Error('The client was closed'));
      },
    };
  } catch (cause) {
    await wire.close();
    throw cause;
  }
}

/** The handshake; gives the result of `initialize`. */
export async function shakeHands(
  peer: RpcPeer,
  wire: Wire,
  capabilities: Json,
  protocolVersion: Revision = '2025-11-25',
): Promise<Json> {
  const result = await peer.request('initialize', {
    protocolVersion,
    capabilities,
    clientInfo: CLIENT_INFO,
  });
  await wire.ready(result.protocolVersion);
  await peer.notify('notifications/initialized');
  return result;
}

function answerWith({ sampling, elicitation, roots }: Answers, method: string, params: Json): unknown {
  const answer = new Map([
    ['sampling/createMessage', sampling],
    ['elicitation/create', elicitation],
    ['roots/list', roots],
  ]).get(method);
  if (!answer) throw new Error(`No answer for ${method}`);
  return answer(params);
}

/** Tools that change what the server has, so that subscribers hear of it. */
import { definePrompt, defineTool, type McpApp } from '../../server/index.js';

const dynamicTool = defineTool({
  name: 'test_dynamic_tool',
  description: 'Comes and goes with test_trigger_tool_change',
  run: () => 'Here for now',
});

const dynamicPrompt = definePrompt({
  name: 'test_dynamic_prompt',
  description: 'Comes and goes with test_trigger_prompt_change',
  get: () => 'Here for now',
});

export function changeTools({ tools, prompts }: Pick<McpApp, 'tools' | 'prompts'>) {
  return [
    defineTool({
      name: 'test_trigger_tool_change',
      description: 'Changes the list of tools',
      run() {
        if (!tools.remove(dynamicTool.name)) tools.add(dynamicTool);
        return 'The list of tools has changed';
      },
    }),

    defineTool({
      name: 'test_trigger_prompt_change',
      description: 'Changes the list of prompts',
      run() {
        if (!prompts.remove(dynamicPrompt.name)) prompts.add(dynamicPrompt);
        return 'The list of prompts has changed';
      },
    }),
  ];
}

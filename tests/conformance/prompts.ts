import { z } from 'zod';
import { definePrompt } from '../../server/index.js';
import { PNG } from './media.js';

export const prompts = [
  definePrompt({
    name: 'test_simple_prompt',
    description: 'One message',
    get: () => 'This is a simple prompt for testing.',
  }),

  definePrompt({
    name: 'test_prompt_with_arguments',
    description: 'A message with what it is given',
    arguments: [
      { name: 'arg1', description: 'The first argument', required: true },
      { name: 'arg2', description: 'The second argument', required: true },
    ],
    get: ({ arg1, arg2 }) => `Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`,
  }),

  definePrompt({
    name: 'test_prompt_with_embedded_resource',
    description: 'A message with a resource in it',
    arguments: [{ name: 'resourceUri', description: 'The uri of the resource', required: true }],
    get: ({ resourceUri }) => [
      {
        role: 'user',
        content: {
          type: 'resource',
          resource: { uri: resourceUri, mimeType: 'text/plain', text: 'Embedded resource content for testing.' },
        },
      },
      { role: 'user', content: { type: 'text', text: 'Please process the embedded resource above.' } },
    ],
  }),

  definePrompt({
    name: 'test_prompt_with_image',
    description: 'A message with an image',
    get: () => [
      { role: 'user', content: { type: 'image', data: PNG, mimeType: 'image/png' } },
      { role: 'user', content: { type: 'text', text: 'Please analyze the image above.' } },
    ],
  }),

  definePrompt({
    name: 'test_input_required_result_prompt',
    description: 'Asks the user before it writes its message',
    async get(_, context) {
      const answer = await context.elicit({
        key: 'user_context',
        message: 'What context should the prompt use?',
        schema: z.object({ context: z.string() }),
      });
      return `Use the following context: ${answer.content?.context ?? 'none'}`;
    },
  }),
];

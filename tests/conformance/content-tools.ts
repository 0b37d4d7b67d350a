/** Tools that answer at once, one for each kind of content. */
import { defineTool, ToolError } from '../../server/index.js';
import { PNG, WAV } from './media.js';

export const contentTools = [
  defineTool({
    name: 'test_simple_text',
    description: 'Returns text',
    run: () => 'This is a simple text response for testing.',
  }),

  defineTool({
    name: 'test_image_content',
    description: 'Returns an image',
    run: () => ({ type: 'image', data: PNG, mimeType: 'image/png' }),
  }),

  defineTool({
    name: 'test_audio_content',
    description: 'Returns a sound',
    run: () => ({ type: 'audio', data: WAV, mimeType: 'audio/wav' }),
  }),

  defineTool({
    name: 'test_embedded_resource',
    description: 'Returns an embedded resource',
    run: () => ({
      type: 'resource',
      resource: {
        uri: 'test://embedded-resource',
        mimeType: 'text/plain',
        text: 'This is an embedded resource content.',
      },
    }),
  }),

  defineTool({
    name: 'test_multiple_content_types',
    description: 'Returns text, an image and an embedded resource',
    run: () => [
      { type: 'text', text: 'Multiple content types test:' },
      { type: 'image', data: PNG, mimeType: 'image/png' },
      {
        type: 'resource',
        resource: {
          uri: 'test://mixed-content-resource',
          mimeType: 'application/json',
          text: JSON.stringify({ test: 'data', value: 123 }),
        },
      },
    ],
  }),

  defineTool({
    name: 'test_error_handling',
    description: 'Fails',
    run() {
      throw new ToolError('This tool intentionally returns an error for testing');
    },
  }),
];

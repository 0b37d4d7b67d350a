/** Tools that are about their input schema: plain JSON Schema, which must reach the client as it was written. */
import { defineTool } from '../../server/index.js';

export const schemaTools = [
  defineTool({
    name: 'json_schema_2020_12_tool',
    description: 'Has an input schema that uses much of JSON Schema 2020-12',
    input: {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      type: 'object',
      $defs: {
        address: {
          $anchor: 'addressDef',
          type: 'object',
          properties: { street: { type: 'string' }, city: { type: 'string' } },
        },
      },
      properties: {
        name: { type: 'string' },
        address: { $ref: '#/$defs/address' },
        contactMethod: { type: 'string', enum: ['phone', 'email'] },
        phone: { type: 'string' },
        email: { type: 'string' },
      },
      allOf: [{ anyOf: [{ required: ['phone'] }, { required: ['email'] }] }],
      if: { properties: { contactMethod: { const: 'phone' } }, required: ['contactMethod'] },
      then: { required: ['phone'] },
      else: { required: ['email'] },
      additionalProperties: false,
    },
    run: (args) => `JSON Schema 2020-12 tool called with: ${JSON.stringify(args)}`,
  }),

  defineTool({
    name: 'test_x_mcp_header',
    description: 'Has an argument that is mirrored into the header Mcp-Param-Region',
    input: {
      type: 'object',
      properties: {
        region: { type: 'string', description: 'Where to look', 'x-mcp-header': 'Region' },
        level: { type: 'integer' },
      },
    },
    run: ({ region }) => `region=${String(region)}`,
  }),
];

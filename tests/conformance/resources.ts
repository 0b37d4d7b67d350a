import { defineResource, defineResourceTemplate } from '../../server/index.js';
import { PNG } from './media.js';

export const resources = [
  defineResource({
    uri: 'test://static-text',
    name: 'static-text',
    description: 'Text that never changes',
    mimeType: 'text/plain',
    read: () => 'This is the content of the static text resource.',
  }),

  defineResource({
    uri: 'test://static-binary',
    name: 'static-binary',
    description: 'A picture that never changes',
    mimeType: 'image/png',
    read: () => Buffer.from(PNG, 'base64'),
  }),

  defineResource({
    uri: 'test://watched-resource',
    name: 'watched-resource',
    description: 'Text that clients subscribe to',
    mimeType: 'text/plain',
    read: () => 'Watched resource content',
  }),
];

export const resourceTemplates = [
  defineResourceTemplate({
    uriTemplate: 'test://template/{id}/data',
    name: 'template',
    description: 'Data by id',
    mimeType: 'application/json',
    read: (_, { id }) => JSON.stringify({ id, templateTest: true, data: `Data for ID: ${id}` }),
  }),
];

// @ts-check
// A form from a JSON Schema. What has a natural control gets one; everything else is written as JSON.
import { element, isObject } from './dom.js';
import { createChoice, createJson, createNumber, createSwitch, createText } from './fields.js';

/**
 * @typedef {Record<string, any>} Schema
 * @typedef {{ node: HTMLElement, read: () => unknown }} Field `read` gives `undefined` for what was left out, and throws a FieldError
 */

/**
 * @param {Schema} schema of an object
 * @returns {Field}
 */
export function createForm(schema) {
  const properties = Object.entries(isObject(schema.properties) ? schema.properties : {});
  if (properties.length === 0) {
    return { node: element('p', { class: 'quiet' }, 'It takes no arguments.'), read: () => ({}) };
  }
  return createGroup(properties, new Set(Array.isArray(schema.required) ? schema.required : []));
}

/**
 * @param {[string, Schema][]} properties
 * @param {Set<unknown>} required
 * @returns {Field}
 */
function createGroup(properties, required) {
  const fields = properties.map(
    ([name, schema]) => /** @type {const} */ ([name, createField(name, schema, required.has(name))]),
  );
  return {
    node: element('div', { class: 'fields' }, ...fields.map(([, { node }]) => node)),
    read: () => {
      /** @type {[string, unknown][]} */
      const values = fields.map(([name, { read }]) => [name, read()]);
      const given = values.filter(([, value]) => value !== undefined);
      return given.length === 0 && required.size === 0 ? {} : Object.fromEntries(given);
    },
  };
}

/**
 * @param {string} name
 * @param {Schema} schema
 * @param {boolean} isRequired
 * @returns {Field}
 */
function createField(name, schema, isRequired) {
  const types = [schema.type].flat().filter((/** @type {unknown} */ one) => one !== 'null');
  // Of several only the one who fills it in knows which.
  const type = types.length === 1 ? types[0] : undefined;
  if (type === 'object' && isObject(schema.properties)) return createNested(name, schema, isRequired);
  if (Array.isArray(schema.enum)) return createChoice(name, schema, isRequired);
  switch (type) {
    case 'boolean':
      return createSwitch(name, schema);
    case 'number':
    case 'integer':
      return createNumber(name, schema, isRequired, type);
    case 'string':
      return createText(name, schema, isRequired);
    default:
      return createJson(name, schema, isRequired);
  }
}

/** @type {(name: string, schema: Schema, isRequired: boolean) => Field} */
function createNested(name, schema, isRequired) {
  const inner = createForm(schema);
  const legend = element('legend', {}, schema.title ?? name, isRequired ? '' : element('small', {}, ' optional'));
  return {
    node: element('fieldset', {}, legend, inner.node),
    read: () => {
      const value = inner.read();
      return !isRequired && isObject(value) && Object.keys(/** @type {object} */ (value)).length === 0
        ? undefined
        : value;
    },
  };
}

// @ts-check
// A form from a JSON Schema. What has a natural control gets one; everything else is written as JSON.
import { element, isObject } from './dom.js';
import { createCheck, createChoice, createJson, createNumber, createSwitch, createText } from './fields.js';

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
    // What may be anything at all may be written as `true`.
    ([name, schema]) =>
      /** @type {const} */ ([name, createField(name, isObject(schema) ? schema : {}, required.has(name))]),
  );
  return {
    node: element('div', { class: 'fields' }, ...fields.map(([, { node }]) => node)),
    read: () => {
      /** @type {[string, unknown][]} */
      const values = fields.map(([name, { read }]) => [name, read()]);
      const given = values.filter(([, value]) => value !== undefined);
      return Object.fromEntries(given);
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
  const values = choicesOf(schema);
  if (values !== undefined) return createChoice(name, schema, isRequired, values);
  const other = otherThanNull(schema);
  if (other !== undefined) return createNullable(name, schema, createField(name, other, isRequired));
  switch (schema.type) {
    case 'object':
      return isObject(schema.properties)
        ? createNested(name, schema, isRequired)
        : createJson(name, schema, isRequired);
    case 'boolean':
      return isRequired || typeof schema.default === 'boolean'
        ? createSwitch(name, schema)
        : createChoice(name, schema, isRequired, [true, false]);
    case 'number':
    case 'integer':
      return createNumber(name, schema, isRequired, schema.type);
    case 'string':
      return createText(name, schema, isRequired);
    default:
      // Of several types only the one who fills it in knows which.
      return createJson(name, schema, isRequired);
  }
}

/**
 * The values a schema leaves to choose from, when it names them all.
 * @param {Schema} schema
 * @returns {unknown[] | undefined}
 */
function choicesOf(schema) {
  if ('const' in schema) return [schema.const];
  if (Array.isArray(schema.enum)) return schema.enum;
  const parts = partsOf(schema);
  return parts.length > 0 && parts.every((part) => 'const' in part) ? parts.map((part) => part.const) : undefined;
}

/**
 * What a schema allows besides null, when null is allowed and there is one other thing.
 * @param {Schema} schema
 * @returns {Schema | undefined}
 */
function otherThanNull({ anyOf, oneOf, ...schema }) {
  if (Array.isArray(schema.type)) {
    const types = schema.type.filter((type) => type !== 'null');
    return types.length === 1 && types.length < schema.type.length ? { ...schema, type: types[0] } : undefined;
  }
  const parts = partsOf({ anyOf, oneOf });
  const others = parts.filter(({ type }) => type !== 'null');
  return others.length === 1 && others.length < parts.length ? { ...schema, ...others[0] } : undefined;
}

/**
 * @param {Schema} schema
 * @returns {Schema[]}
 */
function partsOf({ anyOf, oneOf }) {
  const parts = anyOf ?? oneOf;
  return Array.isArray(parts) && parts.every(isObject) ? parts : [];
}

// Whether an object that may be left out is meant cannot be told from what is in it: its parts may be empty, or have
// values from the start. Whoever fills in one of them means it.
/** @type {(name: string, schema: Schema, isRequired: boolean) => Field} */
function createNested(name, schema, isRequired) {
  const title = schema.title ?? name;
  const inner = createForm(schema);
  const legend = element('legend', {}, title, !isRequired && element('small', {}, ' optional'));
  if (isRequired) return { node: element('fieldset', {}, legend, inner.node), read: inner.read };
  const { node, box } = createCheck(`Include ${title}`);
  inner.node.addEventListener('input', () => (box.checked = true));
  return {
    node: element('fieldset', {}, legend, node, inner.node),
    read: () => (box.checked ? inner.read() : undefined),
  };
}

/** @type {(name: string, schema: Schema, field: Field) => Field} */
function createNullable(name, schema, field) {
  const { node, box } = createCheck(`No ${schema.title ?? name} (null)`, schema.default === null);
  field.node.addEventListener('input', () => (box.checked = false));
  return { node: element('div', {}, field.node, node), read: () => (box.checked ? null : field.read()) };
}

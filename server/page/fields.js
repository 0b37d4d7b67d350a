// @ts-check
// One control for one value, with its label and its hint.
import { element } from './dom.js';

/**
 * @typedef {import('./schema-form.js').Schema} Schema
 * @typedef {import('./schema-form.js').Field} Field
 */

/** What somebody typed is not what the schema wants. */
export class FieldError extends Error {
  /**
   * @param {string} message
   * @param {HTMLElement} control
   */
  constructor(message, control) {
    super(message);
    this.control = control;
  }
}

let count = 0;

/** @type {(name: string, schema: Schema, isRequired: boolean, values: unknown[]) => Field} */
export function createChoice(name, schema, isRequired, values) {
  const options = values.map((value, index) =>
    element(
      'option',
      { value: index, selected: value === schema.default },
      typeof value === 'string' ? value : JSON.stringify(value),
    ),
  );
  const select = element('select', {}, !isRequired && element('option', { value: '' }, '—'), ...options);
  return {
    node: labelled(name, schema, isRequired, select),
    read: () => (select.value === '' ? undefined : values[Number(select.value)]),
  };
}

/** @type {(name: string, schema: Schema) => Field} */
export function createSwitch(name, schema) {
  const box = element('input', { type: 'checkbox', checked: schema.default === true });
  return { node: labelled(name, schema, true, box), read: () => box.checked };
}

/**
 * A box to tick that says something about a field, and is none itself.
 * @param {string} text
 * @param {boolean} [isChecked]
 */
export function createCheck(text, isChecked = false) {
  const id = `field-${(count += 1)}`;
  const box = element('input', { type: 'checkbox', id, checked: isChecked });
  return { box, node: element('div', { class: 'field check about' }, element('label', { for: id }, text), box) };
}

/** @type {(name: string, schema: Schema, isRequired: boolean, type: 'number' | 'integer') => Field} */
export function createNumber(name, schema, isRequired, type) {
  const hasLimits = (/** @type {unknown} */ limit) => typeof limit === 'number' && Math.abs(limit) < 1e15;
  const input = element('input', {
    type: 'number',
    step: type === 'integer' ? 1 : 'any',
    min: hasLimits(schema.minimum) ? schema.minimum : undefined,
    max: hasLimits(schema.maximum) ? schema.maximum : undefined,
    value: typeof schema.default === 'number' ? schema.default : undefined,
  });
  return {
    node: labelled(name, schema, isRequired, input),
    read: () => {
      if (input.validity.badInput) throw new FieldError(`${name} must be a number`, input);
      if (input.value === '') return required(name, isRequired, input);
      return input.valueAsNumber;
    },
  };
}

/** @type {(name: string, schema: Schema, isRequired: boolean) => Field} */
export function createText(name, schema, isRequired) {
  const isLong = typeof schema.maxLength !== 'number' || schema.maxLength > 200;
  const attributes = { spellcheck: 'false', autocomplete: 'off' };
  const input = isLong
    ? element('textarea', { ...attributes, rows: 2 })
    : element('input', { ...attributes, type: 'text', maxlength: schema.maxLength });
  if (typeof schema.default === 'string') input.value = schema.default;
  return {
    node: labelled(name, schema, isRequired, input),
    read: () => (input.value === '' && !isRequired ? undefined : input.value),
  };
}

/** @type {(name: string, schema: Schema, isRequired: boolean) => Field} */
export function createJson(name, schema, isRequired) {
  const area = element('textarea', { rows: 3, spellcheck: 'false', class: 'json', placeholder: placeholderOf(schema) });
  if (schema.default !== undefined) area.value = JSON.stringify(schema.default);
  return {
    node: labelled(name, schema, isRequired, area, 'as JSON'),
    read: () => {
      if (area.value.trim() === '') return required(name, isRequired, area);
      try {
        return JSON.parse(area.value);
      } catch {
        throw new FieldError(`${name} is not valid JSON`, area);
      }
    },
  };
}

/** @param {Schema} schema */
function placeholderOf({ type }) {
  return type === 'array' ? '["one", "two"]' : type === 'object' ? '{"key": "value"}' : 'any JSON';
}

/**
 * @param {string} name
 * @param {boolean} isRequired
 * @param {HTMLElement} control
 */
function required(name, isRequired, control) {
  if (isRequired) throw new FieldError(`${name} is required`, control);
  return undefined;
}

/**
 * @param {string} name
 * @param {Schema} schema
 * @param {boolean} isRequired
 * @param {HTMLElement} control
 * @param {string} [how]
 */
function labelled(name, schema, isRequired, control, how) {
  const id = `field-${(count += 1)}`;
  control.id = id;
  control.setAttribute('name', name);
  if (isRequired && !(control instanceof HTMLInputElement && control.type === 'checkbox')) {
    control.setAttribute('aria-required', 'true');
  }
  const hint = typeof schema.description === 'string' ? schema.description : undefined;
  if (hint !== undefined) control.setAttribute('aria-describedby', `${id}-hint`);
  const notes = [how, isRequired ? undefined : 'optional'].filter((note) => note !== undefined).join(', ');
  return element(
    'div',
    { class: control.getAttribute('type') === 'checkbox' ? 'field check' : 'field' },
    element('label', { for: id }, schema.title ?? name, notes !== '' && element('small', {}, ` ${notes}`)),
    control,
    hint !== undefined && element('p', { class: 'hint', id: `${id}-hint` }, hint),
  );
}

/** What speaks to a terminal, begins a line for some reader, or turns the text around it. */
const UNRULY = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** The text with a `?` for every character that does more than stand there. What is spared is for a reader that can bear it. */
export function tame(text: string, spared = ''): string {
  return text.replace(UNRULY, (character) => (spared.includes(character) ? character : '?'));
}

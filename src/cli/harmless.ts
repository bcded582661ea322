// Text from elsewhere, made safe to show. The invariant: the text can neither reorder the letters
// around it, as the controls of bidirectional text do, nor begin a line that looks like one of
// ours. It is escaped as JSON does it, so that JSON stays the same value.

/** Shows controls of direction and of C1, and separators of lines, as `\u202e` is written here. */
export function harmless(text: string): string {
  return text.replace(UNSEEN_PATTERN, escaped);
}

/** The same, and every other control character: text that has to stay in its line. */
export function oneLine(text: string): string {
  const shown = (character: string) => JSON.stringify(character).slice(1, -1);
  return harmless(text.replace(/\p{Cc}/gu, shown));
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

const UNSEEN_PATTERN = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

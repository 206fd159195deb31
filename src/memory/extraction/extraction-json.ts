/** What is JSON in an answer; `cut-off`: it begins and does not end. */
export type FoundJson =
  | { readonly type: 'values'; readonly values: readonly unknown[] }
  | { readonly type: 'cut-off' };

/** A model that thinks aloud has drafts in its thoughts. */
const THOUGHTS = /^[\s\S]*<\/think(?:ing)?>/i;

/**
 * All JSON objects and arrays that stand in a text for themselves, in order, whatever is written around them: prose,
 * ``` fences. Nothing is mended: half an answer may have lost the half that matters.
 */
export function jsonIn(answer: string): FoundJson {
  const text = answer.replace(THOUGHTS, '');
  const values: unknown[] = [];
  for (let at = 0; at < text.length; at++) {
    if (text[at] !== '{' && text[at] !== '[') continue;
    const end = endOf(text, at);
    if (end === null) return { type: 'cut-off' };
    try {
      values.push(JSON.parse(text.slice(at, end)));
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
    }
    at = end - 1;
  }
  return { type: 'values', values };
}

/** Behind the bracket that closes the one at `start`; null when none does. */
function endOf(text: string, start: number): number | null {
  let depth = 0;
  let quoted = false;
  for (let at = start; at < text.length; at++) {
    const character = text[at];
    if (quoted) {
      if (character === '\\') at++;
      else if (character === '"') quoted = false;
    } else if (character === '"') quoted = true;
    else if (character === '{' || character === '[') depth++;
    else if ((character === '}' || character === ']') && --depth === 0) return at + 1;
  }
  return null;
}

const LONGEST = 60;

/** A title out of the first words of a text: one line, 60 characters at most, cut between words. */
export function titleFrom(text: string): string {
  const line = text.replace(/\s+/gu, ' ').trim();
  const characters = [...line];
  if (characters.length <= LONGEST) return line;
  const cut = characters.slice(0, LONGEST - 1).join('');
  const words = cut.replace(/\s\S*$/u, '');
  // One long word is cut in its middle.
  return `${words.length > LONGEST / 2 ? words : cut}…`;
}

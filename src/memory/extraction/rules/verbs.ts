const IRREGULAR: Readonly<Record<string, string>> = {
  am: 'is',
  are: 'is',
  have: 'has',
  do: 'does',
  go: 'goes',
};
/** These look like a present and are none, or need no ending. */
const UNCHANGED = new Set(
  'is was were has had does did goes went can could will would should must may might grew got quit gave became lost broke bought met took came left went used ran wrote made won born'.split(
    ' ',
  ),
);

/** The third person of a verb: `live` → `lives`. A past or a modal stays as it is. */
export function thirdPerson(verb: string): string {
  const known = IRREGULAR[verb];
  if (known !== undefined) return known;
  if (UNCHANGED.has(verb) || (/ed$/.test(verb) && !/^(?:need|feed|breed|speed|succeed)$/.test(verb)))
    return verb;
  if (/[^aeiou]y$/.test(verb)) return `${verb.slice(0, -1)}ies`;
  return /(?:s|x|z|ch|sh|o)$/.test(verb) ? `${verb}es` : `${verb}s`;
}

/** `lives` → `live` */
export function baseForm(verb: string): string {
  const known = { is: 'be', has: 'have', does: 'do', goes: 'go' }[verb];
  if (known !== undefined) return known;
  if (/ies$/.test(verb)) return `${verb.slice(0, -3)}y`;
  if (/(?:ss|x|z|ch|sh|o)es$/.test(verb)) return verb.slice(0, -2);
  return /[^s]s$/.test(verb) ? verb.slice(0, -1) : verb;
}

/** `swim` → `swimming`, `dance` → `dancing` */
export function gerund(verb: string): string {
  if (/ie$/.test(verb)) return `${verb.slice(0, -2)}ying`;
  if (/[^eoy]e$/.test(verb)) return `${verb.slice(0, -1)}ing`;
  return /^[^aeiou]*[aeiou][bdgmnprt]$/.test(verb) ? `${verb}${verb.at(-1)}ing` : `${verb}ing`;
}

/** What people do by habit, and can give up. */
const HABITS =
  'eat drink smoke play drive study collect ride wear use watch read cook work live take swim run vape gamble bite travel paint dance sing knit garden practise practice do teach'.split(
    ' ',
  );
const BY_GERUND = new Map(HABITS.map((verb) => [gerund(verb), verb]));

/** `smoking` → `smoke`; null for what is no habit that is known. */
export function habitOf(gerundForm: string): string | null {
  return BY_GERUND.get(gerundForm) ?? null;
}

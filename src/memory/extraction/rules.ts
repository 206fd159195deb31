import { rememberedFact } from './rules/asked.ts';
import { type Clause, clausesIn } from './rules/clauses.ts';
import { corrected } from './rules/corrected.ts';
import { factOf, type RuleFact, type RuleFinding, USER, type Who } from './rules/finding.ts';
import { forgotten } from './rules/forgotten.ts';
import { called, has, related } from './rules/relatives.ts';
import { learned } from './rules/rule.ts';
import { RULES } from './rules/rule-list.ts';
import { type Statement, statementOf } from './rules/statement.ts';
import { nameIn, plainThing } from './rules/values.ts';
import { GIVEN_NAMES, NATIONALITIES, RELATION } from './rules/words.ts';

const CALLED =
  /^(?:(?:please )?(?:you can |just |you may )?call me|(?:my friends|most people|people|everyone|everybody|they all|they|friends|most) (?:just |all |usually )?calls? me) (.+?)(?: please| for short)?$/i;
const SPEAKING =
  /^(?:(?:this is|it is) (.+?) (?:speaking|here)|(.+?) (?:here|speaking)|this is (\p{Lu}[\p{L}'-]+)|(?:the name is|name is) (.+))$/iu;
const I_AM = /^I am (.+)$/i;
/** With a capital, and still no name: `I'm Catholic`. */
const NO_NAME =
  /^(?:Christian|Muslim|Jewish|Catholic|Protestant|Orthodox|Buddhist|Hindu|Sikh|Atheist|Asian|European|African|Latino|Latina|Arab|Black|White|Gen .+|.+ based|.+(?:ian|ish|ese))$/i;
const IS_MINE = new RegExp(`^(\\S+(?: \\S+)?) is my (${RELATION}|favou?rite [\\p{L} ]{2,30})$`, 'iu');

/**
 * What the words of one message say for certain: facts, what no longer holds, and what is set right. No language model,
 * no I/O; sentence by sentence, so that a question beside a statement does no harm. What is not understood as a whole is
 * not learned: questions, requests, what others say or what is imagined least of all.
 */
export function findingsIn(text: string): readonly RuleFinding[] {
  const findings: RuleFinding[] = [];
  let about: Who | null = null;
  for (const clause of clausesIn(text)) {
    const before = about;
    about = null;
    if (clause === null) continue;
    const { correction } = clause;
    if (correction) {
      // `I live in Berlin. I mean Bergen.`
      const last = findings.findLast(
        (finding) => finding.type === 'fact' && corrected(finding, correction) !== null,
      );
      const right = last?.type === 'fact' ? corrected(last, correction) : null;
      if (last && right) findings.splice(findings.indexOf(last), 1, right);
      else findings.push(correction);
      continue;
    }
    if (clause.forget) {
      findings.push(...forgotten(clause.text, factsIn(clause.text)));
      continue;
    }
    const statement = statementOf(clause, before);
    const found = findingsOf(clause, statement);
    if (statement && statement.who.subject !== USER.subject && found.length > 0) about = statement.who;
    findings.push(...found);
  }
  return findings;
}

/** Only what holds from now on. */
export function factsIn(text: string): readonly RuleFact[] {
  return findingsIn(text).filter((finding) => finding.type === 'fact');
}

function findingsOf(clause: Clause, statement: Statement | null): readonly RuleFinding[] {
  const found = introduction(clause) ?? (statement && learned(RULES, statement));
  const named = statement?.name ? [has(statement.who, statement.name)] : [];
  if (found || named.length > 0) return [...named, ...(found ?? [])];
  const asked = clause.asked ? rememberedFact(clause.text) : null;
  return asked ? [asked] : [];
}

/** Names that are told without a verb for it: `Call me Al`, `Alice here`, `I'm Alice`, `Mona is my sister`. */
function introduction({ text, heard }: Clause): readonly RuleFinding[] | null {
  const plain = text.replace(/[\s,]+(?:by the way|please|now|you know|actually|though)$/i, '');
  const nickname = CALLED.exec(plain)?.[1];
  if (nickname !== undefined) {
    const name = nameIn(nickname, heard);
    const details = { kind: 'profile', attribute: 'nickname', value: name, importance: 0.9 } as const;
    return name === null ? null : [factOf(USER, `wants to be called ${name}`, details)];
  }
  const own =
    SPEAKING.exec(plain)
      ?.slice(1)
      .find((group) => group !== undefined) ?? I_AM.exec(plain)?.[1];
  if (own !== undefined) {
    const name = nameIn(own, heard);
    if (
      name === null ||
      NO_NAME.test(own) ||
      NATIONALITIES.has(own.toLowerCase()) ||
      (heard && !GIVEN_NAMES.has(own.split(' ')[0]?.toLowerCase() ?? ''))
    )
      return null;
    return [called(USER, name)];
  }
  const [, what, whose] = IS_MINE.exec(plain) ?? [];
  if (what === undefined || whose === undefined) return null;
  if (/^favou?rite/i.test(whose)) {
    return learned(RULES, {
      who: USER,
      thing: plainThing(whose),
      predicate: `is ${what.charAt(0).toLowerCase()}${what.slice(1)}`,
      negated: false,
      name: null,
      heard,
    });
  }
  const name = nameIn(what, heard);
  return name === null ? null : [has(related(whose), name)];
}

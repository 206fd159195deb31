import { factOf, type RuleFact } from './finding.ts';
import { fromOutside, withProperNames } from './values.ts';
import { thirdPerson } from './verbs.ts';

/** What speaks of the agent and its rules, whatever it pretends to be. */
const TO_THE_AGENT =
  /\b(?:you|your|yours|yourself|assistant|ai|bot|chatbot|model|system|prompts?|instructions?|rules?|guidelines|safety|polic(?:y|ies)|filters?|restrictions?|admin\w*|root|developer|jailbreak\w*|obey|ignore|disregard|respond|answers?|reply|replies|pretend|the user|passwords?|pin|pin code|credit card|secrets?)\b/i;
const OWN = /^(I|we|my|our) (.+)$/i;
const OTHERS =
  /^((?:the|today|tomorrow|\p{Lu}\p{L}+(?:'s)?)\b.*?) (?:is|are|has|have|was|were|will|takes?|starts?|ends?|opens?|closes?|comes?|leaves?|arrives?|needs?|lives?|works?|likes?|hates?|goes?|go|stands?|hangs?|lies|lie)\b.+/iu;
const MAX_LENGTH = 200;

/** What somebody asks to be remembered and no other rule can read; null when it is no statement, or an order. */
export function rememberedFact(text: string): RuleFact | null {
  if (text.length > MAX_LENGTH || TO_THE_AGENT.test(text)) return null;
  const details = { attribute: null, value: null, importance: 0.9 };
  const [, subject = '', rest = ''] = OWN.exec(text) ?? [];
  if (/^(?:I|we)$/i.test(subject)) {
    const told = rest.replace(/^[a-z]+/i, (verb) => thirdPerson(verb.toLowerCase()));
    return factOf({ subject: 'user', noun: 'The user' }, said(told), details);
  }
  if (subject !== '') return factOf({ subject: 'user', noun: "The user's" }, said(rest), details);
  const about = OTHERS.exec(text)?.[1];
  if (about === undefined) return null;
  const noun = about.charAt(0).toUpperCase() + about.slice(1);
  return factOf(
    { subject: about.toLowerCase().replace(/^the /, ''), noun },
    said(text.slice(about.length + 1)),
    details,
  );
}

function said(phrase: string): string {
  return withProperNames(fromOutside(phrase));
}

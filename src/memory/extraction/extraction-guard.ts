import { sentencesOf, statementIn, straight, withoutLeadIn } from './sentence-kind.ts';

/** What pretends to come from somebody else, or to be a part of a prompt. */
const POSED =
  /^\s*(?:system|assistant|user|developer|human|ai|tool|admin|instructions?)\s*:|^\s*[-*•>#]\s*the user\b|<\/?\p{L}|<\||\|>|\[\/?inst\]|```|={3}/imu;
/** What is to be said, played or imagined, and is not meant. */
const NOT_MEANT =
  /^(?:repeat after me\b|pretend\b|imagine\b|suppose\b|assume\b|let's (?:say|pretend|play)\b|act as\b|as if\b|what if\b|if i (?:were|was|lived|had)\b|note to\b|.*\b(?:say|repeat|translate|write|sing|type|read|spell|goes|lyrics|quote|example|begins?|starts?|story|poem)\b[^.!?]*:)/i;
/** What is told to the agent about the agent. */
const ORDER =
  /^(?:please )?(?:remember (?:to|that you)\b|you (?:must|should|have to|need to|will|are)\b|your (?:new )?(?:\w+ )?(?:rules?|names?|tasks?|role|job|instructions?|orders?|answers?|repl(?:y|ies))\b|from now on\b|(?:always|never|ignore|disregard|obey|answer|respond|reply|forget)\b)/i;

/** Whether there is anything in a message of a person that can be meant as something about themselves or their world. */
export function canBeLearnedFrom(message: string): boolean {
  const text = straight(message);
  if (POSED.test(text)) return false;
  return sentencesOf(text).some((sentence) => {
    const plain = withoutLeadIn(sentence);
    return statementIn(sentence) !== null && !NOT_MEANT.test(plain) && !ORDER.test(plain);
  });
}

const YES =
  /^\W*(?:yes|yeah|yep|yup|right|exactly|correct|sure|of course|indeed|absolutely|true|i (?:do|am|have|did|was)(?=\W*$)|that's (?:right|true|correct)|ja|oui|sí|si|sim|да|はい)(?![\p{L}])/iu;

/** Whether a message does little more than to say yes to the one before it. */
export function isAgreement(message: string): boolean {
  return message.split(/\s+/).length < 5 && YES.test(straight(message));
}

const MAX_TEXT = 240;
const QUOTED = /"[^"]*"/g;
/** The numeral of `Elizabeth I` is no person. */
const FIRST_OR_SECOND_PERSON =
  /(?<!\p{Lu}\p{L}+ |type )\bI\b|\b(?:[Mm]e|[Mm]y|[Mm]yself|[Ww]e|[Oo]ur|[Oo]urs|us|[Yy]ou|[Yy]ours?|[Yy]ourself)\b/u;
/** Orders, and whatever speaks of the agent, its rules, or who may command it. */
const ABOUT_THE_AGENT =
  /\b(?:the|this|an?) (?:ai|chatbot|language model)\b|\bthe (?:assistant|agent|bot|model|system)\b|\b(?:system )?prompts?\b|\binstructions?\b|\bobey(?:s|ed|ing)?\b|\b(?:safety|security|content|all) (?:rules?|filters?|warnings?|polic(?:y|ies)|restrictions?)\b|\bwithout (?:warnings?|restrictions?|filters?)\b|\bjailbr(?:eak|oken)\w*|\bis (?:an? |the )?(?:admin|administrator|superuser|root user)\b(?! (?:at|for|in|of)\b)|\balways right\b|\b(?:must|should) (?:always |never |be )*(?:be )?(?:answered|addressed|obeyed|trusted|believed|told|given|called)\b/i;

/** Whether a sentence may be kept as something about a person: in the third person, of some length, and no order in disguise. */
export function canBeKept(text: string): boolean {
  const plain = straight(text);
  if (text.length > MAX_TEXT || !/\p{L}/u.test(text) || /[…?]|\.{3}/.test(text)) return false;
  if (POSED.test(plain) || ORDER.test(plain) || NOT_MEANT.test(plain)) return false;
  return !ABOUT_THE_AGENT.test(plain) && !FIRST_OR_SECOND_PERSON.test(plain.replace(QUOTED, ''));
}

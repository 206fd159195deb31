const ABOUT_ME = /(?:about|of) (?:me|us|myself)(?: so far| by now| already)?$/i;
const KNOWING =
  /\b(?:what|everything|anything|all|how much)\b.*\byou(?:'ve)?(?: \w+){0,2}? (?:know|remember|learn|recall|stor|found out)/i;
const PHRASE =
  /(?:^|\s)(?:who am i|(?:tell me|what) about (?:me|myself)|do you (?:know|remember) (?:me|who i am)|what have i told you)$/i;

/** Whether a question is about everything that is known of who asks: it has no word to be searched for. */
export function asksForAll(text: string): boolean {
  const question = text.trim().replace(/[\s?.!]+$/, '');
  return PHRASE.test(question) || (ABOUT_ME.test(question) && KNOWING.test(question));
}

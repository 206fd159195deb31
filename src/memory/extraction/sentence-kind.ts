/** With the plain apostrophe, which recognisers and keyboards do not agree on. */
export function straight(text: string): string {
  return text.replace(/[’‘ʼ]/g, "'").replace(/[“”„«»]/g, '"');
}

/** A stop after one of these ends no sentence. */
const ABBREVIATION = /(?:^|\s)(?:dr|mr|mrs|ms|st|prof|no|e\.g|i\.e|vs)\.$/i;

/** Sentences with their stops, lines apart. */
export function sentencesOf(text: string): string[] {
  const sentences: string[] = [];
  let open = '';
  for (const piece of text.split(/(?<=[.!?…])\s+|\n+/)) {
    open = open === '' ? piece.trim() : `${open} ${piece.trim()}`;
    if (ABBREVIATION.test(open)) continue;
    if (/[\p{L}\p{N}]/u.test(open)) sentences.push(open);
    open = '';
  }
  if (/[\p{L}\p{N}]/u.test(open)) sentences.push(open);
  return sentences;
}

const LEAD_IN =
  /^(?:um+|uh+|er+m?|hm+|well|so|oh|ok|okay|and|but|actually|anyway|also|yes|yeah|yep|no|nope|sorry|wait|now|look|listen|right|haha|btw|today|honestly|frankly|basically|by the way|you know(?: what)?|i mean|(?:just )?so you know|fyi|for the record|as (?:i|you) (?:said|know|told you|mentioned)(?: before)?|like i said|to be honest|in fact|guess what|i (?:just )?(?:told you|said|mentioned|told you before)(?: that)?|did you know(?: that)?|(?:let me|i want to|i wanted to|i have to|i should) tell you(?: that)?|you (?:should|can) know(?: that)?|these days|nowadays|currently|since then)(?=[\s,.:!-]|$)[\s,.:!-]*/i;

const HAIL =
  /^(?:hi|hello|hey|hiya|howdy|greetings|good (?:morning|afternoon|evening|day))(?=[\s,.!]|$)(?:[ ,]+(?:there|again|everyone|everybody|friend))*[\s,.!:-]*/i;

/** Without greetings and words that only open a sentence: `Well, actually I live here` is `I live here`. */
export function withoutLeadIn(sentence: string): string {
  let rest = sentence.trim();
  for (let shorter = opened(rest); shorter !== rest; shorter = opened(rest)) rest = shorter;
  return rest;
}

function opened(sentence: string): string {
  return sentence.replace(HAIL, '').replace(LEAD_IN, '');
}

const WH = /^(?:what|where|when|who|whom|whose|which|why|how)\b/i;
/** `what i know` and `when i was young, …` have no inversion: they ask only inside of another question. */
const WH_CLAUSE = /^\w+ (?:i|my|we|you|he|she|they|our)\b/i;
const INVERTED =
  /^(?:is|are|am|was|were|do|does|did|have|has|had|can|could|will|would|should|shall|may|might)(?:n't)? (?:i|you|we|they|he|she|it|my|your|our|the|a|an|there|this|that|any|some|someone|anyone|\p{Lu}\p{L}+)\b/u;
const ASKED_POLITELY = /^(?:do|can|could|would|will) you\b/i;
/** What turns a statement into a question: `I live in Oslo, don't I?` */
const TAG =
  /^(?:right|correct|true|yes|no|eh|huh|ok(?:ay)?|or|(?:is|are|am|was|do|does|did|have|has|can|will|would)(?:n't| not)? (?:i|it|you|he|she|they|we|that)(?: not)?)$/i;

function asks(sentence: string): boolean {
  const text = withoutLeadIn(sentence);
  if (WH.test(text) && !/^how (?:nice|lovely|great|funny|wonderful)\b/i.test(text) && !WH_CLAUSE.test(text))
    return true;
  return INVERTED.test(text.charAt(0).toLowerCase() + text.slice(1)) || ASKED_POLITELY.test(text);
}

/**
 * What a sentence states; null when it only asks. Speech recognition leaves out the question mark, and
 * `I moved to Oslo, can you believe it?` asks nothing.
 */
export function statementIn(sentence: string): string | null {
  if (asks(sentence)) return null;
  if (!/\?["')\s]*$/.test(sentence)) return sentence;
  const comma = Math.max(sentence.lastIndexOf(', '), sentence.lastIndexOf(' - '));
  if (comma < 0) return null;
  const tail = sentence.slice(comma).replace(/^[\s,-]+|[?"')\s]+$/g, '');
  const head = sentence.slice(0, comma);
  return !TAG.test(tail) && asks(tail) && /\s\S+\s/.test(head) ? statementIn(head) : null;
}

const REQUEST =
  /^(?:please |just |now |then |kindly |can you |could you |would you |will you |i (?:want|need|would like|'d like|order|command) you to |(?:you )?(?:must|should|have to|need to) )*(?:tell|repeat|say|write|sing|play|make|give|show|explain|translate|describe|set|turn|open|find|search|look|send|read|count|spell|list|draw|summari[sz]e|compare|recommend|suggest|teach|order|book|ignore|forget|disregard|pretend|act|imagine|suppose|assume|answer|respond|reply|obey|speak|talk|stop|start|remind|help|let|let's|call (?!me\b)|note to|another|remember (?:to|me)\b|do not|don't|never|always|from now on|your|you)\b/i;

/** Whether a sentence wants something done, or speaks of the one who is spoken to. */
export function isRequest(sentence: string): boolean {
  return REQUEST.test(withoutLeadIn(sentence));
}

const FORGET =
  /^(?:please |just |now |can you (?:please )?|could you (?:please )?|you can |you may |i want you to )*forget (?:about )?(?:the fact )?(?:that )?(?=(?:i|i'm|i've|we|my|our|where i|who i|what i|how old i)\b)/i;

/** What somebody wants to be forgotten, of themselves: `forget that I live here` → `I live here`; null when they want something else. */
export function toForget(sentence: string): string | null {
  const opened = withoutLeadIn(sentence);
  const rest = opened.replace(FORGET, '');
  return rest === opened ? null : rest.replace(/(?:,? (?:please|again))*[.!?\s]*$/i, '');
}

const SMALL_TALK =
  /^(?:(?:hi|hello|hey|hiya|howdy|greetings|good (?:morning|afternoon|evening|day|night)|(?:good ?)?bye(?: bye)?|see you(?: later| soon| tomorrow)?|farewell|take care|thanks?(?: you)?|thank you|cheers|much appreciated|you(?:'re| are) welcome|how are you|how(?:'s| is) it going|what's up|nice to meet you|(?:i'm|i am|i'm doing|it's|that's|that is|that was|this is|sounds?|that sounds) (?:all )?(?:fine|good|well|great|ok|okay|nice|funny|cool|right|true|wrong|interesting|lovely|so|very|too|quite|pretty)|yes|yeah|yep|yup|no|nope|nah|sure|of course|absolutely|exactly|indeed|right|ok|okay|alright|all right|fine|great|cool|nice|wow|wonderful|interesting|really|i see|i know|i don't know|got it|never ?mind|haha|lol|mm|mm-?hm+|hm+|uh-?huh|just kidding|i love (?:it|that|this)|i like (?:it|that|this)|good luck|no problem|no worries|sorry|oh|well|um+|again|there|very much|so much|a lot|everyone|friend|and|you|too|also|please|then|now|today)(?=[\s,.!?]|$)[\s,.!?]*)+$/i;

/** Whether there is nothing in a sentence but a greeting, thanks, or what a listener says. */
export function isSmallTalk(sentence: string): boolean {
  return sentence.length <= 120 && SMALL_TALK.test(sentence.trim());
}

/** Whether there is a statement in a text, beside questions, greetings and what a listener says. */
export function statesSomething(text: string): boolean {
  return sentencesOf(straight(text)).some(
    (sentence) => !isSmallTalk(sentence) && statementIn(sentence) !== null && toForget(sentence) === null,
  );
}

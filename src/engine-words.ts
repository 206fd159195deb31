/** Enough of what an engine says for a message; a page of a proxy may be of any length. */
const MAX_CHARS = 300;
/** What engines say of themselves. Told also when a person happens to have used the same word. */
const OWN_WORDS = new Set(
  `a about above access after again all already an and any api are argument array as at available bad batch be because
  before body bytes cache call can cannot capacity chat check complete completion connection content context could cpu
  crashed cuda current data deserialize detail device disk does due empty engine error exceed exceeded exceeds exit
  expected failed field file for format found from full function gateway gpu grammar has have id image in incorrect
  input insufficient internal invalid is it json key larger layers length less limit limitations limits list load
  loaded loading local logs long malformed may maximum memory message messages method missing model models more must
  name network no not null number object occurred of on one only operation option or out output overloaded parameter
  parse permission prompt provided pull quota range rate reached refused request requested require required requires
  resource resources response role runner running schema server service session should size slot stopped stream string
  support supported system template text than that the this timed timeout to token tokens too tool tools try
  unauthorized unavailable unexpected unexpectedly unknown unsupported upstream usage use user value vector voice was
  what when while with without wrong you your`.split(/\s+/),
);
const KEYS = /\b(?:bearer\s+\S+|(?:sk|ek|hf|pk|gsk|xai)[-_][\w*.-]{4,})/gi;
/** An apostrophe begins none. */
const QUOTATION = /(?<![\p{L}\p{N}])["'`«“]([^"'`»”]*)(?:["'`»”]|$)/gu;
const WORD = /[\p{L}\p{N}]+/gu;

/**
 * What an engine said when it failed, fit for a log and for other people's eyes: engines quote what they were asked, and
 * that is what somebody said. Quotations, keys and every word that was in the request become `…`.
 *
 * @param asked the texts of the request: what people said, and secrets. Null when it had none
 */
export function engineWords(said: string, asked: string | null): string {
  const text = said
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, MAX_CHARS)
    .replace(KEYS, '…')
    // More than a name.
    .replace(QUOTATION, (quotation, quoted: string) => (/\s/.test(quoted) ? '…' : quotation));
  if (asked === null) return text;
  const request = asked.toLowerCase();
  const words = new Set(request.match(WORD));
  return text
    .replace(WORD, (written) => {
      const word = written.toLowerCase();
      // The last word may be cut off.
      const wasAsked = words.has(word) || (word.length > 3 && request.includes(word));
      return wasAsked && !OWN_WORDS.has(word) ? '…' : written;
    })
    .replace(/…(?:[\s\p{P}]*…)+/gu, '…');
}

/** The texts that people wrote in the JSON body of a request to a model; names and settings are not among them. */
export function textsIn(body: string | undefined): string | null {
  const texts: string[] = [];
  try {
    JSON.parse(body ?? '', (name, value: unknown) => {
      // A list has its place in it for a name.
      if (typeof value === 'string' && /^(content|text|input|prompt|arguments|\d+)$/.test(name))
        texts.push(value);
      return value;
    });
  } catch {
    return null;
  }
  return texts.join('\n');
}

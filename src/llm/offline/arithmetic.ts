type Lexeme = { readonly number: number } | { readonly operator: string };

const SMALL = (
  'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen ' +
  'seventeen eighteen nineteen'
).split(' ');
const TENS = 'twenty thirty forty fifty sixty seventy eighty ninety'.split(' ');
const SCALES: Readonly<Record<string, number>> = { thousand: 1e3, million: 1e6, billion: 1e9 };
const ASKED =
  /^(?:(?:what|how much)(?:'s| is| are| does| do)|calculate|compute|work out|solve|and|so|please)\s+/i;
const WORDED: readonly (readonly [RegExp, string])[] = [
  [/\b(?:the )?square root of\b/g, ' √ '],
  [/\bto the power of\b|\*\*/g, ' ^ '],
  [/\bsquared\b/g, ' ^ 2 '],
  [/\bcubed\b/g, ' ^ 3 '],
  [/(?:\bpercent|%)\s*of\b/g, ' percent '],
  [/\bplus\b/g, ' + '],
  [/\bminus\b|−|–/g, ' - '],
  [/\btimes\b|\bmultiplied by\b|×|·|(?<=\d)\s*x\s*(?=\d)/g, ' * '],
  [/\bdivided by\b|\bover\b|÷/g, ' / '],
];

/** `What is two plus 3?` → `two plus 3 is 5`; null when it is no sum that can be worked out. */
export function workOut(sentence: string): string | null {
  let asked = sentence.trim().replace(/[?.!=\s]+$/, '');
  while (ASKED.test(asked)) asked = asked.replace(ASKED, '');
  asked = asked.replace(/\s+(?:make|makes|equal|equals|give|be)$/i, '');
  const lexemes = lexemesOf(asked.toLowerCase());
  const operators = lexemes?.filter((lexeme) => 'operator' in lexeme && !'()'.includes(lexeme.operator));
  if (!lexemes || !operators?.length) return null;
  const value = evaluate(lexemes);
  if (value === null) return null;
  if (!Number.isFinite(value)) return `${asked} has no answer that I could name`;
  return `${asked} is ${Number(value.toPrecision(12))}`;
}

function lexemesOf(text: string): Lexeme[] | null {
  let plain = text;
  for (const [pattern, symbol] of WORDED) plain = plain.replace(pattern, symbol);
  const tokens = plain.replace(/(?<=\d),(?=\d{3})/g, '').match(/\d+(?:\.\d+)?|[a-z]+|[^\sa-z\d]/g) ?? [];
  const lexemes: Lexeme[] = [];
  let words: string[] = [];
  const flush = (): boolean => {
    if (words.length === 0) return true;
    const number = numberOf(words);
    words = [];
    if (number === null) return false;
    lexemes.push({ number });
    return true;
  };
  for (const token of tokens) {
    if (/^[a-z]/.test(token) && token !== 'percent') words.push(token);
    else if (token === '-' && words.length > 0 && /^[a-z]/.test(words.at(-1) ?? '') && isHyphen(plain, words))
      continue;
    else {
      if (!flush()) return null;
      if (/^\d/.test(token)) lexemes.push({ number: Number(token) });
      else if ('+-*/^√()'.includes(token) || token === 'percent') lexemes.push({ operator: token });
      else return null;
    }
  }
  return flush() ? lexemes : null;
}

/** `twenty-one` is a number, `twenty - one` a sum. */
function isHyphen(text: string, words: readonly string[]): boolean {
  return new RegExp(`\\b${words.at(-1)}-[a-z]`).test(text);
}

function numberOf(words: readonly string[]): number | null {
  let total = 0;
  let group = 0;
  let seen = false;
  for (const [index, word] of words.entries()) {
    const scale = SCALES[word];
    const tens = TENS.indexOf(word);
    if (SMALL.includes(word)) group += SMALL.indexOf(word);
    else if (tens >= 0) group += (tens + 2) * 10;
    else if (word === 'hundred') group = (group || 1) * 100;
    else if (scale !== undefined) {
      total += (group || 1) * scale;
      group = 0;
    } else if (!((word === 'and' && seen) || (word === 'a' && index + 1 < words.length))) return null;
    seen = true;
  }
  return seen ? total + group : null;
}

/** Precedence climbing; null when the lexemes are no expression. */
function evaluate(lexemes: readonly Lexeme[]): number | null {
  let at = 0;
  const operator = () => {
    const lexeme = lexemes[at];
    return lexeme && 'operator' in lexeme ? lexeme.operator : null;
  };
  const primary = (): number => {
    const lexeme = lexemes[at++];
    if (!lexeme) throw NO_EXPRESSION;
    if ('number' in lexeme) return lexeme.number;
    if (lexeme.operator === '-') return -power();
    if (lexeme.operator === '√') return Math.sqrt(power());
    if (lexeme.operator !== '(') throw NO_EXPRESSION;
    const value = sum();
    if (operator() !== ')') throw NO_EXPRESSION;
    at++;
    return value;
  };
  const power = (): number => {
    const base = primary();
    if (operator() !== '^') return base;
    at++;
    return base ** power();
  };
  const product = (): number => {
    let value = power();
    for (let next = operator(); next === '*' || next === '/' || next === 'percent'; next = operator()) {
      at++;
      const right = power();
      value = next === '/' ? value / right : next === '*' ? value * right : (value / 100) * right;
    }
    return value;
  };
  const sum = (): number => {
    let value = product();
    for (let next = operator(); next === '+' || next === '-'; next = operator()) {
      at++;
      const right = product();
      value = next === '+' ? value + right : value - right;
    }
    return value;
  };
  try {
    const value = sum();
    return at === lexemes.length ? value : null;
  } catch (error) {
    if (error === NO_EXPRESSION) return null;
    throw error;
  }
}

const NO_EXPRESSION = new Error('no expression');

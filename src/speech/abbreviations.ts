/** What the dot behind a word most likely is. */
export type DotMeaning =
  /** Part of the word; the sentence goes on: `Dr.`, `vs.`, `e.g.`, the `J.` of a name. */
  | 'abbreviation'
  /** The end, unless a number follows: `No. 5`, `Fig. 2`, but `No. I don't.` */
  | 'before-number'
  /** Part of the word, and the end as well when no lower-case word follows: `etc.`, `p.m.`, `Inc.` */
  | 'abbreviation-or-end'
  /** Perhaps the dot inside a name (`Node.js`, `Booking.com`), which the next character tells. */
  | 'name-or-end'
  | 'end';

const words = (list: string): ReadonlySet<string> => new Set(list.trim().split(/\s+/));

// Case counts: `Rep.` is a title, "one more rep." an end.
const ABBREVIATIONS = words(`
  Mr Mrs Ms Mx Dr Prof St Mt Ft Gen Col Sen Rep Gov Sgt Capt Lt Cmdr Hon Rev Pres Supt Messrs
  vs viz cf ca approx incl excl esp resp eg ie aka
  Hr Hrn Frl Dipl Ing bzw ggf evtl inkl vgl sog usf zzgl
  Mme Mlle Mgr env
  Sr Sra Srta Ud Uds Dña
  Sig Dott Avv Dra bijv dhr mevr
  np tzn г гг им ул стр тыс млн млрд руб см`);

const BEFORE_NUMBER = words(`
  No no Nos Nr Num Art Fig fig Vol vol Ch Sec Eq pp Abs Abb Ziff Kap núm
  Jan Feb Mar Apr Jun Jul Aug Sep Sept Oct Nov Dec`);

const ABBREVIATION_OR_END = words(`
  etc al a.m p.m A.M P.M Inc Ltd Corp Co Jr Bros Ave Blvd Rd max min ext est temp dept govt
  tbsp tsp oz lb lbs pt qt sec secs hr hrs mins
  usw Str ecc enz osv itd др т.д т.п`);

/** One-word sentences that open replies: their dot should not have to wait because of the capital letter. */
const OPENERS = words(`
  yes sure okay ok right great thanks hello hi hey absolutely certainly definitely alright understood done perfect
  good exactly true correct agreed welcome sorry
  ja nein klar gut gerne danke hallo genau richtig oui non merci bonjour bien exactement
  sí claro gracias hola vale bueno perfecto sì ciao certo grazie sim não olá obrigado
  да нет конечно хорошо привет спасибо`);

/** After these, a lower-case word with a dot may well be the beginning of `example.com` or `config.yaml`. */
const NAME_LEADS = words(`
  at to from on via see visit open edit run file site website domain address called named
  auf unter bei von besuche öffne sur chez visitez en desde visita abre`);

/** After these, German and Danish write an ordinal: `am 3. Oktober`, `der 2. Weltkrieg`. */
const ORDINAL_LEADS = words(
  'am vom zum beim im der den dem des das die ab seit bis Der Den Dem Des Das Die Am Im',
);

/** `U.S`, `e.g`, `Ph.D`, `z.B`, `EE.UU`; the last dot is the one in question. */
const DOTTED = /^(?:\p{L}{1,2}\.)+\p{L}{1,2}$/u;
/** `J` of a name; a word of its own in scripts without case; `I` is a pronoun. */
const INITIAL = /^(?!I$)[\p{Lu}\p{Ll}]$/u;
const ORDINARY = /^(?:[\p{Ll}\p{M}'’-]{2,}|[\p{Lo}\p{Lm}\p{M}]+)$/u;
const ORDINAL = /^\d{1,2}$/;

/**
 * Judges the dot behind `word` by what stands before it.
 *
 * @param lead the word before, or ''.
 * @param isFirst whether `word` is the first word of its sentence.
 */
export function meaningOfDot(word: string, lead: string, isFirst: boolean): DotMeaning {
  if (BEFORE_NUMBER.has(word)) return 'before-number';
  if (ABBREVIATION_OR_END.has(word)) return 'abbreviation-or-end';
  if (ABBREVIATIONS.has(word) || INITIAL.test(word) || DOTTED.test(word)) return 'abbreviation';
  if (ORDINAL.test(word) && ORDINAL_LEADS.has(lead.toLowerCase())) return 'abbreviation';
  if (/\p{Nd}$/u.test(word)) return 'abbreviation-or-end';
  if (ORDINARY.test(word)) return NAME_LEADS.has(lead.toLowerCase()) ? 'name-or-end' : 'end';
  if (isFirst && OPENERS.has(word.toLowerCase())) return 'end';
  return 'name-or-end';
}

/** The number of a list item: `2`, `b`, `iv`. */
export const isListNumber = (word: string) => /^(?:\d{1,3}|\p{L}|[ivx]{1,4})$/iu.test(word);

/** True when `word` is part of an address or path, in which `?` and `.` end nothing. */
export const isAddress = (word: string) => /[/@=\\#&]|\p{L}\.\p{L}/u.test(word);

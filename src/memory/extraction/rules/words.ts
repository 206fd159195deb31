const words = (text: string): ReadonlySet<string> => new Set(text.split(/\s+/).filter((word) => word !== ''));

/** Who or what can be somebody's, by its plain name. */
const SYNONYMS: Readonly<Record<string, string>> = {
  mom: 'mother',
  mum: 'mother',
  mama: 'mother',
  dad: 'father',
  papa: 'father',
  grandma: 'grandmother',
  granny: 'grandmother',
  grandpa: 'grandfather',
  fiance: 'fiancé',
  fiancee: 'fiancée',
  puppy: 'dog',
  kitten: 'cat',
  kid: 'child',
  roommate: 'flatmate',
  neighbor: 'neighbour',
  coworker: 'colleague',
  hubby: 'husband',
};
const FEMALE = words(
  'wife girlfriend fiancée sister mother daughter grandmother granddaughter aunt niece stepmother stepdaughter stepsister',
);
const MALE = words(
  'husband boyfriend fiancé brother father son grandfather grandson uncle nephew stepfather stepson stepbrother',
);
const PETS = words('dog cat parrot hamster rabbit horse pony pet turtle tortoise budgie fish snake');
const OTHERS = words(
  'partner spouse child baby cousin boss manager doctor dentist therapist teacher landlord landlady flatmate',
);
/** There can be many of them at once, so that a second one does not take the place of the first. */
const MANY = words('friend neighbour colleague classmate cousin');

const SINGULAR = [...FEMALE, ...MALE, ...PETS, ...OTHERS, ...MANY, ...Object.keys(SYNONYMS)];
const QUALIFIER =
  '(?:older|elder|eldest|oldest|big|younger|youngest|little|small|baby|twin|best|first|second|third|only|new|ex|former|late|step|half|foster)';
const TERM = `(?:${SINGULAR.toSorted((one, other) => other.length - one.length).join('|')})(?:-in-law)?`;
/** A relation with what tells it from others: `older sister`, `mother-in-law`. */
export const RELATION = `(?:${QUALIFIER}[ -])*${TERM}`;

const PLURALS = [...FEMALE, ...MALE, ...PETS, ...OTHERS, ...MANY]
  .map((word) => (word === 'wife' ? 'wives' : word === 'child' ? 'children' : `${word}s`))
  .concat('kids', 'siblings', 'grandchildren', 'pets', 'ponies', 'babies');
export const RELATIONS = `(?:${QUALIFIER} )?(?:${PLURALS.join('|')})`;

/** `mum` → `mother`, `Older Sister` → `older sister` */
export function relationOf(term: string): string {
  const parts = term.toLowerCase().split(' ');
  const last = parts.pop() ?? '';
  const [stem = '', ...suffix] = last.split('-in-law');
  return [...parts, [SYNONYMS[stem] ?? stem, ...suffix].join('-in-law')].join(' ');
}

export function canBeMany(relation: string): boolean {
  return MANY.has(relation);
}

/** Whether `she` can be somebody's sister. */
export function fitsPronoun(relation: string, pronoun: string): boolean {
  const last = relation.split(' ').at(-1)?.replace('-in-law', '') ?? '';
  if (pronoun === 'they') return !PETS.has(last);
  if (pronoun === 'it') return PETS.has(last);
  return !(pronoun === 'she' ? MALE : FEMALE).has(last);
}

export const LANGUAGES = words(
  `english german french spanish italian portuguese dutch polish russian ukrainian turkish arabic hebrew hindi urdu bengali
  punjabi tamil chinese mandarin cantonese japanese korean vietnamese thai indonesian malay greek swedish norwegian danish
  finnish icelandic estonian latvian lithuanian czech slovak hungarian romanian bulgarian serbian croatian bosnian slovenian
  albanian persian farsi swahili afrikaans catalan basque galician irish welsh latin esperanto tagalog yoruba zulu amharic`,
);

export const NATIONALITIES = words(
  `american british english scottish irish welsh canadian australian german austrian swiss french spanish italian portuguese
  dutch belgian polish russian ukrainian turkish greek swedish norwegian danish finnish icelandic czech slovak hungarian
  romanian bulgarian serbian croatian bosnian slovenian albanian israeli lebanese syrian iranian iraqi egyptian moroccan
  tunisian nigerian kenyan ghanaian ethiopian indian pakistani bangladeshi chinese japanese korean vietnamese thai indonesian
  malaysian filipino mexican brazilian argentinian chilean colombian peruvian cuban estonian latvian lithuanian`,
);

/** First names that mean nothing else: what is heard as `i'm alice` has no capital to tell a name by. */
export const GIVEN_NAMES = words(
  `adam alan albert alex alexander alexandra alice alicia amanda amelia amy ana andrea andrew andy angela anja anna anne anthony
  antonio barbara ben benjamin bernd brian carla carlos carol caroline charles charlotte chris christina christopher claire
  claudia daniel david deborah dennis diana diego edward elena elizabeth ella emily emma eric eva felix fiona florian francesca
  gabriel george greta hannah hans helen helena henry ida ian igor isabel isabella jack jacob jakob james jan jane jason jens
  jessica jim johanna john jonas jonathan joseph julia julian karen karin katharina kate katherine kevin klaus lara laura lena
  leo leon lisa louis louise luca lucas lucy luis lukas maria marie mario martha martin mary matthew max maya michael mia miguel
  mohammed mona monika nadia natalie nathan nicholas nick nicole nina noah nora oliver olivia oscar pablo patricia paul paula
  pedro peter philip rachel rebecca richard robert roberto ryan samuel sandra sara sarah sebastian simon sofia sophia sophie
  stefan stephanie stephen steven susan sven theo thomas tim tom tobias ursula valentina vanessa victoria william yasmin yusuf
  zoe ada ahmed aisha ali fatima omar olga ivan bruno mehmet ayse emre priya raj kenji yuki ingrid lars astrid bob billy`,
);

/** Words that are no name and no place, where a capital does not tell. */
export const COMMON = words(
  `a an the this that these those my your our his her their its it i me we you he she they them us is are am was were be been
  not no yes none nothing nobody something someone anything and or but so then than as if of in on at to for from with about by
  what where when who which why how whose very really quite too also just only always never ever still already again now
  later soon today tomorrow yesterday tonight here there home away out up down over back off all some any many much more most
  important secret unknown irrelevant private difficult hard easy long short simple funny strange nice good bad great fine ok
  okay well wrong right true false sure sorry ready done back tired hungry thirsty happy sad angry afraid lost late early busy
  sick ill cold hot warm alone single married old young new big small little beautiful boring interesting cool called named
  spelled spelt pronounced written like love hate have has had do does did can could will would should must may might going
  coming getting looking working living trying thinking feeling doing making talking peace fear hope pain hell luxury love sin
  poverty danger trouble doubt style harmony exile prison town city countryside village house flat apartment room work school
  bed please thanks thank hello hi hey bye ignore obey answer reply forget remember previous instructions admin administrator
  root system assistant user developer god master nobody anonymous none null undefined because since although while until
  night day least free fun money myself yourself himself herself themselves times weekends mornings evenings fact case
  heart crazy stupid silly weird dumb lucky lazy picky names sir boss dude
  different common rare popular popularly please probably actually maybe perhaps being called one ones kind sort`,
);

/** What `I'm …` says about what somebody eats. */
export const DIETS =
  /^(?:an? )?(?:strict(?:ly)? |complete(?:ly)? |full-time )?(vegan|vegetarian|pescatarian|pescetarian|flexitarian|gluten[- ]free|dairy[- ]free|lactose[- ]free|sugar[- ]free|keto|halal|kosher)(?: (?:diet|eater))?$/i;

/** What people live with and is no passing ache. */
export const CONDITION =
  /^(?:an? |got )?((?:type (?:one|two|1|2) )?(?:diabetes|asthma|epilepsy|cancer|coeliac disease|celiac disease|high blood pressure|low blood pressure|hypertension|adhd|autism|depression|anxiety|an anxiety disorder|migraines|arthritis|crohn's disease|parkinson's(?: disease)?|alzheimer's(?: disease)?|multiple sclerosis|a pacemaker|pacemaker|a heart condition|heart condition|heart disease|hay fever|dyslexia|tinnitus|insomnia|lactose intolerance|gluten intolerance))$/i;

export const RELATIONSHIP =
  /^(married|single|engaged|divorced|widowed|separated|in a relationship|newly married|happily married)$/i;

/** The last word of most occupations; before it may stand what it is about. */
const OCCUPATION_END =
  /(?:\p{L}{2,}(?:er|or|ist|ician|arian|man|woman|wright|smith)|nurse|chef|cook|pilot|lawyer|student|judge|clerk|architect|accountant|assistant|consultant|agent|scientist|dentist|surgeon|vet|veterinarian|musician|author|pharmacist|midwife|pupil|intern|apprentice|freelancer|diplomat|politician|nun|priest|monk|soldier|coach|guide|physicist|chemist|biologist|analyst|model|researcher|entrepreneur|guard|au pair|stay-at-home (?:mum|mom|dad))$/iu;
const NO_OCCUPATION =
  /\b(?:lover|smoker|drinker|fighter|loser|believer|member|customer|stranger|father|mother|brother|sister|daughter|user|owner|caller|foreigner|newcomer|beginner|winner|quitter|thinker|learner|follower|number|matter|disaster|survivor|minor|senior|junior|monster|sinner|hater|fan|sleeper|eater|listener|talker|person|human|woman|man|vegetarian|libertarian|perfectionist|optimist|pessimist|realist|feminist|racist|little|bit|lot|administrator|other|another|either|later|bitter|better|clever|eager|sober|former|gamer|hacker|twin sister|sufferer|non-smoker|computer|dreamer|loner|sucker|tiger|spider|prisoner|character|partner|master|visitor|leader|newsletter|answer|order)$/i;

/** `software engineer`, `retired teacher`; false for `lover`, `little tired`. */
export function isOccupation(phrase: string): boolean {
  return (
    phrase.split(' ').length <= 4 &&
    OCCUPATION_END.test(phrase) &&
    (!NO_OCCUPATION.test(phrase) || /^system administrator$/i.test(phrase)) &&
    !/\b(?:fan|bit|lot|kind|sort|of|very|really|good|bad|great|big|huge|terrible|your)\b/i.test(phrase)
  );
}

/** What the words of a language say about the end of a turn; all lower case, phrases with single spaces. */
export interface TurnWords {
  /** Frequent words that other languages of the table do not have: they tell which language it is. */
  readonly markers: ReadonlySet<string>;
  /** Nobody ends with one of these: conjunctions, articles, prepositions, subjects, auxiliaries. */
  readonly hanging: ReadonlySet<string>;
  /** Phrases with which nobody ends either, and sounds of somebody who thinks. */
  readonly hangingPhrases: readonly string[];
  /** The whole of a turn. */
  readonly short: ReadonlySet<string>;
  /** Ends of a turn. */
  readonly closers: readonly string[];
  /** Words with which a question begins, and for each kind how many words make a whole one. */
  readonly questionWords: ReadonlySet<string>;
  readonly questionVerbs: ReadonlySet<string>;
  /** After a question word these begin a clause and no question: "when I was young". */
  readonly subjects: ReadonlySet<string>;
  readonly digits: ReadonlySet<string>;
}

function words(text: string): ReadonlySet<string> {
  return new Set(text.split(' '));
}

function phrases(text: string): readonly string[] {
  return text.split(', ');
}

export const ENGLISH: TurnWords = {
  markers: words('the and you is are to of my what it that have with for would please this your was'),
  hanging: words(
    'and or but because cause if although while whereas unless until than whether nor plus except about the a an my your ' +
      "our their its every of to from with at by for into onto between without during towards toward near via i we he she they i'm " +
      "i'll i'd i've you're you'll you'd you've we're we'll we'd we've they're they'll they'd they've he's he'd " +
      "he'll she's she'd she'll it's it'll that's there's what's who's where's how's let's is are was were am be been " +
      'being have has had will would can could should may might must does did very quite per um uh er erm uhm hmm uhh',
  ),
  hangingPhrases: phrases(
    'let me think, let me see, let me check, i want, i need, i think, i guess, i mean, i was wondering, i would like, ' +
      "i'd like, i'm trying, i'm going, i'm looking, can you, could you, would you, will you, can you tell me, " +
      'could you tell me, can you give me, could you give me, do you know, do you have, do you think, is there, ' +
      'are there, there is, there are, such as, as well as, because of, in order, instead of, kind of, sort of, ' +
      'how about, what about, so that, as soon as, even though, for example, how do you say, what is it called, ' +
      "what's it called, hang on, one moment, give me a second, tell me how, tell me what, tell me where, tell me when, " +
      'what kind, is that because, my number is, and then, and so, and also, or maybe, but then, depends on, based on, ' +
      'and i, i live in, i was born in, interested in, not only',
  ),
  short: words(
    'yes no yeah yep yup nope nah okay ok sure right exactly correct hello hi hey goodbye bye thanks maybe nothing never ' +
      'always stop cancel repeat continue mhm really oh wow',
  ),
  closers: phrases(
    "please, uh huh, i see, got it, thanks, thank you, thank you very much, thanks a lot, that's all, that is all, that's it, that is it, " +
      "goodbye, bye, bye bye, good night, good morning, see you, see you later, never mind, i don't know, no thanks, " +
      'no problem, of course, not really, not at all, me too, good evening, good afternoon, hello there, hi there, ' +
      'for me please, if you can, if possible, no idea, nothing else',
  ),
  questionWords: words(
    "what who whom where when why how which whose what's who's where's how's when's why's",
  ),
  questionVerbs: words(
    "is are was were am do does did can could will would should have has had may shall must isn't aren't wasn't weren't " +
      "don't doesn't didn't can't couldn't won't wouldn't shouldn't haven't hasn't",
  ),
  subjects: words('i you he she it we they this that these those the a an my your our their his her there'),
  digits: words('zero oh one two three four five six seven eight nine double triple'),
};

export const GERMAN: TurnWords = {
  markers: words(
    'ich und der das ist nicht ein eine du sie mit für wie auf wir mir mich bitte kannst dass auch den',
  ),
  hanging: words(
    'und oder aber weil denn dass ob wenn falls obwohl damit bevor nachdem während sondern sowie als der das den dem des ' +
      'ein eine einen einem einer eines mein meine meinen meinem meiner dein deine deinen kein keine von zu zum zur für ' +
      'bei beim nach im am ins vom ich wir ist sind war waren bin wird werden habe haben hat hätte möchte will kann könnte ' +
      'muss soll sollte würde sehr äh ähm öh hm also und',
  ),
  hangingPhrases: phrases(
    'ich möchte, ich will, ich brauche, ich hätte gern, ich denke, ich glaube, ich meine, kannst du, könntest du, ' +
      'können sie, könnten sie, kannst du mir, können sie mir, weißt du, gibt es, es gibt, und dann, moment mal, lass mich überlegen, ' +
      'wie heißt das, zum beispiel, ich suche, einen moment, mit dem, mit der',
  ),
  short: words(
    'ja nein doch nö nee okay genau richtig stimmt hallo hi danke tschüss bitte stopp vielleicht nichts nie immer',
  ),
  closers: phrases(
    'bitte, danke, danke schön, vielen dank, das war alles, das ist alles, das wars, tschüss, auf wiedersehen, gute nacht, ' +
      'guten morgen, guten tag, guten abend, keine ahnung, weiß ich nicht, ich weiß nicht, ja bitte, nein danke, alles klar',
  ),
  questionWords: words(
    'was wer wo wann warum wie welche welcher welches wen wem wessen wohin woher wieso weshalb',
  ),
  questionVerbs: words(
    'ist sind war waren bin bist hast hat habe haben kann kannst könnt können könntest willst will wirst wird darf soll ' +
      'sollen muss musst machst gibt heißt kommt kostet geht weißt',
  ),
  subjects: words('ich du er sie es wir ihr der die das ein eine mein meine dein deine'),
  digits: words('null eins zwei zwo drei vier fünf sechs sieben acht neun'),
};

export const FRENCH: TurnWords = {
  markers: words(
    "je le les est et vous tu dans une des pas pour avec c'est que qui mon ma il elle ce j'ai s'il suis du",
  ),
  hanging: words(
    'et ou mais parce car donc si que quand comme lorsque puisque le la les un une des du de mon ma mes ton ta tes ' +
      'son sa ses notre votre leur ce cette ces à au aux dans avec sans pour par sur sous vers chez entre je tu il elle on ' +
      "est sont était suis ai as ont avait c'est c'était j'ai très plus euh heu ben alors",
  ),
  hangingPhrases: phrases(
    "je veux, je voudrais, j'aimerais, je pense, je crois, pouvez vous, pourriez vous, peux tu, est-ce que, est ce que, " +
      'il y a, parce que, et puis, par exemple, attendez, laissez moi réfléchir, comment dire, je cherche, dis moi, ' +
      "je me demandais, c'est à dire, j'ai besoin, à cause",
  ),
  short: words('oui non ouais si bonjour salut bonsoir merci exactement stop rien jamais toujours'),
  closers: phrases(
    "s'il te plaît, s'il vous plaît, merci, merci beaucoup, c'est tout, au revoir, bonne nuit, bonne journée, d'accord, " +
      'je ne sais pas, pas du tout, bien sûr, non merci, oui merci, ça va',
  ),
  questionWords: words("où quand pourquoi comment combien quel quelle quels quelles qui que qu'est-ce"),
  questionVerbs: words('est es sont as avez peux peut pouvez pourrais pourriez veux voulez sais savez'),
  subjects: words('je tu il elle on nous vous ils elles le la les un une mon ma'),
  digits: words('zéro un deux trois quatre cinq six sept huit neuf'),
};

export const SPANISH: TurnWords = {
  markers: words(
    'el los las es y que en por para con una un mi yo está qué cómo gracias quiero puedes del pero muy no puedo voy tengo eso mi',
  ),
  hanging: words(
    'y e o u pero porque si que cuando como aunque mientras sino pues el la los las un una unos unas de del a al en con sin ' +
      'por para sobre entre hasta desde hacia mi mis tu tus su sus este esta yo es son era soy estoy está están ha he han ' +
      'había muy más eh este em',
  ),
  hangingPhrases: phrases(
    'yo quiero, quiero, quisiera, me gustaría, necesito, creo, pienso, puedes, podrías, puede usted, puedes decirme, hay, ' +
      'por ejemplo, es que, a ver, un momento, déjame pensar, cómo se dice, estoy buscando, quería saber, o sea',
  ),
  short: words('sí si no hola adiós gracias vale claro exacto nada nunca siempre quizás'),
  closers: phrases(
    'por favor, gracias, muchas gracias, eso es todo, nada más, adiós, hasta luego, buenas noches, buenos días, ' +
      'buenas tardes, no lo sé, no sé, de acuerdo, por supuesto, no gracias, sí gracias, está bien',
  ),
  questionWords: words('qué quién dónde cuándo cómo cuánto cuánta cuántos cuántas cuál adónde'),
  questionVerbs: words('puedes puede podrías quieres tienes sabes hay eres'),
  subjects: words('yo tú él ella nosotros ellos'),
  digits: words('cero uno dos tres cuatro cinco seis siete ocho nueve'),
};

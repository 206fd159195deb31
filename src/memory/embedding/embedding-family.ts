import type { EmbeddingPurpose } from './embedder.ts';

/** How a model makes one vector of those of its tokens. */
export type Pooling = 'mean' | 'first' | 'last';

interface Family {
  /** Matched against the name of the model, in lower case. The first that matches counts. */
  readonly names: RegExp;
  /** What the documentation of the model wants before a text. */
  readonly query: string;
  readonly document: string;
  readonly pooling: Pooling;
}

const FOR_SEARCHING = 'Represent this sentence for searching relevant passages: ';

/** As the cards of the models say. A prefix left out is no error anywhere: what is found only gets worse. */
const FAMILIES: readonly Family[] = [
  {
    names: /nomic-embed-text/,
    query: 'search_query: ',
    document: 'search_document: ',
    pooling: 'mean',
  },
  {
    names: /embeddinggemma/,
    query: 'task: search result | query: ',
    document: 'title: none | text: ',
    pooling: 'mean',
  },
  {
    names: /multilingual-e5-large-instruct/,
    query: 'Instruct: Given a question, retrieve the sentences that answer it\nQuery: ',
    document: '',
    pooling: 'mean',
  },
  { names: /\be5-(small|base|large)/, query: 'query: ', document: 'passage: ', pooling: 'mean' },
  { names: /mxbai-embed-large|\bbge-(small|base|large)-en/, ...searching('first') },
  // As Ollama calls its English one.
  { names: /^bge-large(:|$)/, ...searching('first') },
  { names: /snowflake-arctic-embed(2|.*-v2)/, query: 'query: ', document: '', pooling: 'first' },
  { names: /snowflake-arctic-embed/, ...searching('first') },
  {
    names: /qwen3-embedding/,
    query: 'Instruct: Given a web search query, retrieve relevant passages that answer the query\nQuery:',
    document: '',
    pooling: 'last',
  },
  { names: /\bbge-m3|gte-multilingual|granite-embedding/, query: '', document: '', pooling: 'first' },
];
const PLAIN: Family = { names: /(?:)/, query: '', document: '', pooling: 'mean' };

function searching(pooling: Pooling): Omit<Family, 'names'> {
  return { query: FOR_SEARCHING, document: '', pooling };
}

function familyOf(model: string): Family {
  // A folder is called after its model; what stands before it says nothing.
  const name = model.toLowerCase().split('/').filter(Boolean).at(-1) ?? '';
  return FAMILIES.find(({ names }) => names.test(name)) ?? PLAIN;
}

export function poolingOf(model: string): Pooling {
  return familyOf(model).pooling;
}

/** A memory is a sentence. Many models read 512 tokens and no further, and not every server cuts what is longer. */
const MOST_CHARACTERS = 2_000;

/** The texts as `model` wants them for `purpose`. What is very long is cut. */
export function preparedTexts(
  model: string,
  purpose: EmbeddingPurpose,
  texts: readonly string[],
): readonly string[] {
  const prefix = familyOf(model)[purpose];
  return texts.map((text) => prefix + text.slice(0, MOST_CHARACTERS).toWellFormed());
}

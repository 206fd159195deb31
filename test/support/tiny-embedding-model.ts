import { OnnxModel } from './onnx-model.ts';
import type { ModelFileSet } from './tiny-speech-models.ts';

const SPECIAL = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'];
const WORDS = ['query', 'passage', ':', 'cat', 'kitten', 'dog', 'car', 'the', 'a', 'sleeps', 'drives', '.'];
const VOCABULARY = [...SPECIAL, ...WORDS];

/** What each token means: [an animal, a thing, asked, stored, how often]. What is not here means nothing. */
const MEANINGS: Readonly<Record<string, readonly number[]>> = {
  '[CLS]': [0, 0, 0, 0, 0.5],
  query: [0, 0, 1, 0, 0],
  passage: [0, 0, 0, 1, 0],
  cat: [1, 0, 0, 0, 0.2],
  kitten: [1, 0.1, 0, 0, 0.1],
  dog: [0.8, 0, 0, 0, 0.4],
  car: [0, 1, 0, 0, 0.2],
};
const WIDTH = 5;

/**
 * A sentence embedding model with the names, inputs, outputs and files of a BERT on the hub, that knows a few words. The
 * vector of a token is looked up in a table; `pooled`: the model itself gives their sum as `sentence_embedding`.
 */
export function tinyEmbeddingModel({
  suffix = '_quantized',
  pooled = false,
  /** Rounds of a large multiplication, for a model that takes its time. */
  work = 0,
}: {
  suffix?: string;
  pooled?: boolean;
  work?: number;
} = {}): ModelFileSet {
  const json = (value: object) => new TextEncoder().encode(JSON.stringify(value));
  return new Map([
    [
      'config.json',
      json({
        ...{ model_type: 'bert', architectures: ['BertModel'], vocab_size: VOCABULARY.length },
        ...{ hidden_size: WIDTH, num_hidden_layers: 1, num_attention_heads: 1, intermediate_size: WIDTH },
        ...{ max_position_embeddings: 512, type_vocab_size: 2, pad_token_id: 0 },
      }),
    ],
    ['tokenizer.json', json(tokenizer())],
    [
      'tokenizer_config.json',
      json({
        ...{ tokenizer_class: 'BertTokenizer', model_max_length: 16, do_lower_case: true },
        ...{ unk_token: '[UNK]', sep_token: '[SEP]', pad_token: '[PAD]', cls_token: '[CLS]' },
        mask_token: '[MASK]',
      }),
    ],
    [`onnx/model${suffix}.onnx`, network(pooled, work)],
  ]);
}

function network(pooled: boolean, work: number): Uint8Array {
  const values = VOCABULARY.flatMap((token) => MEANINGS[token] ?? Array(WIDTH).fill(0));
  const tokens = ['batch_size', 'sequence_length'];
  const model = new OnnxModel()
    .input('input_ids', 'int64', tokens)
    .input('attention_mask', 'int64', tokens)
    .input('token_type_ids', 'int64', tokens)
    .constant('table', { type: 'float32', shape: [VOCABULARY.length, WIDTH], values });
  let looked = 'table';
  if (work > 0) {
    const size = 256;
    model
      .constant('large', { type: 'float32', shape: [size, size], values: [1 / size] })
      .constant('nothing', { type: 'float32', shape: [], values: [0] })
      .node('ReduceMax', ['attention_mask'], ['one_id'], { keepdims: 0 })
      .node('Cast', ['one_id'], ['one'], { to: 1 })
      // Begins with an input, so that it is not computed in advance.
      .node('Mul', ['large', 'one'], ['product_0']);
    for (let i = 0; i < work; i++) model.node('MatMul', [`product_${i}`, 'large'], [`product_${i + 1}`]);
    model
      .node('ReduceMax', [`product_${work}`], ['highest'], { keepdims: 0 })
      .node('Mul', ['highest', 'nothing'], ['zero'])
      .node('Add', ['table', 'zero'], ['worked']);
    looked = 'worked';
  }
  if (!pooled) {
    return model
      .node('Gather', [looked, 'input_ids'], ['last_hidden_state'])
      .output('last_hidden_state', 'float32', [...tokens, WIDTH])
      .bytes();
  }
  return model
    .constant('axis', { type: 'int64', shape: [1], values: [1] })
    .node('Gather', [looked, 'input_ids'], ['token_embeddings'])
    .node('ReduceSum', ['token_embeddings', 'axis'], ['sentence_embedding'], { keepdims: 0 })
    .output('token_embeddings', 'float32', [...tokens, WIDTH])
    .output('sentence_embedding', 'float32', ['batch_size', WIDTH])
    .bytes();
}

function tokenizer() {
  const vocab = Object.fromEntries(VOCABULARY.map((token, id) => [token, id]));
  const special = (id: string) => ({ SpecialToken: { id, type_id: 0 } });
  const given = { id: vocab['[CLS]'], tokens: ['[CLS]'], ids: [vocab['[CLS]']] };
  const ended = { id: vocab['[SEP]'], tokens: ['[SEP]'], ids: [vocab['[SEP]']] };
  return {
    ...{ version: '1.0', truncation: null, padding: null },
    added_tokens: SPECIAL.map((content) => ({
      ...{ id: vocab[content], content, special: true },
      ...{ single_word: false, lstrip: false, rstrip: false, normalized: false },
    })),
    normalizer: {
      ...{ type: 'BertNormalizer', clean_text: true, handle_chinese_chars: true },
      ...{ strip_accents: null, lowercase: true },
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: {
      type: 'TemplateProcessing',
      single: [special('[CLS]'), { Sequence: { id: 'A', type_id: 0 } }, special('[SEP]')],
      pair: [special('[CLS]'), { Sequence: { id: 'A', type_id: 0 } }, special('[SEP]')],
      special_tokens: {
        '[CLS]': { ...given, id: '[CLS]' },
        '[SEP]': { ...ended, id: '[SEP]' },
      },
    },
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    model: {
      ...{ type: 'WordPiece', unk_token: '[UNK]', continuing_subword_prefix: '##' },
      ...{ max_input_chars_per_word: 100, vocab },
    },
  };
}

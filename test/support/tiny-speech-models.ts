import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { OnnxModel } from './onnx-model.ts';

/** Path inside the model → bytes, as a hub has them. */
export type ModelFileSet = ReadonlyMap<string, Uint8Array>;

const LETTERS = [...'Ġabcdefghijklmnopqrstuvwxyz'];
const WORDS = ['hello', 'world', 'hallo', 'welt', 'loud', 'zebra', 'ha', 'again'].map((word) => `Ġ${word}`);
const SPECIAL = [
  '<|endoftext|>',
  '<|startoftranscript|>',
  '<|en|>',
  '<|de|>',
  '<|transcribe|>',
  '<|translate|>',
  '<|startofprev|>',
  '<|notimestamps|>',
];
const TIMES = Array.from({ length: 101 }, (_, i) => `<|${(i / 50).toFixed(2)}|>`);
const VOCABULARY = [...LETTERS, ...WORDS, ...SPECIAL, ...TIMES];

const idOf = (token: string) => {
  const id = VOCABULARY.indexOf(token);
  if (id < 0) throw new RangeError(`no token ${token}`);
  return id;
};
const spoken = (word: string) => (word.startsWith('<') ? idOf(word) : idOf(`Ġ${word}`));

/** Which token follows which: what is written is a walk that begins at the last token that was given. */
type Walk = readonly (readonly string[])[];

const HEADS = 1;
const WIDTH = 4;
const ENCODED = 1_500;
/** Above this an encoder says that it was loud. */
const LOUD = 0.5;

/**
 * A Whisper with its real names, inputs, outputs and files, that hears nothing and writes by rules:
 * `hello world`; `hallo welt` when German is asked for, which is also what it takes everything for; `zebra` when there is
 * a z in the prompt; with `loops`, `ha ha ha` for ever. With `times` it looks at the audio, as some exports do.
 */
export function tinyWhisper({
  suffix = '_quantized',
  loops = false,
  times = false,
}: {
  suffix?: string;
  loops?: boolean;
  times?: boolean;
} = {}): ModelFileSet {
  const begin = times ? '<|transcribe|>' : '<|notimestamps|>';
  const say = (...words: string[]): Walk =>
    times
      ? [[begin, '<|0.00|>', ...words, '<|1.00|>', '<|endoftext|>']]
      : [[begin, ...words, '<|endoftext|>']];
  const plain: Walk = [
    ...say('hello', 'world'),
    ['<|startoftranscript|>', '<|de|>'],
    ['hallo', 'welt', '<|endoftext|>'],
  ];
  const decoder = decoderModel(loops ? [[begin, 'ha', 'ha']] : plain, [
    { when: '<|de|>', walk: [[begin, 'hallo']] },
    { when: 'z', walk: [[begin, 'zebra', '<|endoftext|>']] },
  ]);
  if (times) lookAt(decoder, { hello: 20, world: 40, '<|1.00|>': 60 });
  return new Map([
    ...description(
      {
        model_type: 'whisper',
        architectures: ['WhisperForConditionalGeneration'],
        d_model: WIDTH,
        encoder_layers: 1,
        decoder_layers: 1,
        encoder_attention_heads: HEADS,
        decoder_attention_heads: HEADS,
        max_source_positions: ENCODED,
        max_target_positions: 448,
        median_filter_width: 1,
        num_mel_bins: 80,
      },
      {
        is_multilingual: true,
        lang_to_id: { '<|en|>': idOf('<|en|>'), '<|de|>': idOf('<|de|>') },
        task_to_id: { transcribe: idOf('<|transcribe|>'), translate: idOf('<|translate|>') },
        no_timestamps_token_id: idOf('<|notimestamps|>'),
        begin_suppress_tokens: [idOf('Ġa'.slice(0, 1)), idOf('<|endoftext|>')],
        max_initial_timestamp_index: 50,
        ...(times ? { alignment_heads: [[0, 0]] } : {}),
      },
      {
        feature_extractor_type: 'WhisperFeatureExtractor',
        processor_class: 'WhisperProcessor',
        chunk_length: 30,
        feature_size: 80,
        hop_length: 160,
        n_fft: 400,
        n_samples: 480_000,
        nb_max_frames: 3_000,
        sampling_rate: 16_000,
      },
      'WhisperTokenizer',
    ),
    [`onnx/encoder_model${suffix}.onnx`, encoderModel('input_features', ['batch_size', 80, 3_000], 1_500)],
    [`onnx/decoder_model_merged${suffix}.onnx`, decoder.bytes()],
  ]);
}

/** The same for Moonshine: `hello again`, and `loud` for loud samples. */
export function tinyMoonshine({
  suffix = '_quantized',
  extractor = 'MoonshineFeatureExtractor',
} = {}): ModelFileSet {
  const decoder = decoderModel(
    [['<|startoftranscript|>', 'hello', 'again', '<|endoftext|>']],
    [{ when: 'loud', walk: [['<|startoftranscript|>', 'loud', '<|endoftext|>']] }],
  );
  return new Map([
    ...description(
      {
        model_type: 'moonshine',
        architectures: ['MoonshineForConditionalGeneration'],
        hidden_size: WIDTH,
        encoder_num_hidden_layers: 1,
        decoder_num_hidden_layers: 1,
        encoder_num_key_value_heads: HEADS,
        decoder_num_key_value_heads: HEADS,
        max_position_embeddings: 194,
      },
      {},
      { feature_extractor_type: extractor, sampling_rate: 16_000, do_normalize: false, feature_size: 1 },
      'PreTrainedTokenizerFast',
    ),
    [`onnx/encoder_model${suffix}.onnx`, encoderModel('input_values', ['batch_size', 'num_samples'], 10)],
    [`onnx/decoder_model_merged${suffix}.onnx`, decoder.bytes()],
  ]);
}

export async function writeModel(folder: string, files: ModelFileSet): Promise<void> {
  for (const [path, bytes] of files) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), bytes);
  }
}

function description(config: object, generation: object, processor: object, tokenizer: string) {
  const ids = {
    bos_token_id: idOf('<|endoftext|>'),
    eos_token_id: idOf('<|endoftext|>'),
    decoder_start_token_id: idOf('<|startoftranscript|>'),
    is_encoder_decoder: true,
  };
  const added = [...SPECIAL, ...TIMES].map((content) => ({
    ...{ id: idOf(content), content, special: !content.startsWith('<|0') && !/\d/.test(content) },
    ...{ single_word: false, lstrip: false, rstrip: false, normalized: false },
  }));
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true };
  const vocab = Object.fromEntries([...LETTERS, ...WORDS].map((token) => [token, idOf(token)]));
  const json = (value: object) => new TextEncoder().encode(JSON.stringify(value));
  return [
    ['config.json', json({ ...config, ...ids, vocab_size: VOCABULARY.length })],
    ['generation_config.json', json({ ...generation, ...ids, max_length: 448 })],
    ['preprocessor_config.json', json(processor)],
    [
      'tokenizer.json',
      json({
        ...{ version: '1.0', truncation: null, padding: null, normalizer: null, post_processor: null },
        ...{ added_tokens: added, pre_tokenizer: byteLevel, decoder: byteLevel },
        model: { type: 'BPE', vocab, merges: [], unk_token: null, byte_fallback: false, fuse_unk: false },
      }),
    ],
    ['tokenizer_config.json', json({ tokenizer_class: tokenizer, eos_token: '<|endoftext|>' })],
  ] as const;
}

/** `last_hidden_state` is the loudest value of the input, everywhere. */
function encoderModel(name: string, shape: (number | string)[], length: number): Uint8Array {
  return new OnnxModel()
    .input(name, 'float32', shape)
    .constant('size', { type: 'int64', shape: [3], values: [1, length, WIDTH] })
    .node('ReduceMax', [name], ['loudest'], { keepdims: 0 })
    .node('Expand', ['loudest', 'size'], ['last_hidden_state'])
    .output('last_hidden_state', 'float32', ['batch_size', length, WIDTH])
    .bytes();
}

function decoderModel(walk: Walk, rules: readonly { when: string; walk: Walk }[]): OnnxModel {
  const model = new OnnxModel()
    .input('input_ids', 'int64', ['batch_size', 'decoder_sequence_length'])
    .input('encoder_hidden_states', 'float32', ['batch_size', 'encoder_sequence_length', WIDTH])
    .input('use_cache_branch', 'bool', [1])
    .constant('depth', { type: 'int64', shape: [], values: [VOCABULARY.length] })
    .constant('off_on', { type: 'float32', shape: [2], values: [0, 10] })
    .constant('none', { type: 'int64', shape: [], values: [-1] })
    .constant('next', nextTokens(walk, idOf('<|endoftext|>')))
    .node('Gather', ['next', 'input_ids'], ['next_0']);
  for (const [i, { when, walk: other }] of rules.entries()) {
    if (when === 'loud') {
      model
        .constant(`is_${i}`, { type: 'float32', shape: [], values: [LOUD] })
        .node('ReduceMax', ['encoder_hidden_states'], [`seen_${i}`], { keepdims: 0 })
        .node('Greater', [`seen_${i}`, `is_${i}`], [`flag_${i}`]);
    } else {
      model
        .constant(`is_${i}`, { type: 'int64', shape: [], values: [idOf(when)] })
        .node('Equal', ['input_ids', `is_${i}`], [`equal_${i}`])
        .node('Cast', [`equal_${i}`], [`count_${i}`], { to: 1 })
        .node('ReduceMax', [`count_${i}`], [`seen_${i}`], { keepdims: 0 })
        .node('Cast', [`seen_${i}`], [`flag_${i}`], { to: 9 });
    }
    model
      .constant(`other_${i}`, nextTokens(other, -1))
      .node('Gather', [`other_${i}`, 'input_ids'], [`then_${i}`])
      .node('Greater', [`then_${i}`, 'none'], [`known_${i}`])
      .node('And', [`known_${i}`, `flag_${i}`], [`take_${i}`])
      .node('Where', [`take_${i}`, `then_${i}`, `next_${i}`], [`next_${i + 1}`]);
  }
  model
    .node('OneHot', [`next_${rules.length}`, 'depth', 'off_on'], ['logits'])
    .output('logits', 'float32', ['batch_size', 'decoder_sequence_length', VOCABULARY.length]);
  for (const part of ['decoder.key', 'decoder.value', 'encoder.key', 'encoder.value']) {
    const shape = ['batch_size', HEADS, `past_${part.split('.')[0]}_sequence_length`, WIDTH];
    model
      .input(`past_key_values.0.${part}`, 'float32', shape)
      .node('Identity', [`past_key_values.0.${part}`], [`present.0.${part}`])
      .output(`present.0.${part}`, 'float32', shape);
  }
  return model;
}

/** Where in the audio each token was said, in frames of 20 ms. */
function lookAt(decoder: OnnxModel, frames: Readonly<Record<string, number>>): void {
  const values = new Float32Array(VOCABULARY.length * ENCODED);
  for (let i = 0; i < values.length; i++) values[i] = ((i * 7919) % 101) / 100_000;
  for (const [word, frame] of Object.entries(frames)) {
    // What a token looks at shows when it is read, which is when the next one is written.
    values.fill(1, spoken(word) * ENCODED + frame, spoken(word) * ENCODED + frame + 10);
  }
  decoder
    .constant('looks', { type: 'float32', shape: [VOCABULARY.length, ENCODED], values })
    .constant('heads', { type: 'int64', shape: [1], values: [1] })
    .node('Gather', ['looks', 'input_ids'], ['looked'])
    .node('Unsqueeze', ['looked', 'heads'], ['cross_attentions.0'])
    .output('cross_attentions.0', 'float32', ['batch_size', HEADS, 'decoder_sequence_length', ENCODED]);
}

function nextTokens(walk: Walk, otherwise: number) {
  const values: number[] = Array(VOCABULARY.length).fill(otherwise);
  for (const path of walk) {
    for (const [i, token] of path.slice(0, -1).entries()) values[spoken(token)] = spoken(path[i + 1] ?? '');
  }
  return { type: 'int64', shape: [VOCABULARY.length], values } as const;
}

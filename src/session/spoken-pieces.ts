import type { Pronunciations } from '../speech/pronunciations.ts';
import { type Sentence, SentenceSplitter } from '../speech/sentences.ts';
import { SpokenText } from '../speech/spoken-text.ts';
import type { Utterance } from './speaker.ts';

/** Cuts the words of a reply, as they come, into the pieces that a voice speaks. Its text is empty where there is nothing to say. */
export class SpokenPieces {
  readonly #splitter = new SentenceSplitter();
  readonly #spokenText = new SpokenText();
  readonly #pronunciations: Pronunciations;

  constructor(pronunciations: Pronunciations) {
    this.#pronunciations = pronunciations;
  }

  push(text: string): Utterance[] {
    return this.#splitter.push(text).map((sentence) => this.#piece(sentence));
  }

  finish(): Utterance[] {
    return this.#splitter.finish().map((sentence) => this.#piece(sentence));
  }

  #piece(sentence: Sentence): Utterance {
    return { sentence, spoken: this.#pronunciations.apply(this.#spokenText.filter(sentence)) };
  }
}

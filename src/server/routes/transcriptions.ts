import { type Response, Router } from 'express';
import { VivavoceError } from '../../errors.ts';
import { MAX_UPLOAD_BYTES, transcriptionFields } from '../../protocol/rest-transcriptions.ts';
import type { Admission } from '../../resilience/admission.ts';
import type { Transcriber, Transcript, TranscriptionRequest } from '../../speech/stt/transcriber.ts';
import { AgreedText } from '../agreed-text.ts';
import { callerOf, isOperator, requireScope } from '../caller.ts';
import { type ErrorBody, toErrorBody } from '../error-body.ts';
import { transcriptionBody, usageOf } from '../transcription-body.ts';
import { formReader } from '../upload.ts';
import { UploadedAudio } from '../uploaded-audio.ts';
import { validate } from '../validate.ts';

interface Deps {
  readonly admission: Admission;
  readonly transcriber: Transcriber | null;
  /** Why nothing can be recognised now, and what to do about it; null when it can. Asked for every request. */
  readonly noTranscriberReason: () => string | null;
}

/** Speech in, text out: a file is recognised as if somebody said it, as fast as the recogniser can. */
export function transcriptionRoutes({ admission, transcriber, noTranscriberReason }: Deps): Router {
  const router = Router();
  router.use('/audio/transcriptions', requireScope('talk'));
  const readForm = formReader(MAX_UPLOAD_BYTES);
  let uploads = 0;
  router.post('/audio/transcriptions', async (request, response) => {
    // Before the file: the memory that it takes counts too.
    using _place = admission.turn(callerOf(request).owner.key);
    const form = await readForm(request, response);
    const fields = validate(transcriptionFields, form.fields);
    const isStream = fields.stream === 'true' || fields.stream === '1';
    if (isStream && fields.response_format !== 'json' && fields.response_format !== 'text') {
      throw new VivavoceError(
        'invalid_request',
        `A stream has text only: stream and response_format=${fields.response_format} exclude each other.`,
        { param: 'stream' },
      );
    }
    const audio = UploadedAudio.of({ ...form.file, rate: fields.sample_rate });
    const reason = noTranscriberReason();
    if (transcriber === null || reason !== null)
      throw new VivavoceError('engine_unavailable', reason ?? 'There is no recogniser.');

    const left = new AbortController();
    response.on('close', () => left.abort());
    const stream = isStream ? new TranscriptStream(response) : null;
    const transcript = await recognise(transcriber, audio, left.signal, {
      language: fields.language ?? null,
      prompt: fields.prompt ?? null,
      // Nobody knows who speaks in a file.
      speaker: `upload_${++uploads}`,
      onPartial: (text) => stream?.take(text),
    }).catch((error: unknown) => {
      if (!stream?.isOpen) throw error;
      stream.fail(toErrorBody(error, isOperator(request)));
      return null;
    });
    if (transcript === null) return;
    if (stream) return stream.finish(transcript.text, audio.durationMs);
    const { type, body } = transcriptionBody(transcript, audio.durationMs, fields);
    response.type(type).send(body);
  });
  return router;
}

async function recognise(
  transcriber: Transcriber,
  audio: UploadedAudio,
  signal: AbortSignal,
  request: TranscriptionRequest,
): Promise<Transcript> {
  using recognition = transcriber.recognise(request);
  for await (const samples of audio.slices(signal)) recognition.push(samples);
  return await recognition.read(signal);
}

/** Server-sent events as OpenAI has them. It opens with the first words, so that a failure before them has a status. */
class TranscriptStream {
  readonly #response: Response;
  readonly #text = new AgreedText();
  isOpen = false;

  constructor(response: Response) {
    this.#response = response;
  }

  take(text: string): void {
    this.#delta(this.#text.take(text));
  }

  finish(text: string, durationMs: number): void {
    this.#delta(this.#text.finish(text));
    this.#send({ type: 'transcript.text.done', text, usage: usageOf(durationMs) });
    this.#response.end();
  }

  fail(body: ErrorBody): void {
    this.#send(body);
    this.#response.end();
  }

  #delta(delta: string): void {
    if (delta !== '') this.#send({ type: 'transcript.text.delta', delta });
  }

  #send(event: object): void {
    if (!this.isOpen) this.#response.type('text/event-stream').setHeader('Cache-Control', 'no-cache');
    this.isOpen = true;
    this.#response.write(`data: ${JSON.stringify(event)}\n\n`);
  }
}

import { RealtimeClient, type WireEvent } from '../../support/realtime-client.ts';

/** A spoken turn from the outside. */
export interface SpokenTurn {
  readonly conversationId: string;
  readonly question: string;
  /** `failed: overloaded` */
  readonly status: string;
  /** What was said, by the words that came with it. */
  readonly said: string;
  /** Whose voices were heard. */
  readonly voices: readonly ('stand-in' | 'flite')[];
  /** The longest time without anything to hear. */
  readonly waitedMs: number;
  /** Its words that were shown and not spoken. */
  readonly skipped: readonly string[];
  readonly degraded: readonly string[];
  /** What the model was given from the memory. */
  readonly recalled: WireEvent | null;
}

/** Asks in writing and listens to the answer, in a conversation of its own. */
export async function speakTurn(url: string, question: string): Promise<SpokenTurn> {
  await using client = await RealtimeClient.connect(url, { query: { extensions: 'vivavoce' } });
  return await listen(client, question, () => client.say(question, { output_modalities: ['audio'] }));
}

/** Listens to the answer to what `begin` does. */
export async function listen(
  client: RealtimeClient,
  question: string,
  begin: () => void,
): Promise<SpokenTurn> {
  let waitedMs = 0;
  let lastMs = performance.now();
  const heard = () => {
    waitedMs = Math.max(waitedMs, performance.now() - lastMs);
    lastMs = performance.now();
  };
  client.socket.on('message', (data) => {
    if (data.toString().includes('"response.output_audio.delta"')) heard();
  });
  begin();
  const { response } = await client.next('response.done');
  heard();
  const trace = await client.next('vivavoce.turn.traced');
  return {
    conversationId: response.conversation_id,
    question,
    status: [response.status, response.status_details?.error?.code].filter(Boolean).join(': '),
    said: client
      .all('response.output_audio_transcript.delta')
      .map(({ delta }) => delta)
      .join(''),
    voices: voicesIn(client.all('response.output_audio.delta').map(({ delta }) => delta)),
    waitedMs: Math.round(waitedMs),
    skipped: client.all('vivavoce.speech.skipped').map(({ text }) => text),
    degraded: trace.degraded.map(({ part }: WireEvent) => part),
    recalled: client.all('vivavoce.memory.recalled').at(-1) ?? null,
  };
}

/** The stand-in speaks in one tone, whose loudness never changes; everything else that sounds is Flite. */
const TONE_RMS = 6_000 / Math.SQRT2;

function voicesIn(deltas: readonly string[]): SpokenTurn['voices'] {
  const frames = { 'stand-in': 0, flite: 0 };
  for (const delta of deltas) {
    const samples = new Int16Array(new Uint8Array(Buffer.from(delta, 'base64')).buffer);
    const piece = samples.subarray(0, 545); // ten waves of it
    const rms = Math.sqrt(piece.reduce((sum, sample) => sum + sample * sample, 0) / piece.length);
    if (Math.abs(rms - TONE_RMS) < 50) frames['stand-in']++;
    else if (rms > 200) frames.flite++;
  }
  // Where one of them begins or ends, a frame is neither.
  return (['stand-in', 'flite'] as const).filter((voice) => frames[voice] > 4);
}

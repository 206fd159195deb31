import { describe, expect, it } from 'vitest';
import type { SessionPatch } from '../../src/protocol/session-config.ts';
import { defaultSession, mergeSession } from '../../src/session/session-config.ts';

const defaults = { id: 'sess_1', model: 'vivavoce', instructions: 'Be kind.', voice: 'alba' };

/** What is in force after these updates, one after the other. */
function updated(...patches: SessionPatch[]) {
  return patches.reduce(
    (current, patch) => mergeSession(current, patch, defaults, { voiceIsFixed: false }),
    defaultSession(defaults),
  );
}

const detectorAfter = (
  ...detectors: NonNullable<NonNullable<SessionPatch['audio']>['input']>['turn_detection'][]
) =>
  updated(...detectors.map((turn_detection) => ({ audio: { input: { turn_detection } } }))).audio.input
    .turn_detection;

const set: SessionPatch = {
  instructions: 'Be brief.',
  output_modalities: ['text'],
  tools: [{ type: 'function', name: 'f' }],
  tool_choice: 'required',
  max_output_tokens: 50,
  audio: {
    input: {
      format: { type: 'audio/pcmu' },
      transcription: { model: 'whisper' },
      turn_detection: { type: 'server_vad', threshold: 0.8 },
    },
    output: { format: { type: 'audio/pcma' }, voice: 'bruno', speed: 1.2 },
  },
};

describe('session.update', () => {
  it('changes what it says', () => {
    expect(updated(set)).toMatchObject({
      instructions: 'Be brief.',
      output_modalities: ['text'],
      tools: [{ type: 'function', name: 'f' }],
      tool_choice: 'required',
      max_output_tokens: 50,
      audio: {
        input: { format: { type: 'audio/pcmu' }, transcription: { model: 'whisper' } },
        output: { format: { type: 'audio/pcma' }, voice: 'bruno', speed: 1.2 },
      },
    });
  });

  it('keeps what is absent', () => {
    expect(updated(set, {})).toEqual(updated(set));
    expect(updated(set, { audio: { input: {}, output: {} } })).toEqual(updated(set));
  });

  it('brings the default back for null, in every field', () => {
    const fields: SessionPatch = {
      instructions: null,
      output_modalities: null,
      tools: null,
      tool_choice: null,
      max_output_tokens: null,
    };
    const audio: SessionPatch['audio'] = {
      input: { format: null, transcription: null, turn_detection: { threshold: null } },
      output: { format: null, voice: null, speed: null },
    };
    expect(updated(set, { ...fields, audio })).toEqual(defaultSession(defaults));
    expect(updated(set, { ...fields, audio: { input: null, output: null } })).toEqual(
      defaultSession(defaults),
    );
    expect(updated(set, { ...fields, audio: null })).toEqual(defaultSession(defaults));
  });

  it('clears with an empty string or list', () => {
    expect(updated(set, { instructions: '', tools: [] })).toMatchObject({ instructions: '', tools: [] });
  });

  it('never changes the model', () => {
    expect(updated({ model: 'another' }).model).toBe('vivavoce');
  });

  it('changes the voice until it has been heard', () => {
    const patch: SessionPatch = { audio: { output: { voice: { id: 'clara' } } } };
    expect(updated(set, patch).audio.output.voice).toBe('clara');
    const merged = mergeSession(updated(set), patch, defaults, { voiceIsFixed: true });
    expect(merged.audio.output.voice).toBe('bruno');
    const reset = mergeSession(updated(set), { audio: null }, defaults, { voiceIsFixed: true });
    expect(reset.audio.output.voice).toBe('bruno');
  });
});

describe('the turn detector', () => {
  it('keeps the fields that are absent', () => {
    const detector = detectorAfter({ type: 'server_vad', idle_timeout_ms: 6_000 }, { threshold: 0.9 });
    expect(detector).toMatchObject({ type: 'server_vad', idle_timeout_ms: 6_000, threshold: 0.9 });
  });

  it('has the default again in a field that is null', () => {
    const changed = {
      type: 'server_vad' as const,
      threshold: 0.9,
      silence_duration_ms: 900,
      idle_timeout_ms: 6_000,
      create_response: false,
    };
    const reset = {
      threshold: null,
      silence_duration_ms: null,
      idle_timeout_ms: null,
      create_response: null,
    };
    expect(detectorAfter(changed, { idle_timeout_ms: null })).toMatchObject({
      ...changed,
      idle_timeout_ms: null,
    });
    expect(detectorAfter(changed, reset)).toEqual(defaultSession(defaults).audio.input.turn_detection);
    expect(detectorAfter({ type: 'semantic_vad', eagerness: 'low' }, { eagerness: null })).toMatchObject({
      eagerness: 'auto',
    });
  });

  it('starts from the defaults of the other kind when it is switched', () => {
    const semantic = {
      type: 'semantic_vad',
      eagerness: 'auto',
      create_response: true,
      interrupt_response: true,
    };
    expect(detectorAfter({ threshold: 0.9, create_response: false }, { type: 'semantic_vad' })).toEqual(
      semantic,
    );
    expect(detectorAfter({ threshold: 0.9 }, { type: 'semantic_vad' }, { type: 'server_vad' })).toEqual(
      defaultSession(defaults).audio.input.turn_detection,
    );
  });

  it('has no field of the other kind', () => {
    expect(detectorAfter({ type: 'semantic_vad', threshold: 0.9 })).not.toHaveProperty('threshold');
    expect(detectorAfter({ type: 'server_vad', eagerness: 'low' })).not.toHaveProperty('eagerness');
  });

  it('is off with null, and there again with the next detector', () => {
    expect(detectorAfter(null)).toBeNull();
    expect(detectorAfter(null, { threshold: 0.9 })).toMatchObject({ type: 'server_vad', threshold: 0.9 });
  });
});

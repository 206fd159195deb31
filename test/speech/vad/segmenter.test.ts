import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Segmenter, type SpeechChange } from '../../../src/speech/vad/segmenter.ts';

/** What it says of frames of 32 ms; `#` is speech, `-` between the thresholds, `.` silence, ` ` clear silence. */
function changes(frames: string, segmenter = new Segmenter(32)): string {
  const names: Record<SpeechChange, string> = { onset: 'O', pause: 'P', resumed: 'R' };
  const probability: Record<string, number> = { '#': 0.9, '-': 0.4, '.': 0.2, ' ': 0.1 };
  return [...frames]
    .map((frame) => {
      const change = segmenter.push(probability[frame] ?? 0);
      return change ? names[change] : frame;
    })
    .join('');
}

describe('a segmenter', () => {
  it.each([
    ['a click is no onset', '..#....#...', '..#....#...'],
    ['two frames of three are one', '..#.#...', '..#.O.P.'],
    ['a pause is two quiet frames', '##....', '#O.P..'],
    ['one quiet frame is none', '##.##.##', '#O.##.##'],
    ['one clearly quiet frame is one', '##   ##', '#OP  R#'],
    ['between the thresholds speech goes on', '##-----..', '#O-----.P'],
    ['between the thresholds silence goes on', '##..-----', '#O.P-----'],
    ['one frame resumes', '##...#..', '#O.P.R.P'],
  ])('%s', (_name, frames, expected) => {
    expect(changes(frames)).toBe(expected);
  });

  it('knows when the speech began that it reports', () => {
    const segmenter = new Segmenter(32);
    changes('..#.#', segmenter);
    expect(segmenter.onsetAgoMs).toBe(96);
  });

  it('counts speech without pauses, and the silence of the pause that it is in', () => {
    const segmenter = new Segmenter(32);
    changes('####..##...', segmenter);
    expect(segmenter.speechMs).toBe(6 * 32);
    expect(segmenter.silenceMs).toBe(3 * 32);
    changes('#', segmenter);
    expect(segmenter.silenceMs).toBe(0);
  });

  it('begins anew when the utterance is over', () => {
    const segmenter = new Segmenter(32);
    changes('##....', segmenter);
    segmenter.end();
    expect(segmenter.speechMs).toBe(0);
    expect(changes('.##', segmenter)).toBe('.#O');
  });

  it('takes the threshold that a client asks for', () => {
    const segmenter = new Segmenter(32);
    segmenter.threshold = 0.95;
    expect(changes('#####', segmenter)).toBe('#####');
  });

  it('says onset first, then pause and resumed by turns, whatever comes', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 200 }),
        (probabilities) => {
          const segmenter = new Segmenter(32);
          const said = probabilities.flatMap((probability) => segmenter.push(probability) ?? []);
          for (const [at, change] of said.entries()) {
            expect(change).toBe(at === 0 ? 'onset' : at % 2 === 1 ? 'pause' : 'resumed');
          }
        },
      ),
    );
  });
});

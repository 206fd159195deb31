export interface ParsedCue {
  readonly startMs: number;
  readonly endMs: number;
  readonly speaker: string;
  readonly text: string;
}

const TIME = /^(\d{2,}):([0-5]\d):([0-5]\d)([.,])(\d{3}) --> (\d{2,}):([0-5]\d):([0-5]\d)([.,])(\d{3})$/;

/** Reads WebVTT as its specification has it, and refuses all that a forgiving reader would guess at. */
export function parseVtt(file: string): ParsedCue[] {
  if (!file.startsWith('WEBVTT\n\n')) throw new Error('no WEBVTT header');
  return blocksOf(file.slice('WEBVTT\n\n'.length)).map((lines, index) => {
    const { startMs, endMs, text } = cueOf(lines, index + 1, '.');
    const voice = /^<v (\w+)>([^<>]*)<\/v>$/.exec(text);
    if (!voice?.[1] || voice[2] === undefined) throw new Error(`no voice, or mark-up inside of it: ${text}`);
    if (/&(?!(amp|lt|gt);)/.test(voice[2])) throw new Error(`bare ampersand: ${text}`);
    return { startMs, endMs, speaker: voice[1], text: unescapeEntities(voice[2]) };
  });
}

export function parseSrt(file: string): ParsedCue[] {
  return blocksOf(file).map((lines, index) => {
    const { startMs, endMs, text } = cueOf(lines, index + 1, ',');
    const spoken = /^(User|Assistant): ([^<>{}]+)$/.exec(text);
    if (!spoken?.[1] || !spoken[2]) throw new Error(`no speaker, or tags: ${text}`);
    return { startMs, endMs, speaker: spoken[1], text: spoken[2] };
  });
}

export function unescapeEntities(text: string): string {
  return text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
}

function blocksOf(body: string): string[][] {
  if (/[^\P{Cc}\n]/u.test(body)) throw new Error('control character');
  if (!body.isWellFormed()) throw new Error('half a surrogate pair');
  if (body === '') return [];
  if (!body.endsWith('\n\n')) throw new Error('the last cue is not closed');
  return body
    .slice(0, -2)
    .split('\n\n')
    .map((block) => block.split('\n'));
}

function cueOf(lines: readonly string[], number: number, point: string) {
  const [name, timing = '', ...text] = lines;
  if (name !== String(number)) throw new Error(`cue ${number} is called ${name}`);
  const parts = TIME.exec(timing);
  if (!parts || parts[4] !== point || parts[9] !== point) throw new Error(`no times: ${timing}`);
  if (text.length === 0 || text.some((line) => line.trim() === '')) throw new Error('blank line in a cue');
  if (text.some((line) => line.includes('-->'))) throw new Error('an arrow in a text');
  const ms = (at: number) =>
    ((Number(parts[at]) * 60 + Number(parts[at + 1])) * 60 + Number(parts[at + 2])) * 1000 +
    Number(parts[at + 4]);
  return { startMs: ms(1), endMs: ms(6), text: text.join('\n') };
}

const DAY_MS = 86_400_000;

/** Answers what time, day, month or year it is, here or in a place; null when the sentence asks for something else. */
export function tellTime(sentence: string, nowMs: number, timezone: string): string | null {
  const text = sentence.toLowerCase().replace(/’/g, "'");
  if (/\b(my|your|our|i|we)\b|\bwhat a\b/.test(text)) return null;
  if (
    /\b(what time is it|what(?:'s| is) the (?:current )?time|(?:have|know|tell me|give me) the time|time is it)\b/.test(
      text,
    )
  ) {
    return clockTime(text, nowMs, timezone);
  }
  const asks = /\b(what|which|tell me|know)\b.*\b(date|day|today|month|year|weekday)\b/.test(text);
  if (!asks || !/\b(it|today|now|tomorrow|yesterday|the date|the day|this|current|we have)\b/.test(text))
    return null;
  const format = (options: Intl.DateTimeFormatOptions, atMs = nowMs) =>
    new Intl.DateTimeFormat('en', { ...options, timeZone: timezone }).format(atMs);
  if (text.includes('tomorrow')) return `Tomorrow is ${format({ dateStyle: 'full' }, nowMs + DAY_MS)}.`;
  if (text.includes('yesterday')) return `Yesterday was ${format({ dateStyle: 'full' }, nowMs - DAY_MS)}.`;
  if (/\byear\b/.test(text)) return `It is the year ${format({ year: 'numeric' })}.`;
  if (/\bmonth\b/.test(text)) return `It is ${format({ month: 'long', year: 'numeric' })}.`;
  return `Today is ${format({ dateStyle: 'full' })}.`;
}

function clockTime(text: string, nowMs: number, timezone: string): string {
  const place = /\btime\b.*\bin ([\p{L} .'-]+?)(?: (?:now|right now|today|please))?[?.!\s]*$/u.exec(
    text,
  )?.[1];
  if (place === undefined) return `It is ${timeIn(timezone, nowMs)}.`;
  const zone = zoneOf(place);
  const name = place.replace(/(^|[\s-])\p{Ll}/gu, (letter) => letter.toUpperCase());
  if (zone) return `In ${name} it is ${timeIn(zone, nowMs)}.`;
  return `I do not know the clocks of ${name}. Here it is ${timeIn(timezone, nowMs)}.`;
}

function timeIn(timeZone: string, nowMs: number): string {
  // Between time and AM or PM stands a narrow space that a voice may stumble over.
  return new Intl.DateTimeFormat('en', { timeStyle: 'short', timeZone }).format(nowMs).replace(/\s/gu, ' ');
}

/** The zone that bears the name of a place: `new york` is America/New_York. */
function zoneOf(place: string): string | null {
  const wanted = place
    .trim()
    .replace(/^the /, '')
    .replace(/[ -]/g, '_')
    .normalize('NFD')
    .replace(/\p{M}/gu, '');
  if (/^(utc|gmt)$/.test(wanted)) return 'UTC';
  const zones = Intl.supportedValuesOf('timeZone');
  return zones.find((zone) => zone.toLowerCase().split('/').at(-1) === wanted) ?? null;
}

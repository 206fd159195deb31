/** The `data` of each server-sent event in `body`, as it comes. A last event without its empty line counts too. */
export async function* serverSentData(
  body: AsyncIterable<Uint8Array>,
): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder();
  let rest = '';
  let data: string[] = [];
  const take = (line: string): string | null => {
    if (line === '') {
      const whole = data.join('\n');
      data = [];
      return whole === '' ? null : whole;
    }
    if (line.startsWith('data:')) data.push(line.slice(line[5] === ' ' ? 6 : 5));
    return null;
  };

  for await (const bytes of body) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const whole = take(line);
      if (whole !== null) yield whole;
    }
  }
  for (const line of [rest.replace(/\r$/, ''), '']) {
    const whole = take(line);
    if (whole !== null) yield whole;
  }
}

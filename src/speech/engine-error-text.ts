const MAX_ERROR_CHARS = 4_000;

/** The message of an error body: `{error:{message}}`, `{detail}` or the text itself, cut to a length for a log. */
export async function readError(body: AsyncIterable<Uint8Array>): Promise<string> {
  let text = '';
  const decoder = new TextDecoder();
  for await (const bytes of body) {
    text += decoder.decode(bytes, { stream: true });
    if (text.length > MAX_ERROR_CHARS) break;
  }
  try {
    const { error, detail, message } = JSON.parse(text) as Record<string, unknown>;
    const said = (error as { message?: unknown } | undefined)?.message ?? error ?? detail ?? message ?? text;
    text = typeof said === 'string' ? said : JSON.stringify(said);
  } catch {
    // Not JSON: the text is the message.
  }
  return text.replace(/\s+/g, ' ').trim().slice(0, 300);
}

import type { ChatMessage } from './chat-model.ts';

/** Scripts written without spaces, where a character is about a token of its own: Han, kana, Hangul, Thai. */
const DENSE = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Thai}]/gu;
const CHARS_PER_TOKEN = 4;
const TEMPLATE_TOKENS = 4;

/**
 * About how many tokens a model makes of `text`, without its tokeniser. For budgets, not for bills: within a third
 * for prose, low for code and for scripts other than Latin and those counted singly.
 */
export function estimateTokens(text: string): number {
  if (text === '') return 0;
  const dense = text.match(DENSE)?.length ?? 0;
  return Math.ceil((text.length - dense) / CHARS_PER_TOKEN) + dense;
}

/** The same for a prompt, with the few tokens that a chat template puts around every message. */
export function estimatePromptTokens(messages: readonly ChatMessage[]): number {
  return messages.reduce((sum, message) => {
    const calls = message.role === 'assistant' ? (message.toolCalls ?? []) : [];
    const words = calls.map((call) => `${call.name}${call.arguments}`).join('');
    return sum + TEMPLATE_TOKENS + estimateTokens(message.text) + estimateTokens(words);
  }, 0);
}

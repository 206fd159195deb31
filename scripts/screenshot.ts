import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { FliteVoice } from '../src/speech/tts/flite-voice.ts';
import { findChromium, launchChromium } from '../test/support/chromium.ts';
import { MicrophoneFile } from '../test/support/microphone-file.ts';
import { Service } from '../test/support/service.ts';
import { hasPocketSphinx } from '../test/support/sphinx.ts';

/*
 * Pictures of the page for the documentation, taken of the real service: docs/screenshot.png, docs/screenshot-phone.png
 * and docs/screenshot-memory.png. `--all` adds dark ones, and the memory on a phone.
 */

const DOCS = fileURLToPath(new URL('../docs/', import.meta.url));
const WRITTEN = 'Hello! Who are you?';
const SAID = 'Where do I live?';
/** A busy machine plays the microphone's file with gaps. */
const ATTEMPTS = 5;
/** What the other conversations in the list began with: what it knows. */
const EARLIER = [
  'My name is Alice and I live in Berlin.',
  'My sister Ada is visiting on Friday. She is a vegetarian.',
  'I have a dog called Bruno, and I love long walks.',
  'Actually I moved to Oslo.',
];

const DESKTOP = { width: 1280, height: 800 };
const PHONE = { width: 360, height: 740 };
const VIEWS = [
  { file: 'screenshot.png', viewport: DESKTOP, colorScheme: 'light', take: speaking, isExtra: false },
  { file: 'screenshot-phone.png', viewport: PHONE, colorScheme: 'light', take: speaking, isExtra: false },
  { file: 'screenshot-dark.png', viewport: DESKTOP, colorScheme: 'dark', take: speaking, isExtra: true },
  { file: 'screenshot-phone-dark.png', viewport: PHONE, colorScheme: 'dark', take: speaking, isExtra: true },
  { file: 'screenshot-memory.png', viewport: DESKTOP, colorScheme: 'light', take: memory, isExtra: false },
  { file: 'screenshot-memory-dark.png', viewport: DESKTOP, colorScheme: 'dark', take: memory, isExtra: true },
  { file: 'screenshot-memory-phone.png', viewport: PHONE, colorScheme: 'light', take: memory, isExtra: true },
  {
    file: 'screenshot-memory-phone-dark.png',
    viewport: PHONE,
    colorScheme: 'dark',
    take: memory,
    isExtra: true,
  },
] as const;

/** Runs in the browser. */
const SLID_IN = `Promise.all([...document.querySelectorAll('.message')].flatMap((message) =>
  message.getAnimations().map((animation) => animation.finished)))`;

const executablePath = findChromium();
if (executablePath === null) {
  throw new Error('There is no Chromium on the PATH. Install it, or set CHROMIUM to its path.');
}
await mkdir(DOCS, { recursive: true });
if (!(await hasPocketSphinx())) throw new Error('Install PocketSphinx: the pictures show the microphone.');
await using voice = new FliteVoice();
await using heard = await MicrophoneFile.create(voice, [1_000, SAID, 30_000]);
await using service = await Service.start({ STT: 'pocketsphinx' });
await using browser = await launchChromium(executablePath, heard.args);
await converse(browser);
for (const view of VIEWS) {
  if (view.isExtra && !process.argv.includes('--all')) continue;
  await picture(browser, view);
}

/** Conversations for the list, in silence. */
async function converse(browser: Browser): Promise<void> {
  const page = await browser.newPage();
  await page.goto(service.url);
  await page.getByRole('button', { name: 'Speak the answers' }).click();
  for (const text of EARLIER) {
    await page.getByRole('button', { name: 'New conversation' }).click();
    await write(page, text);
    await page.locator('.conversation-title', { hasText: text.slice(0, 20) }).waitFor();
  }
  await page.close();
}

async function picture(browser: Browser, { file, viewport, colorScheme, take }: (typeof VIEWS)[number]) {
  for (let attempt = 1, isTaken = false; !isTaken; attempt++) {
    if (attempt > ATTEMPTS) throw new Error(`The microphone was misheard ${ATTEMPTS} times.`);
    const isPhone = viewport === PHONE;
    const page = await browser.newPage({
      ...{ viewport, colorScheme, deviceScaleFactor: 1 },
      ...{ isMobile: isPhone, hasTouch: isPhone },
    });
    await page.goto(service.url);
    isTaken = await take(page);
    if (isTaken) await page.screenshot({ path: `${DOCS}${file}` });
    const id = new URL(page.url()).hash.slice(1);
    await page.close();
    // The next picture has the same words in it: its list is to have them once.
    await fetch(`${service.url}/v1/conversations/${id}`, { method: 'DELETE' });
  }
  process.stdout.write(`docs/${file}\n`);
}

/** In the middle of an answer to the microphone. False when that heard something else. */
async function speaking(page: Page): Promise<boolean> {
  await inSilence(page, () => write(page, WRITTEN));
  await page.getByRole('button', { name: 'Microphone', exact: true }).click();
  await page.locator('.agent[data-status="completed"]').nth(1).waitFor();
  await soundsLoud(page);
  // Messages slide in.
  await page.evaluate(SLID_IN);
  const heard = await page.locator('.bubble').last().innerText();
  return plain(heard) === plain(SAID);
}

/** All that it knows, opened from an answer that it knew. */
async function memory(page: Page): Promise<boolean> {
  await inSilence(page, () => write(page, SAID));
  await page.locator('.recall summary').click();
  await page.getByRole('button', { name: 'All that it knows' }).click();
  await page.locator('.memory-card').first().waitFor();
  await page.evaluate(SLID_IN);
  return true;
}

async function inSilence(page: Page, act: () => Promise<void>): Promise<void> {
  const voiceButton = page.getByRole('button', { name: 'Speak the answers' });
  await voiceButton.click();
  await act();
  await voiceButton.click();
}

function plain(text: string): string {
  return text.toLowerCase().replace(/[^a-z ]/g, '');
}

/** Waits for the middle of a word. */
async function soundsLoud(page: Page): Promise<void> {
  const meter = page.locator('.meter.speaking');
  await meter.waitFor();
  for (let level = 0; level < 0.5; ) {
    level = await meter.evaluate((bars) => Number(bars.style.getPropertyValue('--level')));
  }
}

/** Types and sends it, and waits for the whole answer. */
async function write(page: Page, text: string): Promise<void> {
  const answers = page.locator('.agent[data-status="completed"]');
  const before = await answers.count();
  await page.getByLabel('Your message').fill(text);
  await page.keyboard.press('Enter');
  await answers.nth(before).waitFor();
}

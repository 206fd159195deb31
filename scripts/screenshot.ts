import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { findChromium, launchChromium } from '../test/support/chromium.ts';
import { Service } from '../test/support/service.ts';

/*
 * Pictures of the page for the documentation, taken of the real service: docs/screenshot.png and
 * docs/screenshot-phone.png. `--all` adds dark ones.
 */

const DOCS = fileURLToPath(new URL('../docs/', import.meta.url));
const SAYINGS = ['Hello! Who are you?', 'What can you do for me?'];
/** What the other conversations in the list began with. */
const EARLIER = ['What is 12 times 34?', 'My sister Ada is visiting on Friday', 'What day is it today?'];

const VIEWS = [
  { file: 'screenshot.png', viewport: { width: 1280, height: 800 }, colorScheme: 'light', isExtra: false },
  {
    file: 'screenshot-phone.png',
    viewport: { width: 360, height: 740 },
    colorScheme: 'light',
    isExtra: false,
  },
  { file: 'screenshot-dark.png', viewport: { width: 1280, height: 800 }, colorScheme: 'dark', isExtra: true },
  {
    file: 'screenshot-phone-dark.png',
    viewport: { width: 360, height: 740 },
    colorScheme: 'dark',
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
await using service = await Service.start();
await using browser = await launchChromium(executablePath);
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
    await say(page, text);
    await page.locator('.conversation-title', { hasText: text }).waitFor();
  }
  await page.close();
}

async function picture(browser: Browser, { file, viewport, colorScheme }: (typeof VIEWS)[number]) {
  const isPhone = viewport.width < 500;
  const page = await browser.newPage({
    viewport,
    colorScheme,
    deviceScaleFactor: 1,
    isMobile: isPhone,
    hasTouch: isPhone,
  });
  await page.goto(service.url);
  for (const text of SAYINGS) {
    await page.locator('[data-playback="idle"]').waitFor();
    await say(page, text);
  }
  await page.getByRole('button', { name: 'Stop' }).waitFor();
  // Messages slide in.
  await page.evaluate(SLID_IN);
  await page.screenshot({ path: `${DOCS}${file}` });
  process.stdout.write(`docs/${file}\n`);
  const id = new URL(page.url()).hash.slice(1);
  await page.close();
  // The next picture has the same words in it: its list is to have them once.
  await fetch(`${service.url}/v1/conversations/${id}`, { method: 'DELETE' });
}

/** Types and sends it, and waits for the whole answer. */
async function say(page: Page, text: string): Promise<void> {
  const answers = page.locator('.agent[data-status="completed"]');
  const before = await answers.count();
  await page.getByLabel('Your message').fill(text);
  await page.keyboard.press('Enter');
  await answers.nth(before).waitFor();
}

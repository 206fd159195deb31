import { readFile, writeFile } from 'node:fs/promises';
import { settings } from '../src/settings.ts';
import { configurationPage } from './configuration-page.ts';

/* Writes docs/configuration.md from the settings; with --check it only says whether the page is up to date. */

const file = new URL('../docs/configuration.md', import.meta.url);
const page = configurationPage(settings);
if (!process.argv.includes('--check')) await writeFile(file, page);
else if ((await readFile(file, 'utf8')) !== page) {
  process.stderr.write('docs/configuration.md is out of date: npm run docs\n');
  process.exitCode = 1;
}

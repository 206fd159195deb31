// Plain JavaScript that any Node can run: says what is missing instead of failing with a syntax error.
import { existsSync } from 'node:fs';
import * as module from 'node:module';

const [major] = process.versions.node.split('.').map(Number);
const page = new URL('./web/dist/index.html', import.meta.url);

if (major < 24) {
  process.stderr.write(
    `Vivavoce needs Node 24 or newer; this is ${process.versions.node}.\n` +
      'Start it with "npm start", which uses the Node that "npm ci" installs, or install Node 24.\n',
  );
  process.exitCode = 1;
} else if (!existsSync(page)) {
  process.stderr.write(
    'The page is not built. Run "npm run prepare" (or "npm ci") once, then start again.\n',
  );
  process.exitCode = 1;
} else {
  // Compiled once, kept for the next start.
  module.enableCompileCache();
  if (existsSync('.env')) process.loadEnvFile('.env');
  await import('./src/main.ts');
}

import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

const SERVER = process.env.VIVAVOCE_URL ?? 'http://127.0.0.1:4000';

function page(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}

export default defineConfig({
  plugins: [react()],
  build: {
    target: 'es2024',
    // The Content-Security-Policy allows nothing but files of our own: no `data:` URLs, no inline scripts.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // RapiDoc is one big file, on a page of its own.
    chunkSizeWarningLimit: 1_200,
    rolldownOptions: { input: { index: page('index.html'), docs: page('docs.html') } },
  },
  // `npx vite web`: the page from source, everything else from a running service.
  server: {
    proxy: Object.fromEntries(
      ['/v1', '/readyz', '/openapi.json'].map((path) => [
        path,
        { target: SERVER, ws: true, changeOrigin: true },
      ]),
    ),
  },
});

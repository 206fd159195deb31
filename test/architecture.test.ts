import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';

const SRC = join(import.meta.dirname, '../src');
const MAX_LINES = 300;

/**
 * The rooms, lowest first: values come from below or from the same room. Rooms of one row do not know each other.
 * Types are free, because nothing of them is left when the program runs.
 */
const ROWS: readonly (readonly string[])[] = [
  ['errors.ts', 'clock.ts', 'engine-status.ts', 'engine-words.ts'],
  ['settings.ts', 'workers', 'protocol'],
  ['api-keys.ts'],
  ['config.ts', 'agent-file.ts'],
  ['sqlite'],
  ['telemetry'],
  ['resilience'],
  ['llm', 'speech', 'memory', 'conversation'],
  ['nodes'],
  ['graph'],
  ['session'],
  ['server'],
  ['engines.ts'],
  ['hearing-engines.ts', 'memory-engines.ts', 'voice-engines.ts'],
  ['remembering.ts', 'admitting.ts'],
  ['app.ts', 'dev-graph.ts'],
  ['main.ts'],
];

/** What talks to the world outside, what stands before it, and where. */
const ENGINES = {
  OllamaChatModel: { guard: 'guardChatModel', madeIn: 'engines.ts' },
  OpenAiChatModel: { guard: 'guardChatModel', madeIn: 'engines.ts' },
  OpenAiVoice: { guard: 'guardVoice', madeIn: 'voice-engines.ts' },
  FliteVoice: { guard: 'guardVoice', madeIn: 'voice-engines.ts' },
  OpenAiTranscriber: { guard: 'guardTranscriber', madeIn: 'hearing-engines.ts' },
  WhisperTranscriber: { guard: 'guardTranscriber', madeIn: 'hearing-engines.ts' },
  PocketSphinx: { guard: 'guardTranscriber', madeIn: 'hearing-engines.ts' },
  OllamaEmbedder: { guard: 'guardEmbedder', madeIn: 'memory-engines.ts' },
  OpenAiEmbedder: { guard: 'guardEmbedder', madeIn: 'memory-engines.ts' },
  LocalEmbedder: { guard: 'guardEmbedder', madeIn: 'memory-engines.ts' },
  QdrantMemory: { guard: 'guardMemoryStore', madeIn: 'memory-engines.ts' },
} as const;

/** What a program needs to talk to another one. */
const OUTSIDE =
  /^(undici|@qdrant\/.*|@langchain\/(ollama|openai|community)|openai|ws|axios|node:(https?|http2|net|tls|dgram|child_process))$/;
/** The other side of it: what answers, and what looks at an address. */
const SERVING = ['createServer', 'createSecureContext', 'WebSocketServer', 'isIP', 'isIPv4', 'isIPv6'];
/** They bring the files of local models, in the background, and give up what stalls. */
const FETCHERS = ['speech/model-files.ts'];
const GUARDING: readonly string[] = [
  ...['engines.ts', 'hearing-engines.ts', 'memory-engines.ts', 'voice-engines.ts'],
];

interface Source {
  /** From `src`: `server/http.ts`. */
  readonly path: string;
  readonly text: string;
  /** Without comments. */
  readonly code: string;
}

interface Import {
  readonly from: string;
  readonly to: string;
}

const sources: readonly Source[] = await Promise.all(
  (await readdir(SRC, { recursive: true }))
    .filter((path) => path.endsWith('.ts'))
    .toSorted()
    .map(async (path) => {
      const text = await readFile(join(SRC, path), 'utf8');
      return { path, text, code: text.replace(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm, '') };
    }),
);

/** Imports of our own values. `import { type A }` is one: what is left of it when it runs is `import {}`. */
function valueImports({ path, code }: Source): Import[] {
  const statements = code.matchAll(/^(?:import|export)\s+(?!type\s)(?:[^;]*?\sfrom\s+)?'(\.[^']+)'/gm);
  const calls = code.matchAll(/\bimport\('(\.[^']+)'\)/g);
  return [...statements, ...calls].map(([, target = '']) => ({
    from: path,
    to: relative(SRC, join(SRC, dirname(path), target)),
  }));
}

function roomOf(path: string): string {
  return path.split('/')[0] ?? path;
}

function rowOf(path: string): number {
  return ROWS.findIndex((rooms) => rooms.includes(roomOf(path)));
}

const codeOf = (path: string) => sources.find((source) => source.path === path)?.code;

/** The files in which `pattern` is found. */
const filesWith = (pattern: RegExp) =>
  sources.filter(({ code }) => pattern.test(code)).map(({ path }) => path);

describe('the rooms', () => {
  test('are all on the plan', () => {
    expect(sources.filter(({ path }) => rowOf(path) < 0).map(({ path }) => path)).toEqual([]);
  });

  test('are told apart by the reader of imports', () => {
    const source = (code: string) => ({ path: 'server/http.ts', text: code, code });
    const found = valueImports(
      source(
        [
          "import { a, type B } from './a.ts';",
          "import type { C } from '../c.ts';",
          "import {\n  d,\n} from '../session/d.ts';",
          "import '../e.ts';",
          "export { f } from './f.ts';",
          "export type { G } from './g.ts';",
          "const h = await import('./h.ts');",
          "import express from 'express';",
        ].join('\n'),
      ),
    );
    expect(found.map(({ to }) => to)).toEqual([
      'server/a.ts',
      'session/d.ts',
      'e.ts',
      'server/f.ts',
      'server/h.ts',
    ]);
    expect(sources.flatMap(valueImports).length).toBeGreaterThan(200);
  });

  test('take values from rooms below them only', () => {
    const wrong = sources
      .flatMap(valueImports)
      .filter(({ from, to }) => roomOf(from) !== roomOf(to) && rowOf(to) >= rowOf(from))
      // The base files may use each other.
      .filter(({ from, to }) => !(rowOf(from) === 0 && rowOf(to) === 0));
    expect(wrong).toEqual([]);
  });

  test('import files that are there', () => {
    const paths = new Set(sources.map(({ path }) => path));
    expect(sources.flatMap(valueImports).filter(({ to }) => !paths.has(to))).toEqual([]);
  });
});

describe('the world outside', () => {
  test('is read from the environment in src/config.ts only', () => {
    expect(filesWith(/process\s*\.\s*env|process\[|\benv\s*\}\s*=\s*process|node:process/)).toEqual([
      'config.ts',
    ]);
  });

  /** What can call it, by what has to be imported for that. Types call nobody. */
  const callers = sources.filter(({ path, code }) => {
    if (/(?<![.\w#])fetch\(|new WebSocket\(|new EventSource\(/.test(code)) return true;
    return [...code.matchAll(/^import (?!type\b)([^;]*?) from '([^'.][^']*)'/gm)].some(
      ([, names = '', from = '']) => {
        const values =
          names
            .replace(/\btype \w+/g, '')
            .replace(/(\w+) as \w+/g, '$1')
            .match(/\w+/g) ?? [];
        const isServer = path.startsWith('server/') || path.startsWith('resilience/');
        return OUTSIDE.test(from) && !(isServer && values.every((name) => SERVING.includes(name)));
      },
    );
  });
  const importers = Map.groupBy(sources.flatMap(valueImports), ({ to }) => to);
  /** The files that have an engine of the table, and those that fetch its files. */
  const adapters = new Set([
    ...sources
      .filter(({ code }) =>
        [...code.matchAll(/^export class (\w+)/gm)].some(([, name]) => (name as string) in ENGINES),
      )
      .map(({ path }) => path),
    ...FETCHERS,
  ]);

  test('is called by adapters of engines only', () => {
    const paths = callers.map(({ path }) => path);
    expect(paths.filter((path) => !/^(llm|speech|memory)\//.test(path))).toEqual([]);
    for (const known of [
      ...['llm/engine-http.ts', 'llm/ollama.ts', 'speech/tts/openai-voice.ts', 'speech/model-download.ts'],
      ...['speech/stt/pocketsphinx-child.ts', 'memory/qdrant/qdrant-api.ts'],
    ])
      expect(paths).toContain(known);
  });

  test('is reached through an adapter, and through nothing else', () => {
    /** Whatever uses what calls it, up to the adapters. */
    const reached = new Set(callers.map(({ path }) => path));
    for (const path of reached) {
      if (adapters.has(path)) continue;
      for (const { from } of importers.get(path) ?? []) reached.add(from);
    }
    expect([...reached].filter((path) => !/^(llm|speech|memory)\//.test(path))).toEqual([]);
  });

  test('is reached through adapters that are used by their own room and by the files that guard them', () => {
    const strangers = [...adapters].flatMap((adapter) =>
      (importers.get(adapter) ?? [])
        .map(({ from }) => from)
        .filter((from) => roomOf(from) !== roomOf(adapter) && !GUARDING.includes(from)),
    );
    expect(strangers).toEqual([]);
  });

  test.each(Object.entries(ENGINES))('has %s made in one file, which guards it', (name, {
    guard,
    madeIn,
  }) => {
    const makers = filesWith(new RegExp(`new ${name}\\(|\\b${name}\\.open\\(`));
    const own = filesWith(new RegExp(`^export class ${name}\\b`, 'm'));
    expect(makers.filter((path) => !own.includes(path))).toEqual([madeIn]);
    expect(filesWith(new RegExp(`\\b${guard}\\(`))).toContain(madeIn);
  });

  test('is probed, fetched from and warmed up within deadlines', () => {
    // A probe goes past the breaker, because it has to find out whether an engine is back.
    const probing = filesWith(/\.probe\(signal\)/).filter((path) => !adapters.has(path));
    expect(probing).toEqual([
      ...['engines.ts', 'llm/candidate-watch.ts'],
      ...['memory/embedding/batching-embedder.ts', 'memory/embedding/embedder-watch.ts'],
      'resilience/guarded-embedder.ts',
    ]);
    for (const watch of ['llm/candidate-watch.ts', 'memory/embedding/embedder-watch.ts'])
      expect(codeOf(watch)).toMatch(/withDeadline\(deadline, \(signal\) => \w+\.probe\(signal\)/);
    expect(codeOf('engines.ts')).toMatch(/\.warm\(prefix, AbortSignal\.timeout\(/);
    expect(codeOf('memory-engines.ts')).toMatch(
      /withDeadline\(\s*opening,\s*\(own\) => QdrantMemory\.open\(/,
    );
    expect(codeOf('speech/model-download.ts')).toMatch(/clock\.after\(stallMs, fail\)/);
    expect(codeOf('speech/stt/pocketsphinx-child.ts')).toMatch(/clock\.after\(HUNG_MS, /);
  });

  test('is guarded nowhere else', () => {
    const files = filesWith(/\bguard(ChatModel|Voice|Transcriber|Embedder|MemoryStore)\(/);
    expect(files.filter((path) => !path.startsWith('resilience/'))).toEqual(GUARDING);
  });

  test('has no engine that this test does not know', () => {
    const adapters = sources.filter(({ code }) =>
      /extends \w*Http\b|new \w*Http\(|from 'undici'|worker\.ts'/.test(code),
    );
    const classes = adapters
      .filter(({ path }) => /^(llm|speech|memory)\//.test(path))
      .flatMap(({ code }) => [
        ...code.matchAll(/^export class (\w+) implements (?:ChatModel|Voice|Transcriber|Embedder)\b/gm),
      ])
      .map(([, name]) => name);
    expect(classes.filter((name) => !((name as string) in ENGINES))).toEqual([]);
    expect(classes).toContain('OpenAiVoice');
  });
});

describe('every file', () => {
  test(`has at most ${MAX_LINES} lines`, () => {
    const long = sources
      .map(({ path, text }) => ({ path, lines: text.trimEnd().split('\n').length }))
      .filter(({ lines }) => lines > MAX_LINES);
    expect(long).toEqual([]);
  });

  test('has a name in kebab case and is no junk drawer', () => {
    const names = sources.flatMap(({ path }) => path.replace(/\.ts$/, '').split('/'));
    expect(names.filter((name) => !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name))).toEqual([]);
    expect(
      sources.filter(({ path }) => /^(utils?|helpers?|common|misc|index)\.ts$/.test(basename(path))),
    ).toEqual([]);
  });

  test('exports by name, and only what it has itself', () => {
    expect(filesWith(/^export\s+default\b|\bas default\b/m)).toEqual([]);
    expect(filesWith(/^export\s+\*/m)).toEqual([]);
  });

  test('leaves the end of the process to the loop that runs empty', () => {
    expect(filesWith(/process\.(exit|abort|kill)\(/)).toEqual([]);
  });
});

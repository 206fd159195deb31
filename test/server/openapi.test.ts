import { readdir } from 'node:fs/promises';
import type { Router } from 'express';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readiness } from '../../src/protocol/rest.ts';
import type { WireEvent } from '../support/realtime-client.ts';
import { RestClient } from '../support/rest-client.ts';
import { RunningApp } from '../support/running-app.ts';

const METHODS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace'];

let app: RunningApp;
let rest: RestClient;
let document: WireEvent;

beforeAll(async () => {
  app = await RunningApp.start();
  rest = new RestClient(app.url);
  document = (await rest.get('/openapi.json')).body;
});
afterAll(() => app[Symbol.asyncDispose]());

interface Operation {
  readonly name: string;
  readonly path: string;
  readonly method: string;
  readonly value: WireEvent;
}

function operations(): Operation[] {
  return Object.entries<WireEvent>(document.paths).flatMap(([path, item]) =>
    Object.keys(item)
      .filter((key) => METHODS.includes(key))
      .map((method) => ({ name: `${method.toUpperCase()} ${path}`, path, method, value: item[method] })),
  );
}

/** Every route of every router in `src/server/routes`, also of those that are still to come. */
async function served(): Promise<string[]> {
  const folder = new URL('../../src/server/routes/', import.meta.url);
  const routes: string[] = [];
  for (const file of await readdir(folder)) {
    const module: Record<string, unknown> = await import(new URL(file, folder).href);
    const factories = Object.entries(module).filter(([name]) => name.endsWith('Routes'));
    expect(factories, `${file} has one factory of routes`).toHaveLength(1);
    const [, make] = factories[0] as [string, (deps: object) => Router];
    const prefix = file === 'health.ts' || file === 'metrics.ts' ? '' : '/v1';
    for (const { route } of make({ startedAtMs: 0 }).stack) {
      // What is no route asks for a scope.
      if (!route) continue;
      const path = prefix + route.path.replace(/:(\w+)/g, '{}');
      for (const { method } of route.stack) routes.push(`${method?.toUpperCase()} ${path}`);
    }
  }
  return routes;
}

/** Every `$ref` in the document. */
function refsIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, entry]) => (key === '$ref' ? [String(entry)] : refsIn(entry)));
}

describe('/openapi.json', () => {
  test('is OpenAPI 3.1 with a title, a version and nothing that OpenAPI does not know', () => {
    expect(document.openapi).toMatch(/^3\.1\.\d+$/);
    expect(document.info).toMatchObject({ title: 'Vivavoce', version: expect.any(String) });
    const known = [
      'openapi',
      'info',
      'jsonSchemaDialect',
      'servers',
      'paths',
      'webhooks',
      'components',
      'security',
      'tags',
      'externalDocs',
    ];
    expect(Object.keys(document).filter((key) => !known.includes(key))).toEqual([]);
  });

  test('refers only to what is in it', () => {
    const refs = refsIn(document);
    expect(refs.length).toBeGreaterThan(10);
    for (const ref of refs) {
      const [root, ...path] = ref.split('/');
      expect(root).toBe('#');
      expect(
        path.reduce((value, key) => value?.[key], document),
        ref,
      ).toBeTypeOf('object');
    }
  });

  test('has operations with a summary, answers, and a parameter for each name in the path', () => {
    for (const { name, path, value } of operations()) {
      expect(value.summary, name).toEqual(expect.any(String));
      const answers = Object.entries<WireEvent>(value.responses);
      expect(answers.length, name).toBeGreaterThan(1);
      for (const [status, answer] of answers) {
        expect(status, name).toMatch(/^[1-5]\d\d$|^default$/);
        expect(answer.description, name).toEqual(expect.any(String));
        expect(Object.keys(answer.content), name).not.toEqual([]);
        for (const media of Object.values<WireEvent>(answer.content))
          expect(media.schema, name).toBeTypeOf('object');
      }
      expect(value.responses.default.content['application/json'].schema, name).toEqual({
        $ref: '#/components/schemas/Error',
      });
      const parameters: WireEvent[] = value.parameters ?? [];
      const inPath = parameters.filter((parameter) => parameter.in === 'path');
      const names = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
      expect(inPath.map((parameter) => parameter.name).toSorted(), name).toEqual(names.toSorted());
      expect(
        inPath.every(({ required }) => required === true),
        name,
      ).toBe(true);
      for (const { name: parameter, in: place, schema } of parameters) {
        expect({ parameter, place, schema: typeof schema }).toMatchObject({
          place: expect.stringMatching(/^(path|query|header|cookie)$/),
          schema: 'object',
        });
      }
    }
  });

  test('describes schemas that name their type, and every one of them is used', () => {
    const used = new Set(refsIn(document).map((ref) => ref.split('/').at(-1)));
    for (const [name, schema] of Object.entries<WireEvent>(document.components.schemas)) {
      expect(
        ['type', 'oneOf', 'anyOf', 'allOf'].some((key) => key in schema),
        name,
      ).toBe(true);
      expect(used.has(name), name).toBe(true);
    }
  });

  test('asks for a key where the server does, and not where it does not', () => {
    expect(document.security).toEqual([{ key: [] }]);
    expect(document.components.securitySchemes.key).toEqual({ type: 'http', scheme: 'bearer' });
    for (const { path, value } of operations()) {
      expect({ path, open: Array.isArray(value.security) && value.security.length === 0 }).toEqual({
        path,
        open: !path.startsWith('/v1/') && path !== '/metrics',
      });
    }
  });

  test('has every route that is served, and every route that it has is served', async () => {
    const described = operations().map(({ name }) => name.replace(/\{\w+\}/g, '{}'));
    expect(described.toSorted()).toEqual((await served()).toSorted());
    for (const { path, method } of operations()) {
      const answer = await rest.open(method.toUpperCase(), path.replace(/\{\w+\}/g, 'nobody'));
      const text = await answer.text();
      expect(text, path).not.toContain('There is nothing at');
    }
  });
});

describe('health', () => {
  test('/livez says that the process lives', async () => {
    const { status, body } = await rest.get('/livez');
    expect({ status, body }).toEqual({ status: 200, body: { status: 'alive' } });
  });

  test('/readyz says what each engine is and why', async () => {
    // On a busy machine a first look at an engine may have come too late for it.
    await expect.poll(async () => (await rest.get('/readyz')).status, { timeout: 15_000 }).toBe(200);
    const { body } = await rest.get('/readyz');
    expect(readiness.parse(body)).toEqual(body);
    expect(body.status).toBe('ready');
    const engines = Object.fromEntries(
      body.engines.map(({ part, engine, state }: WireEvent) => [part, `${engine} ${state}`]),
    );
    expect(engines).toEqual({
      llm: 'ollama ready',
      memory: 'sqlite ready',
      embeddings: 'none ready',
      tts: 'openai ready',
      stt: 'none ready',
      vad: 'energy ready',
      store: 'sqlite ready',
    });
    expect(body.engines.every(({ reason }: WireEvent) => reason.length > 10)).toBe(true);
  });

  test('/readyz is 503 while there is nothing that can answer, and /livez still 200', async () => {
    const dead = 'http://127.0.0.1:9';
    await using silent = await RunningApp.start({ env: { OLLAMA_BASE_URL: dead, STT: 'none' } });
    const client = new RestClient(silent.url);
    const { status, body } = await client.get('/readyz');
    expect({ status, state: body.status }).toEqual({ status: 503, state: 'unready' });
    expect(body.engines.find(({ part }: WireEvent) => part === 'llm')).toMatchObject({
      state: 'failed',
      reason: expect.stringContaining(dead),
    });
    expect((await client.get('/livez')).status).toBe(200);
  });
});

test('/v1/models lists the agent as the one model that there is', async () => {
  const { body } = await rest.get('/v1/models');
  const model = { id: 'vivavoce', object: 'model', created: expect.any(Number), owned_by: 'vivavoce' };
  expect(body).toEqual({ object: 'list', data: [model] });
  expect((await rest.get('/v1/models/vivavoce')).body).toEqual(model);
  const other = await rest.get('/v1/models/gpt-9');
  expect(other.status).toBe(404);
  expect(other.body.error).toMatchObject({ code: 'not_found', param: 'model' });
});

test('/ is the page and /docs shows the description of the API', async () => {
  for (const path of ['/', '/docs']) {
    const { status, headers, body } = await rest.get(path);
    expect(status).toBe(200);
    expect(headers.get('content-type')).toMatch(/^text\/html/);
    expect(body).toMatch(/^<!doctype html>/i);
    const files = [...body.matchAll(/(?:src|href)="([^"#][^"]*)"/g)].map((match) => match[1]);
    expect(files).not.toEqual([]);
    for (const file of files) {
      const url = new URL(file, `${app.url}${path}`);
      // Nothing is loaded from elsewhere.
      expect(url.origin).toBe(app.url);
      expect({ file, status: (await fetch(url)).status }).toEqual({ file, status: 200 });
    }
  }
});

// openapi.json as a document: complete in itself, of every route, and strict enough to notice a slip.

import { Validator } from '@seriousme/openapi-schema-validator';
import { expect, test } from 'vitest';

import { openApi } from '../../../src/doors/http/openapi.ts';
import { ALL_ROUTES } from '../../../src/doors/http/routes.ts';
import { undescribed } from '../../support/described.ts';

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required: boolean;
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

interface Operation {
  readonly operationId: string;
  readonly parameters: readonly Parameter[];
  readonly responses: Readonly<Record<string, { readonly content?: object }>>;
}

const document = openApi('1') as Document;

test('a validator of others takes the document for OpenAPI 3.1, and notices a slip in it', async () => {
  const sound = new Validator();
  expect(await sound.validate({ ...document })).toEqual({ valid: true });
  expect(sound.version).toBe('3.1');

  const slip = { ...document, paths: { 'v1/services': Object.values(document.paths)[0] } };
  expect((await new Validator().validate(slip)).valid).toBe(false);
});

test('every route is there once, under its name, with the part of its path', () => {
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { operationId, parameters }]) => ({
      route: `${operationId} ${method.toUpperCase()} ${path}`,
      parts: parameters.filter((one) => one.in === 'path' && one.required).map(({ name }) => name),
      wanted: [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name),
    })),
  );

  expect(operations.map(({ route }) => route).toSorted()).toEqual(
    ALL_ROUTES.map(({ name, method, path }) => `${name} ${method} ${path}`).toSorted(),
  );
  expect(operations.map(({ parts }) => parts)).toEqual(operations.map(({ wanted }) => wanted));
});

test('a registration is promised in lines of JSON alone, a watch as server-sent events as well', () => {
  const typesOf = (path: string, method: string): string[] =>
    Object.keys(document.paths[path]?.[method]?.responses['200']?.content ?? {});

  expect(typesOf('/v1/watch', 'get')).toEqual(['application/x-ndjson', 'text/event-stream']);
  expect(typesOf('/v1/feed', 'get')).toEqual(['application/x-ndjson', 'text/event-stream']);
  expect(typesOf('/v1/register', 'post')).toEqual(['application/x-ndjson']);
});

test('every reference of the document is in it, and all that is in it is referred to', () => {
  const refs = [
    ...JSON.stringify(document.paths).matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g),
  ];

  expect(new Set(refs.map(([, name]) => name))).toEqual(
    new Set(['Failure', ...Object.keys(document.components.schemas)]),
  );
  expect(JSON.stringify(document.components)).not.toContain('$ref');
});

test.for([
  ['a key that is missing', '/v1/services', 200, 'application/json', '{"complete":true}'],
  ['a port that is text', '/v1/services/web', 200, 'application/json', lookupOf('"80"')],
  ['an error without a code', '/v1/services', 404, 'application/json', '{"error":{}}'],
  ['text where there is none', '/v1/status', 200, 'text/plain', 'ok'],
  ['a body of 304', '/v1/services/web', 304, undefined, '{}'],
] as const)('%s is noticed', ([, path, status, type, body]) => {
  expect(undescribed({ method: 'GET', path, status, type, body })).not.toEqual([]);
  const right = { type: 'application/json', body: lookupOf('80') };
  expect(undescribed({ method: 'GET', path: '/v1/services/web', status: 200, ...right })).toEqual(
    [],
  );
});

function lookupOf(port: string): string {
  const tags = `"tags":{},"cluster":"c1","host":"h1","state":"live"`;
  const instance = `{"name":"web","instance":"${'0'.repeat(32)}","address":"a","port":${port},${tags}}`;
  const view = '"complete":true,"missing":[],"missingCount":0';
  return `{"service":"web",${view},"instances":[${instance}]}`;
}

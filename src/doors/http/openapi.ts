// The table of routes as OpenAPI 3.1. One invariant: everything about a route stands in the table,
// and nowhere else, so that this document cannot differ from the server.

import type { ParamKind, Route } from './routes.ts';
import { ALL_ROUTES } from './routes.ts';
import { SCHEMAS } from './schemas.ts';

/** The document; `version` is that of the program. */
export function openApi(version: string): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of ALL_ROUTES) {
    const path = (paths[route.path] ??= {});
    path[route.method.toLowerCase()] = operationOf(route);
  }
  return {
    openapi: '3.1.0',
    info: { title: 'rarangi', version, license: { name: 'MIT', identifier: 'MIT' } },
    paths,
    components: {
      schemas: SCHEMAS,
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer' },
        basic: { type: 'http', scheme: 'basic' },
      },
    },
  };
}

function operationOf(route: Route): object {
  const { name, doc, params, body, isOpen } = route;
  const placed = /\{(\w+)\}/.exec(route.path)?.[1];
  const inPath = placed === undefined ? [] : [pathParam(placed)];
  const inQuery = Object.entries(params).map(
    ([param, { kind, isRepeatable, isRequired, doc: text }]) => ({
      name: param,
      in: 'query',
      description: text,
      required: isRequired === true,
      schema: isRepeatable === true ? { type: 'array', items: SCHEMA_OF[kind] } : SCHEMA_OF[kind],
    }),
  );
  // An offer may have the key itself.
  const required = body === undefined;
  const key = { name: 'Rarangi-Key', in: 'header', required, schema: { type: 'string' } };
  const inHeader = placed === 'instance' ? [key] : [];
  return {
    operationId: name,
    summary: doc,
    parameters: [...inPath, ...inQuery, ...inHeader],
    ...(body === undefined ? {} : { requestBody: { required: true, content: jsonOf(body) } }),
    ...(isOpen === true ? {} : { security: [{}, { bearer: [] }, { basic: [] }] }),
    responses: responsesOf(route),
  };
}

function pathParam(name: string): object {
  return { name, in: 'path', required: true, schema: { type: 'string' } };
}

function responsesOf({ answer, texts = [], codes = [] }: Route): Readonly<Record<string, object>> {
  const responses: Record<string, object> = {};
  const isEmpty = answer === 'none';
  if (!isEmpty) {
    const content = {
      ...contentOf(answer),
      ...Object.fromEntries(texts.map((type) => [type, TEXT])),
    };
    responses['200'] = { description: 'what was asked for', content };
  }
  for (const code of codes) {
    const isBare = code === 204 || code === 304;
    responses[String(code)] = isBare
      ? { description: MEANINGS[code] ?? '' }
      : { description: MEANINGS[code] ?? '', content: contentOf(codeAnswer(answer)) };
  }
  responses['default'] = { description: 'a failure', content: contentOf('Failure') };
  return responses;
}

/** Every status but 200 is a failure, except for a plain answer, which has its reasons in lines. */
function codeAnswer(answer: string): string {
  return answer === 'text' ? 'text' : 'Failure';
}

function contentOf(answer: string): object {
  if (answer === 'text') return { 'text/plain': TEXT };
  if (answer !== 'lines') return jsonOf(answer);
  return { 'application/x-ndjson': TEXT };
}

function jsonOf(name: string): object {
  return { 'application/json': { schema: { $ref: `#/components/schemas/${name}` } } };
}

const TEXT = { schema: { type: 'string' } };

const SCHEMA_OF: Readonly<Record<ParamKind, object>> = {
  text: { type: 'string' },
  pattern: { type: 'string' },
  tag: { type: 'string', pattern: '^[^=]+=' },
  flag: { enum: ['', '1', 'true'] },
  duration: { type: 'string', pattern: '^(0|\\d+(\\.\\d+)?(ms|s|m|h))$' },
  count: { type: 'integer', minimum: 1, maximum: 10_000 },
  format: { enum: ['hostport', 'host', 'port', 'uri', 'env'] },
};

/** The meaning of the codes; rarangi-http(7) has the same table. */
export const MEANINGS: Readonly<Record<number, string>> = {
  204: 'done',
  304: 'nothing has changed',
  400: 'the request cannot be read, or has an unknown parameter or value',
  401: 'a token is needed',
  403: 'not allowed',
  404: 'there is none, and the view is complete',
  405: 'the route has no such method',
  408: 'the request took too long',
  413: 'the request is too large',
  415: 'the request has the wrong type',
  429: 'a limit is reached',
  431: 'the headers are too large',
  500: 'a bug',
  503: 'cannot tell: none was found, and the view is not complete',
  504: 'the wait ended, and no instance is live',
};

// Holds answers of HTTP to openapi.json: what a server says must be what the document describes. The
// validator is ajv as Fastify has it, which the examples need anyway.

import fastify from 'fastify';

import { openApi } from '../../src/doors/http/openapi.ts';
import { matchRoute } from '../../src/doors/http/routes.ts';

/** An answer, and what it answers. */
export interface Described {
  readonly method: string;
  /** With its query, or without. */
  readonly path: string;
  readonly status: number;
  readonly type: string | undefined;
  readonly body: string;
}

interface Media {
  readonly schema: object;
}

interface Operation {
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, Media>> }>
  >;
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

/** What of an answer is not as the document says; nothing, if all is. */
export function undescribed({ method, path, status, type, body }: Described): unknown[] {
  const [plain = ''] = path.split('?');
  const match = matchRoute(method, plain);
  if (match.kind !== 'found') return problemsOf(FAILURE, body);
  const lower = method === 'HEAD' ? 'get' : method.toLowerCase();
  const responses = DOCUMENT.paths[match.route.path]?.[lower]?.responses;
  const response = responses?.[String(status)] ?? responses?.['default'];
  if (response === undefined) return [`no word of ${method} ${match.route.path}`];
  const { content } = response;
  if (content === undefined) return body === '' ? [] : [`a body where there is none: ${body}`];
  const [media = ''] = (type ?? '').split(';');
  const schema = content[media]?.schema;
  if (schema === undefined)
    return [`${media}, which is none of ${Object.keys(content).join(', ')}`];
  return media === 'application/json' && method !== 'HEAD' ? problemsOf(schema, body) : [];
}

function problemsOf(schema: object, body: string): unknown[] {
  const isRight = compiled(schema);
  return isRight(JSON.parse(body)) ? [] : (isRight.errors ?? ['it does not fit']);
}

interface Validator {
  (value: unknown): boolean;
  readonly errors?: unknown[] | null;
}

function compiled(given: object): Validator {
  const { $ref = '' } = given as { readonly $ref?: string };
  const name = $ref.replace('#/components/schemas/', '');
  const schema = name === '' ? given : DOCUMENT.components.schemas[name];
  if (schema === undefined) throw new Error(`there is no schema ${name}`);
  const ready = COMPILED.get(schema) ?? compile({ schema });
  COMPILED.set(schema, ready);
  return ready;
}

/** The validator as it is: nothing is made to fit. */
async function ajvOfFastify(): Promise<(given: { readonly schema: object }) => Validator> {
  const customOptions = {
    coerceTypes: false,
    removeAdditional: false,
    useDefaults: false,
  } as const;
  const app = fastify({ ajv: { customOptions } });
  app.get('/', { schema: { querystring: { type: 'object' } } }, () => '');
  await app.ready();
  const { validatorCompiler } = app;
  if (validatorCompiler === undefined) throw new Error('Fastify has no validator');
  return validatorCompiler as unknown as (given: { readonly schema: object }) => Validator;
}

const DOCUMENT = openApi('1') as Document;
const FAILURE = { $ref: '#/components/schemas/Failure' };
const COMPILED = new Map<object, Validator>();
const compile = await ajvOfFastify();

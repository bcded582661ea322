// Services as they are written: in flags, in `--service name=…,port=…`, or in a file of JSON. The
// invariant: all three use the same names for the same things, and an unknown name is refused: a
// slip would otherwise stay unnoticed until the service is looked up.

import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';

import { parsePort } from './flags.ts';
import { reasonOf } from './output.ts';
import { nearestWord } from './spelling.ts';
import { RarangiError } from '../index.ts';

/** A service in words. */
export interface ServiceWords {
  readonly name: string;
  /** 0 for one that is free. */
  readonly port: number;
  readonly address?: string;
  readonly scheme?: string;
  readonly tags: Readonly<Record<string, string>>;
  /** How it is asked whether it is ready; as the flag says if absent. */
  readonly ready?: string;
  /** How it is checked; as the flag says if absent. */
  readonly check?: string;
}

/**
 * The services that words like `name=db,port=5432,tag.role=primary` mean. Each `name=` begins the
 * next one, so an environment variable can hold several. Throws RARANGI_USAGE.
 */
export function servicesOfWords(words: readonly string[]): ServiceWords[] {
  const drafts: Draft[] = [];
  for (const word of words.join(',').split(',')) {
    if (word === '') continue;
    const at = word.indexOf('=');
    if (at < 1) throw RarangiError.usage(`${JSON.stringify(word)} in --service is not KEY=VALUE`);
    const [key, value] = [word.slice(0, at).trim(), word.slice(at + 1)];
    if (key === 'name') drafts.push(draftOf(value));
    const draft = drafts.at(-1);
    if (draft === undefined)
      throw RarangiError.usage(`a service in --service begins with name=, not with ${key}=`);
    if (key.startsWith('tag.')) setOnce(draft, { key: key.slice(4), value, isTag: true });
    else setOnce(draft, { key, value, isTag: false });
  }
  return drafts.map(serviceOf);
}

/**
 * Reads a file of services as often as it is called. The first time it may be a pipe, as in
 * `--file <(generate)`; that is not read again: it would be empty, or without a writer stop us.
 */
export function servicesReader(path: string): () => ServiceWords[] {
  let isAgain = false;
  return () => {
    const text = textIn(path, { isAgain });
    isAgain = true;
    return servicesOfText(text, path);
  };
}

/** The services in a text: `{"services": [{"name": "db", "port": 5432, …}]}`. Throws RARANGI_USAGE. */
function servicesOfText(text: string, path: string): ServiceWords[] {
  const { services, ...others } = objectOf(jsonOf(text, path), path);
  const [stranger] = Object.keys(others);
  if (stranger !== undefined)
    throw meaningless(path, stranger, { words: ['services'], hint: FILE_HINT });
  if (!Array.isArray(services))
    throw RarangiError.usage(`${path} has no list of services`, FILE_HINT);
  return services.map((each: unknown, index) => {
    const what = `${path}: service ${String(index + 1)}`;
    const { tags = {}, ...fields } = objectOf(each, what);
    const words = [...FIELDS, 'tags'];
    refuseStrangers(Object.keys(fields), { what, words });
    return serviceOf({
      what,
      words,
      fields: new Map(Object.entries(fields).map(([key, value]) => [key, textOf(value, what)])),
      tags: Object.fromEntries(
        Object.entries(objectOf(tags, `the tags of ${what}`)).map(([key, value]) => [
          key,
          textOf(value, what),
        ]),
      ),
    });
  });
}

/** A service while it is read. */
interface Draft {
  /** Its name in an error. */
  readonly what: string;
  readonly fields: Map<string, string>;
  readonly tags: Record<string, string>;
  /** The names that mean something where it is written. */
  readonly words: readonly string[];
}

interface Setting {
  readonly key: string;
  readonly value: string;
  readonly isTag: boolean;
}

function setOnce({ what, fields, tags }: Draft, { key, value, isTag }: Setting): void {
  if (isTag ? Object.hasOwn(tags, key) : fields.has(key)) {
    throw RarangiError.usage(`${what} has ${key} twice`);
  }
  if (isTag) Object.defineProperty(tags, key, { value, enumerable: true });
  else fields.set(key, value);
}

function serviceOf({ what, fields, tags, words }: Draft): ServiceWords {
  refuseStrangers([...fields.keys()], { what, words });
  const name = requiredOf({ what, fields }, 'name');
  const port = requiredOf({ what, fields }, 'port');
  const optional = OPTIONAL_FIELDS.flatMap((key) => {
    const value = fields.get(key);
    return value === undefined ? [] : [[key, value] as const];
  });
  return { name, port: parsePort(port, `${what}: port`), tags, ...Object.fromEntries(optional) };
}

function draftOf(name: string): Draft {
  return { what: `service ${name}`, fields: new Map(), tags: {}, words: [...FIELDS, 'tag.KEY'] };
}

/** Throws RARANGI_USAGE for the first unknown name, whatever its value is. */
function refuseStrangers(
  keys: readonly string[],
  { what, words }: Pick<Draft, 'what' | 'words'>,
): void {
  const stranger = keys.find((key) => !FIELDS.has(key));
  if (stranger !== undefined) throw meaningless(what, stranger, { words });
}

/** The error for an unknown name, with the one that was probably meant. */
function meaningless(
  what: string,
  word: string,
  { words, hint = FIELDS_HINT }: { readonly words: readonly string[]; readonly hint?: string },
): Error {
  const meant = /^tags?$/.test(word) ? words.find((one) => one.startsWith('tag')) : undefined;
  const right = meant ?? nearestWord(word, words);
  const proposal = right === null ? '' : `; did you mean ${JSON.stringify(right)}?`;
  return RarangiError.usage(`${what}: unknown field ${JSON.stringify(word)}${proposal}`, hint);
}

function requiredOf({ what, fields }: Pick<Draft, 'what' | 'fields'>, key: string): string {
  const value = fields.get(key);
  if (value === undefined) throw RarangiError.usage(`${what} has no ${key}`, FIELDS_HINT);
  return value;
}

function jsonOf(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw RarangiError.usage(`${path} is not JSON: ${(error as Error).message}`, FILE_HINT);
  }
}

function textIn(path: string, { isAgain }: { readonly isAgain: boolean }): string {
  let file: number | null = null;
  try {
    file = openSync(path, constants.O_RDONLY | (isAgain ? constants.O_NONBLOCK : 0));
    if (isAgain && !fstatSync(file).isFile()) {
      throw RarangiError.usage(`${path} is not a regular file, so it cannot be read again`);
    }
    // Editors of Windows begin a text with a mark of its byte order, which JSON.parse does not know.
    return readFileSync(file, 'utf8').replace(/^\uFEFF/, '');
  } catch (error) {
    if (error instanceof RarangiError) throw error;
    throw RarangiError.usage(
      `cannot read services from ${path}: ${reasonOf(error as Error)}`,
      'check the path in --file and who may read that file',
    );
  } finally {
    if (file !== null) closeSync(file);
  }
}

function objectOf(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  throw RarangiError.usage(`${what} is not a JSON object`, FILE_HINT);
}

function textOf(value: unknown, what: string): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return String(value);
  throw RarangiError.usage(`${what}: ${JSON.stringify(value)} is neither a text nor a number`);
}

const OPTIONAL_FIELDS = ['address', 'scheme', 'ready', 'check'] as const;
const FIELDS: ReadonlySet<string> = new Set(['name', 'port', ...OPTIONAL_FIELDS]);
const FIELDS_HINT = 'a service may have name, port, address, scheme, ready, check and tags';
const FILE_HINT = 'write {"services": [{"name": "db", "port": 5432, "tags": {"role": "primary"}}]}';

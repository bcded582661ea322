// The most common mistakes at a command line, and the line that was meant. The invariant: a
// proposal is a whole line that can be typed as it is, and only help and version are run in place
// of the typed line.

import { shellWord } from '../answers/instance-text.ts';
import type { Failure } from './failure.ts';
import { meantWord, nearestWord } from './spelling.ts';
import { RarangiError } from '../index.ts';

/** The part of a command's flags that matters here. */
type Flags = Readonly<
  Record<string, { readonly type: 'boolean' | 'option'; readonly char?: string | undefined }>
>;

/** A command line that failed. */
export interface Typed {
  readonly command: string;
  readonly flags: Flags;
  /** Its words behind the command. */
  readonly words: readonly string[];
}

/**
 * The words of a whole command line as they were meant: `help serve`, `version`. Throws
 * RARANGI_USAGE for a command that is none, and for flags before the command.
 */
export function meantWords(words: readonly string[], commands: readonly string[]): string[] {
  const [first = '', ...rest] = words;
  if (first === 'help') return meantWords([...rest.slice(0, 1), '--help'], commands);
  if (first === 'version' || first === '-V') return ['--version'];
  if ([...commands, '', '-h', '-v', '--help', '--version'].includes(first)) return [...words];
  const at = words.findIndex((word) => commands.includes(word));
  if (first.startsWith('-') && at > 0) {
    const line = [words[at] ?? '', ...words.slice(0, at), ...words.slice(at + 1)];
    throw RarangiError.usage('the command comes before its flags', `write: ${lineOf(line)}`);
  }
  if (first.startsWith('-')) throw RarangiError.usage(`a command has to come before ${first}`);
  const meant = SYNONYMS.get(first) ?? nearestWord(first, commands);
  const hint = meant === null ? undefined : `did you mean: ${lineOf([meant, ...rest])}`;
  throw RarangiError.usage(`command ${first} not found`, hint);
}

/** What other programs of this kind call it. */
const SYNONYMS: ReadonlyMap<string, string> = new Map([
  ...['ls', 'list', 'get', 'find', 'resolve', 'services'].map((word) => [word, 'lookup'] as const),
  ...['members', 'nodes', 'servers', 'hosts'].map((word) => [word, 'peers'] as const),
  ...['start', 'run', 'agent', 'daemon'].map((word) => [word, 'serve'] as const),
]);

/** A failure with a hint that says what was probably meant; unchanged where there is no guess. */
export function withMeantLine(failure: Failure, typed: Typed): Failure {
  if (failure.code !== 'RARANGI_USAGE') return failure;
  const hint = hintOf(failure.message, typed);
  return hint === null ? failure : { ...failure, hint };
}

function hintOf(message: string, typed: Typed): string | null {
  return nameHint(message, typed) ?? oneHint(message, typed) ?? wordHint(message, typed);
}

/** The name of a service alone, where more than a name was typed. */
function nameHint(message: string, { command, words }: Typed): string | null {
  const [, odd, name] = ODD_NAME.exec(message) ?? [];
  // The name of a service that is to be registered has its port elsewhere.
  if (command === 'register') return null;
  if (odd === undefined || name === undefined || !words.includes(odd)) return null;
  return `write: ${lineOf([command, ...words.map((word) => (word === odd ? name : word))])}`;
}

/** The first of several, for commands that take one. */
function oneHint(message: string, { command, words }: Typed): string | null {
  const [, extra] = /^unexpected arguments?: (.+)$/.exec(message) ?? [];
  if (extra === undefined || !ONE_AT_A_TIME.has(command)) return null;
  const wanted = words.filter((word) => !extra.split(', ').includes(word));
  return `give one name at a time: ${lineOf([command, ...wanted])}`;
}

const ONE_AT_A_TIME = new Set(['history', 'explain']);

function wordHint(message: string, typed: Typed): string | null {
  const { command, flags, words } = typed;
  const [, unknown] = /^nonexistent flag: --([\w-]+)/.exec(message) ?? [];
  const meant = unknown === undefined ? null : meantWord(unknown, Object.keys(flags));
  if (unknown !== undefined && meant !== null) {
    const corrected = words.map((word) =>
      word.replace(new RegExp(`^--${unknown}(?==|$)`), `--${meant}`),
    );
    return `did you mean: ${lineOf([command, ...corrected])}`;
  }
  // What follows a flag that is none may be its value.
  if (unknown !== undefined && command === 'lookup') return null;
  const at = firstStray(typed);
  const isAboutStray = /^unexpected argument|^nonexistent flag|^missing required flag/.test(
    message,
  );
  return isAboutStray && at !== -1 && !words.includes('--') ? strayHint(typed, at) : null;
}

/** What may be proposed as a name. */
const NAME = /[A-Za-z\d][\w.-]{0,127}/.source;
const NAME_ALONE = new RegExp(`^${NAME}$`);

/** The name in what was taken for the address of a service: `http://web:80/`, `web:80`. */
const ODD_NAME = new RegExp(
  `^(?:service|name) "((?:\\w+://)?(${NAME})(?::\\d+)?(?:/[^"]*)?)" is not a name`,
);

/** The probable meaning of a word that belongs to no flag. */
function strayHint({ command, words }: Typed, at: number): string | null {
  const [before, stray] = [words.slice(0, at), words.slice(at)];
  if (command === 'peers') return `write: ${lineOf(['peers', ...before, '--host', ...stray])}`;
  if (command === 'status') return `write: ${lineOf(['explain', ...before, ...stray])}`;
  if (command === 'secret') return `write: ${lineOf(['secret', '--write', ...stray])}`;
  if (command === 'lookup') {
    const names = stray.filter((word) => !word.startsWith('-'));
    return names.length < 2
      ? null
      : `write one pattern for several services: ${lineOf(['lookup', `{${names.join()}}`])}`;
  }
  return command === 'register' ? registerHint(before, stray) : null;
}

/** The flags of what was typed as `register web 80`, or the `--` before a command. */
function registerHint(before: readonly string[], stray: readonly string[]): string | null {
  const [name = '', port = '', ...rest] = stray;
  if (before.length === 0 && NAME_ALONE.test(name) && /^\d+$/.test(port)) {
    return `write: ${lineOf(['register', '--name', name, '--port', port, ...rest])}`;
  }
  if (!before.some((word) => word.startsWith('--name'))) return null;
  return `put -- before the command: ${lineOf(['register', ...before, '--', ...stray])}`;
}

/** The hint for a command that is one word with blanks, as it is typed in quotes; else nothing. */
export function meantCommandLine(
  command: string,
  ours: readonly string[],
  wrapped: readonly string[],
): string | undefined {
  const [only = ''] = wrapped;
  if (wrapped.length !== 1 || !/\s/.test(only.trim())) return undefined;
  // A line that only a shell understands is left to one.
  const words = /^[\w@%+=:,./\s-]+$/.test(only) ? only.trim().split(/\s+/) : ['sh', '-c', only];
  return `the command is one word with blanks in it; write: ${lineOf([command, ...ours, '--', ...words])}`;
}

/**
 * The position of the first word that is neither a flag nor a flag's value; -1 if there is none.
 */
function firstStray({ flags, words }: Typed): number {
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? '';
    if (word === '--') return -1;
    if (!word.startsWith('-')) return at;
    const found = Object.entries(flags).find(
      ([name, { char }]) => word === `--${name}` || (char !== undefined && word === `-${char}`),
    );
    if (found?.[1].type === 'option') at += 1;
  }
  return -1;
}

/** A line as a shell reads it. */
function lineOf(words: readonly string[]): string {
  return ['rarangi', ...words.map(shellWord)].join(' ');
}

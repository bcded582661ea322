// Errors as the person at the shell, or a program that reads JSON, sees them. The invariant: every
// error has one message, one hint and one exit code, whichever way it is shown; an error that comes
// neither from the library nor from the command line is a bug of ours, and says so.

import { oneLine } from './harmless.ts';
import { Errors } from '@oclif/core';

import { RarangiError } from '../index.ts';
import { EXIT_CODES, EXITS_BY_ERROR } from './exit-codes.ts';
import { isToJournal, journalPrefix, logTo } from './log-lines.ts';
import { OutputError, screenOf, write } from './output.ts';
import { themeFor } from './theme.ts';

/** An error, ready to be shown. */
export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
  /** The exit code. */
  readonly exit: number;
  /** Where it happened: for a bug only. */
  readonly stack?: string;
}

/** The meaning of an error; `command` is the command that was run, if one was. */
export function failureOf(error: unknown, command?: string): Failure {
  if (error instanceof RarangiError) {
    const { code } = error;
    const exit = EXIT_CODES[EXITS_BY_ERROR[code]].code;
    return { code, message: tidied(error.message), hint: hintOf(error, command), exit };
  }
  if (error instanceof Errors.CLIError) {
    return {
      code: 'RARANGI_USAGE',
      message: tidied(error.message),
      hint: hintOf({ hint: GENERAL_HINT }, command),
      exit: EXIT_CODES.usage.code,
    };
  }
  if (error instanceof OutputError) {
    const hint =
      'the output is not complete: see that its reader runs and its disk has room, then try again';
    return { code: OUTPUT, message: error.message, hint, exit: EXIT_CODES.output.code };
  }
  return bugOf(error);
}

const OUTPUT = 'RARANGI_OUTPUT';

/** If a command was named, its help is shown. */
function hintOf({ hint }: Pick<RarangiError, 'hint'>, command: string | undefined): string {
  return hint === GENERAL_HINT && command !== undefined ? `see: rarangi ${command} --help` : hint;
}

/** How a failure is shown: as an object on stdout; or on stderr, as a log line or in words. */
export type FailureForm = 'json' | 'log' | 'words';

/** Shows a failure. */
export function showFailure(failure: Failure, form: FailureForm): void {
  const { code, message, hint, stack } = failure;
  if (form === 'json' && code !== OUTPUT) {
    write('stdout', jsonText({ error: { code, message, hint } }));
  } else if (form === 'log') {
    logTo('json')({ event: 'failed', level: 'error', message, fields: { code, hint } });
  } else {
    const theme = themeFor(screenOf('stderr'));
    const words = [
      `${theme.bad('error:')} ${oneLine(message)}`,
      `${theme.faint('hint:')} ${oneLine(hint)}`,
    ];
    const lines = [...words, ...(stack?.split('\n') ?? [])];
    const prefix = isToJournal() ? journalPrefix('error') : '';
    write('stderr', lines.map((line) => `${prefix}${line}\n`).join(''));
  }
}

/** A value as JSON: in lines for a person, in one line for a program. */
export function jsonText(value: unknown): string {
  return `${JSON.stringify(value, null, screenOf('stdout').isTTY === true ? 2 : undefined)}\n`;
}

function bugOf(error: unknown): Failure {
  const stack = error instanceof Error ? error.stack : undefined;
  return {
    code: 'RARANGI_BUG',
    message: `this is a bug in rarangi: ${error instanceof Error ? error.message : String(error)}`,
    hint: 'please report it, with what you did and these lines',
    exit: EXIT_CODES.bug.code,
    ...(stack === undefined ? {} : { stack }),
  };
}

/** oclif's messages in our form: one line, lower case, without its pointer to the help. */
function tidied(message: string): string {
  return message
    .replace(/\n*See more help with --help/g, '')
    .replace(/^Parsing (--\S+)\s+/, '$1: ')
    .replace(/^The following errors? occurred:\s*/, '')
    .split('\n')
    .map((line) =>
      line.trim().replace(/^Missing required flag (\S+)$/, 'missing required flag --$1'),
    )
    .filter((line) => line !== '')
    .join('; ')
    .replace(
      /^(--[\w-]+)=.* cannot also be provided when using (--[\w-]+)$/,
      '$1 and $2 exclude each other',
    )
    .replace(/^[A-Z](?=[a-z])/, (letter) => letter.toLowerCase())
    .replace(/^command \S+ not found$/, (words) => words.replaceAll(':', ' '));
}

/** The hint of an error that has none of its own. */
const { hint: GENERAL_HINT } = RarangiError.usage('');

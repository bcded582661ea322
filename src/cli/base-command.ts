// What every command does alike: show an error and choose the exit. The invariant: with --json and
// without, the exit code is the same. An exit that is an answer (none found, not healthy) is set
// on the process by the command and is no error.

import { Command } from '@oclif/core';

import { type ExitName, EXIT_CODES } from './exit-codes.ts';
import { type Failure, type FailureForm, failureOf, jsonText, showFailure } from './failure.ts';
import { screenOf, write } from './output.ts';
import { themeFor } from './theme.ts';
import { partedWords } from './wrapped-words.ts';

/** The parent of all commands. */
export abstract class BaseCommand extends Command {
  protected override catch(error: unknown): Promise<void> {
    // Else oclif warns a developer (NODE_ENV) of words that nobody parsed: they could not be parsed.
    this.parsed = true;
    const failure = failureOf(error, this.id);
    showFailure(failure, this.form());
    process.exitCode = this.exitOf(failure);
    return Promise.resolve();
  }

  /** The exit code of a failure. */
  protected exitOf(failure: Failure): number {
    return failure.exit;
  }

  /** Prints an object as JSON. */
  protected printJson(value: unknown): void {
    write('stdout', jsonText(value));
  }

  /** Prints lines of data. */
  protected print(lines: readonly string[]): void {
    if (lines.length > 0) write('stdout', `${lines.join('\n')}\n`);
  }

  /** Tells a person something that is not data. */
  protected remark(text: string): void {
    const theme = themeFor(screenOf('stderr'));
    write('stderr', `${theme.doubtful('warning:')} ${text}\n`);
  }

  /** Ends with a code, once all is written. */
  protected endWith(name: ExitName): void {
    process.exitCode = EXIT_CODES[name].code;
  }

  /**
   * How the caller wants to be told. An error may come before any flag is parsed, so the words are
   * looked at as they are.
   */
  private form(): FailureForm {
    const { ours } = partedWords(this.argv);
    const { flags } = this.ctor;
    const command = (this.id ?? '').toUpperCase();
    const says = (name: string, env: string, value: string): boolean =>
      name in flags && wordOf(ours, name, process.env[env]) === value;
    if (says('format', `RARANGI_${command}_FORMAT`, 'json')) return 'json';
    if (says('log-format', `RARANGI_${command}_LOG_FORMAT`, 'json')) return 'log';
    const isJson = ours.includes('--json') || TRUE_PATTERN.test(process.env['RARANGI_JSON'] ?? '');
    return 'json' in flags && isJson ? 'json' : 'words';
  }
}

/** What stands behind a flag, in one word with it or in the next; else what the environment says. */
function wordOf(words: readonly string[], name: string, env: string | undefined) {
  const flag = `--${name}`;
  const at = words.findLastIndex((word) => word === flag || word.startsWith(`${flag}=`));
  const word = words[at];
  if (word === undefined) return env;
  return word === flag ? words[at + 1] : word.slice(flag.length + 1);
}

const TRUE_PATTERN = /^(1|true|yes|y|on)$/i;

// What every command does alike: show an error and choose the exit. The invariant: with --json and
// without, the exit code is the same. An exit that is an answer (none found, not healthy) is set
// on the process by the command and is no error.

import { Command } from '@oclif/core';

import { type ExitName, EXIT_CODES } from './exit-codes.ts';
import { type Failure, failureOf, jsonText, showFailure } from './failure.ts';
import { themeFor } from './theme.ts';

/** The parent of all commands. */
export abstract class BaseCommand extends Command {
  protected override catch(error: unknown): Promise<void> {
    const failure = failureOf(error, this.id);
    showFailure(failure, this.wantsJson() ? 'json' : 'words');
    process.exitCode = this.exitOf(failure);
    return Promise.resolve();
  }

  /** The exit code of a failure. */
  protected exitOf(failure: Failure): number {
    return failure.exit;
  }

  /** Prints an object as JSON. */
  protected printJson(value: unknown): void {
    process.stdout.write(jsonText(value));
  }

  /** Prints lines of data. */
  protected print(lines: readonly string[]): void {
    if (lines.length > 0) process.stdout.write(`${lines.join('\n')}\n`);
  }

  /** Tells a person something that is not data. */
  protected remark(text: string): void {
    process.stderr.write(`${themeFor(process.stderr).doubtful('warning:')} ${text}\n`);
  }

  /** Ends with a code, once all is written. */
  protected endWith(name: ExitName): void {
    process.exitCode = EXIT_CODES[name].code;
  }

  /**
   * Whether the caller reads JSON. An error may come before any flag is parsed, so the words are
   * looked at as they are.
   */
  private wantsJson(): boolean {
    const { flags } = this.ctor;
    if (!('json' in flags)) return false;
    const end = this.argv.indexOf('--');
    const words = end === -1 ? this.argv : this.argv.slice(0, end);
    return (
      words.includes('--json') ||
      words.includes('--format=json') ||
      (words[words.indexOf('--format') + 1] === 'json' && words.includes('--format')) ||
      /^(1|true|yes|y|on)$/i.test(process.env['RARANGI_JSON'] ?? '') ||
      ('format' in flags && process.env['RARANGI_LOOKUP_FORMAT'] === 'json')
    );
  }
}

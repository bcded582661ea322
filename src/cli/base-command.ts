// The common part of all commands: read words and settings, show an error and choose the exit. The
// invariant: with --json and without, the exit code is the same. An exit that is an answer (none
// found, not healthy) is set on the process by the command and is no error.

import { Command, type Interfaces } from '@oclif/core';

import { type ExitName, EXIT_CODES } from './exit-codes.ts';
import { type Failure, type FailureForm, failureOf, jsonText, showFailure } from './failure.ts';
import { withTypedDurations } from './durations.ts';
import { withMeantLine } from './mistakes.ts';
import { screenOf, write } from './output.ts';
import {
  hideForeign,
  namingVariable,
  type Settings,
  settleBooleans,
  truthOf,
  unknownSettings,
} from './settings.ts';
import { refuseLoneFlags, refuseOddValues } from './odd-flags.ts';
import { forgetUser } from './start/user.ts';
import { themeFor } from './theme.ts';
import { partedWords } from './wrapped-words.ts';

/** The parent of all commands. */
export abstract class BaseCommand extends Command {
  /** Flags that mean nothing unless one of others is there, too. */
  static needed: Readonly<Record<string, readonly string[]>> = {};

  /** Reads the words and the variables of the environment. Throws if they make no sense. */
  protected override async parse<
    F extends Interfaces.OutputFlags<Interfaces.FlagInput>,
    B extends Interfaces.OutputFlags<Interfaces.FlagInput>,
    A extends Interfaces.OutputArgs<Interfaces.ArgInput>,
  >(
    options?: Interfaces.Input<F, B, A>,
    words = this.argv,
  ): Promise<Interfaces.ParserOutput<F, B, A>> {
    const settings = this.settings();
    // Which of them other programs made shows only while all are there.
    const given = { ...process.env };
    const putBack = [hideForeign(settings, process.env)];
    try {
      refuseOddValues(words, this.ctor.flags);
      putBack.push(settleBooleans(settings, words, process.env));
      const parsed = await super.parse(options, words);
      for (const remark of unknownSettings(settings, given)) this.remark(remark);
      refuseLoneFlags(parsed, (this.constructor as typeof BaseCommand).needed);
      return parsed;
    } finally {
      for (const put of putBack) put();
    }
  }

  protected override async init(): Promise<void> {
    await super.init();
    forgetUser();
  }

  protected override catch(error: unknown): Promise<void> {
    // Else oclif warns a developer (NODE_ENV) of words that were not parsed: they could not be
    // parsed.
    this.parsed = true;
    const failure = this.explained(failureOf(error, this.id));
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

  /** The failure in the caller's words: the variable, the line and the durations that were typed. */
  private explained(failure: Failure): Failure {
    const { ours } = partedWords(this.argv);
    const settings = this.settings();
    const named = namingVariable(failure.message, settings, ours);
    const [message = '', hint = ''] = [named, failure.hint].map((text) =>
      withTypedDurations(text, ours),
    );
    const typed = { command: settings.command, flags: this.ctor.flags, words: this.argv };
    return withMeantLine({ ...failure, message, hint }, typed);
  }

  private settings(): Settings {
    return { command: this.id ?? '', flags: this.ctor.flags };
  }

  /**
   * The form in which the caller wants errors. An error may come before any flag is parsed, so the
   * words are read as they are.
   */
  private form(): FailureForm {
    const { ours } = partedWords(this.argv);
    const { flags } = this.ctor;
    const command = (this.id ?? '').toUpperCase();
    const says = (name: string, env: string, value: string): boolean =>
      name in flags && wordOf(ours, name, process.env[env]) === value;
    if (says('format', `RARANGI_${command}_FORMAT`, 'json')) return 'json';
    if (says('log-format', `RARANGI_${command}_LOG_FORMAT`, 'json')) return 'log';
    const isJson = ours.includes('--json') || truthOf(process.env['RARANGI_JSON'] ?? '') === true;
    return 'json' in flags && isJson ? 'json' : 'words';
  }
}

/** The value of a flag, in one word with it or in the next; else that of its variable. */
function wordOf(words: readonly string[], name: string, env: string | undefined) {
  const flag = `--${name}`;
  const at = words.findLastIndex((word) => word === flag || word.startsWith(`${flag}=`));
  const word = words[at];
  if (word === undefined) return env;
  return word === flag ? words[at + 1] : word.slice(flag.length + 1);
}

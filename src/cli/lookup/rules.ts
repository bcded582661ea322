// Which words of `lookup` go together. One invariant: only typed words are refused; a variable of
// the environment, which may be set for another call, causes a refusal only if it changes the
// answer.

import type { Interfaces } from '@oclif/core';

import type { LookupFlags } from './flags.ts';
import { RarangiError } from '../../index.ts';

/** The words of a call, separated. */
export interface Words {
  readonly name: string | undefined;
  readonly command: readonly string[] | null;
  readonly flags: LookupFlags;
  readonly raw: Interfaces.ParserOutput['raw'];
}

/** Refuses words that do not go together. Throws RARANGI_USAGE. */
export function refuseOddWords({ name, command, flags, raw }: Words): void {
  const given = raw.flatMap((token) => (token.type === 'flag' ? [token.flag] : []));
  refuseTwoFormats(given, flags);
  if (name === undefined) refuseWithoutName(given, command);
  else if (command !== null) refuseWithCommand(given, flags, command);
  else if (flags.watch) refuseWithWatch(given, flags);
  else if (flags['on-change'] !== undefined)
    throw RarangiError.usage('--on-change needs a command');
}

/** `--json` says the format already. */
function refuseTwoFormats(given: readonly string[], { json, format }: LookupFlags): void {
  if (!json || format === 'json' || !given.includes('format')) return;
  throw RarangiError.usage(`--json and --format ${format} exclude each other`, 'use one of them');
}

/** A flag about instances asks nothing without a service; its environment variable may be set. */
function refuseWithoutName(given: readonly string[], command: readonly string[] | null): void {
  if (command !== null)
    throw RarangiError.usage('a command needs the NAME of a service before the --');
  const odd = given.find((name) => INSTANCE_FLAGS.has(name));
  if (odd !== undefined) throw RarangiError.usage(`--${odd} needs the NAME of a service`);
}

/** A command has stdout to itself, and gets its news in its environment. */
function refuseWithCommand(
  given: readonly string[],
  flags: LookupFlags,
  command: readonly string[],
): void {
  if (command.length === 0) throw RarangiError.usage('no command follows the --');
  if (given.includes('json') || (given.includes('format') && flags.format !== 'env')) {
    throw RarangiError.usage(
      'before a command, --json and --format have no meaning: the command gets the variables of --format env',
    );
  }
  if (flags['on-change'] === undefined ? flags.watch : !flags.watch) {
    throw RarangiError.usage('before a command, --watch and --on-change are used together only');
  }
}

/** A watch without end waits for nothing, and tells which instances are stale. */
function refuseWithWatch(given: readonly string[], flags: LookupFlags): void {
  if (given.includes('format') && flags.format !== 'json') {
    throw RarangiError.usage('--watch prints a line of JSON for every change, in no other format');
  }
  const odd = (['live', 'on-change', 'wait'] as const).find(
    (name) => (flags[name] ?? false) !== false,
  );
  if (odd !== undefined)
    throw RarangiError.usage(`--${odd} cannot be used with --watch unless a command follows`);
}

const INSTANCE_FLAGS = new Set([
  ...['one', 'all', 'live', 'tag', 'cluster', 'wait', 'watch', 'on-change', 'kill-after'],
]);

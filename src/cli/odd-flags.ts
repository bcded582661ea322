// Flags that make no sense as they were typed, alone or beside others. One invariant: only typed
// flags are refused; a variable of the environment may be set for another call.

import type { Interfaces } from '@oclif/core';

import { RarangiError } from '../index.ts';

/** The part of a command's flags that matters here. */
type Flags = Readonly<
  Record<string, { readonly type: 'boolean' | 'option'; readonly char?: string | undefined }>
>;

type Parsed = Pick<Interfaces.ParserOutput, 'raw' | 'flags'>;

/**
 * Refuses `--json=1`, whose value oclif would take for a word of its own, and `--file ''`, which
 * comes from a variable of a script that is not set. Throws RARANGI_USAGE.
 */
export function refuseOddValues(words: readonly string[], flags: Flags): void {
  for (const [at, word] of words.entries()) {
    const [, long, short, value = words[at + 1]] =
      /^(?:--([\w-]+)|-(\w))(?:=(.*))?$/s.exec(word) ?? [];
    const [name, flag] =
      Object.entries(flags).find(
        ([each, { char }]) => each === long || (short !== undefined && char === short),
      ) ?? [];
    if (name === undefined) continue;
    const isBoolean = flag?.type === 'boolean';
    if (isBoolean && word.includes('=')) {
      throw RarangiError.usage(`--${name} takes no value`, `write: --${name}`);
    }
    if (!isBoolean && value === '') {
      throw RarangiError.usage(
        `the value of --${name} is empty`,
        'give it a value, or leave the flag out',
      );
    }
  }
}

/**
 * Refuses a flag that means nothing unless one of others is there, too, be it from its variable.
 * Throws RARANGI_USAGE.
 */
export function refuseLoneFlags(
  { raw, flags }: Parsed,
  needed: Readonly<Record<string, readonly string[]>>,
): void {
  const given = typedFlags({ raw });
  const values = flags as Record<string, unknown>;
  for (const [name, others] of Object.entries(needed)) {
    const isOn = (other: string): boolean => given.has(other) || !OFF.has(values[other]);
    if (!given.has(name) || others.some(isOn)) continue;
    const wanted = others.map((other) => `--${other}`).join(' or ');
    throw meaningless(name, `without ${wanted}`, `add ${wanted}, or leave --${name} out`);
  }
}

const OFF: ReadonlySet<unknown> = new Set([undefined, false, 'none']);

/** Refuses flags that mean nothing under a condition, which is said. Throws RARANGI_USAGE. */
export function refuseFlags(
  parsed: Pick<Parsed, 'raw'>,
  names: readonly string[],
  condition: string,
): void {
  const given = typedFlags(parsed);
  const odd = names.find((name) => given.has(name));
  if (odd !== undefined) throw meaningless(odd, condition, `leave --${odd} out`);
}

function typedFlags({ raw }: Pick<Parsed, 'raw'>): ReadonlySet<string> {
  return new Set(raw.flatMap((token) => (token.type === 'flag' ? [token.flag] : [])));
}

function meaningless(name: string, condition: string, hint: string): RarangiError {
  return RarangiError.usage(`--${name} means nothing ${condition}`, hint);
}

// The flags of `lookup`, and the library's options for them. rules.ts says which of them go
// together.

import { Flags, type Interfaces } from '@oclif/core';

import type { TextFormat } from '../../answers/instance-text.ts';
import type { LookupOptions } from '../../index.ts';
import * as flag from '../flags.ts';
import { ON_CHANGE_FORM, onChangeOf } from './on-change.ts';

const FORMATS = ['hostport', 'host', 'port', 'uri', 'env', 'json'] as const;

/** The flags of `lookup`. */
export const lookupFlags = {
  ...flag.clientFlags,
  ...flag.jsonFlag,
  one: Flags.boolean({
    description: 'Only the first instance; with a pattern, the first of each service.',
    env: 'RARANGI_LOOKUP_ONE',
  }),
  all: Flags.boolean({
    description: 'Stale instances too, after the live ones.',
    env: 'RARANGI_LOOKUP_ALL',
    exclusive: ['live'],
  }),
  live: Flags.boolean({ description: 'Never stale instances.', env: 'RARANGI_LOOKUP_LIVE' }),
  tag: Flags.string({
    description: 'Only instances with this tag. Repeatable; all must match.',
    env: 'RARANGI_LOOKUP_TAG',
    helpValue: 'KEY=VALUE',
    multiple: true,
    multipleNonGreedy: true,
  }),
  cluster: Flags.string({
    description: 'Only instances in this cluster.',
    env: 'RARANGI_LOOKUP_CLUSTER',
    helpValue: 'NAME',
  }),
  format: Flags.option({
    default: 'hostport',
    description: 'What to print of each instance; env prints shell variables of the first one.',
    env: 'RARANGI_LOOKUP_FORMAT',
    options: FORMATS,
  })(),
  wait: flag.durationOrNone({
    description: 'Wait this long for a live instance, and for a server.',
    env: 'RARANGI_LOOKUP_WAIT',
  }),
  watch: Flags.boolean({
    description: 'Print what is there, then every change, each as a line of JSON.',
    env: 'RARANGI_LOOKUP_WATCH',
    exclusive: ['all', 'one'],
  }),
  'on-change': Flags.custom<ReturnType<typeof onChangeOf>>({
    description:
      'With --watch and a command: start the command anew at a change, or send it a signal.',
    env: 'RARANGI_LOOKUP_ON_CHANGE',
    helpValue: ON_CHANGE_FORM,
    parse: (text) => Promise.resolve().then(() => onChangeOf(text)),
  })(),
  'kill-after': flag.durationOrNone({
    ...flag.lasting(10_000),
    description:
      'With --on-change restart: how long after SIGTERM the command is killed; 0 for never.',
    env: 'RARANGI_LOOKUP_KILL_AFTER',
  }),
};

/** Their values. */
export type LookupFlags = Interfaces.InferredFlags<typeof lookupFlags>;

/** The form of text that is wanted; null for JSON, which two flags can ask for. */
export function textFormatOf({ json, format }: LookupFlags): TextFormat | null {
  return json || format === 'json' ? null : format;
}

/** Which servers to ask, and for what. Throws RARANGI_USAGE. */
export function lookupOptionsOf(flags: LookupFlags): LookupOptions & flag.Timed {
  const { tag, cluster } = flags;
  return { ...flag.clientOptionsOf(flags), tags: flag.tagsOf(tag), ...flag.givenOnly({ cluster }) };
}

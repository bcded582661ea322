// The flags that commands share, and the kinds of values flags have. The invariant: the flag, else
// its environment variable, else the default; an environment variable that is empty is not there.
// Repeatable flags take words one at a time, so that a word after one is never swallowed.

import { Flags, type Interfaces } from '@oclif/core';

import { RarangiError, type ClientOptions } from '../index.ts';
import { durationText, parseDuration, parsePositiveDuration } from './durations.ts';

/** A flag whose value is a duration above zero, in milliseconds. */
export const duration = Flags.custom<number>({
  helpValue: 'DURATION',
  parse: (text) => Promise.resolve().then(() => parsePositiveDuration(text)),
});

/** A flag whose value is a duration that may be zero, in milliseconds. */
export const durationOrNone = Flags.custom<number>({
  helpValue: 'DURATION',
  parse: (text) => Promise.resolve().then(() => parseDuration(text)),
});

/** On all commands. */
export const environmentFlag = {
  environment: Flags.string({
    char: 'e',
    default: 'development',
    description: 'The environment: production, staging, testing, development, or one of your own.',
    env: 'RARANGI_ENVIRONMENT',
    helpValue: 'NAME',
  }),
};

/** On all commands that connect: what locks the TCP of an environment. */
export const lockFlags = {
  'secret-file': Flags.string({
    description: 'A file with the secret of the environment; with it TCP is TLS.',
    env: 'RARANGI_SECRET_FILE',
    helpValue: 'PATH',
  }),
  'tls-cert': Flags.string({
    description:
      'A file with a certificate that names the environment, in PEM; it replaces a secret.',
    env: 'RARANGI_TLS_CERT',
    helpValue: 'PATH',
  }),
  'tls-key': Flags.string({
    description: 'A file with the key of that certificate, in PEM.',
    env: 'RARANGI_TLS_KEY',
    helpValue: 'PATH',
  }),
  'tls-ca': Flags.string({
    description: 'A file with the certificates of the CAs that may issue certificates, in PEM.',
    env: 'RARANGI_TLS_CA',
    helpValue: 'PATH',
  }),
};

/** On all commands that ask servers. */
export const clientFlags = {
  ...environmentFlag,
  ...lockFlags,
  server: Flags.string({
    description:
      'A server to use instead of those of this host; a word with a / is the path of its UNIX socket. Repeatable.',
    env: 'RARANGI_SERVER',
    helpValue: 'HOST[:PORT]|PATH',
    multiple: true,
    multipleNonGreedy: true,
  }),
  timeout: duration({
    ...lasting(2000),
    description: 'How long the whole answer may take.',
    env: 'RARANGI_TIMEOUT',
  }),
};

/** On commands whose answer is data. */
export const jsonFlag = {
  json: Flags.boolean({
    description: 'Print one JSON object, for a failure too.',
    env: 'RARANGI_JSON',
  }),
};

interface Watch {
  readonly env: { readonly watch: string; readonly interval: string };
}

/** On commands whose page can be kept up to date; `env` names the variables. */
export function watchFlags({ env }: Watch): {
  watch: Interfaces.BooleanFlag<boolean>;
  interval: Interfaces.OptionFlag<number>;
} {
  return {
    watch: Flags.boolean({
      description:
        'Keep running: on a terminal, show one page until q; elsewhere, print again at every change.',
      env: env.watch,
    }),
    interval: duration({
      ...lasting(1000),
      description: 'With --watch: how often to ask.',
      env: env.interval,
    }),
  };
}

/** How the lines on stderr look; on commands that log. */
export const logFormatFlag = Flags.option({
  default: 'pretty',
  description: 'How the lines on stderr look.',
  options: ['pretty', 'json'] as const,
});

interface Lasting {
  readonly default: number;
  readonly defaultHelp: () => Promise<string>;
}

/** The default of a duration flag, as a number and as the help shows it. */
export function lasting(milliseconds: number): Lasting {
  const text = durationText(milliseconds);
  return { default: milliseconds, defaultHelp: () => Promise.resolve(text) };
}

/** A flag whose value is a port; 0 is one that is free. */
export const portFlag = Flags.custom<number>({
  helpValue: 'PORT',
  parse: (text) => Promise.resolve().then(() => parsePort(text)),
});

/**
 * The values of a repeatable flag. oclif hands its environment variable over as one text; there,
 * commas stand between.
 */
export function listOf(given: readonly string[] | string | undefined): readonly string[] {
  if (typeof given !== 'string') return given ?? [];
  return given
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');
}

/** Tags from `k=v` words; the value may hold further `=`. Throws RARANGI_USAGE. */
export function tagsOf(given: readonly string[] | string | undefined): Record<string, string> {
  const tags = new Map<string, string>();
  for (const word of listOf(given)) {
    const at = word.indexOf('=');
    if (at < 1) throw RarangiError.usage(`tag ${JSON.stringify(word)} is not KEY=VALUE`);
    const key = word.slice(0, at);
    if (tags.has(key)) throw RarangiError.usage(`tag ${key} is given twice`);
    tags.set(key, word.slice(at + 1));
  }
  return Object.fromEntries(tags);
}

interface LockFlags {
  readonly 'secret-file'?: string | undefined;
  readonly 'tls-cert'?: string | undefined;
  readonly 'tls-key'?: string | undefined;
  readonly 'tls-ca'?: string | undefined;
}

/** What locks TCP. Throws RARANGI_USAGE when one of the TLS files is missing. */
export function lockOptionsOf(flags: LockFlags): Pick<ClientOptions, 'secretFile' | 'tls'> {
  const { 'tls-cert': cert, 'tls-key': key, 'tls-ca': ca, 'secret-file': secretFile } = flags;
  const secret = givenOnly({ secretFile });
  if (cert === undefined && key === undefined && ca === undefined) return secret;
  if (cert === undefined || key === undefined || ca === undefined) {
    throw RarangiError.usage(
      '--tls-cert, --tls-key and --tls-ca are used together only',
      'give all three',
    );
  }
  return { ...secret, tls: { cert, key, ca } };
}

/** Options that always say how long the whole answer may take. */
export interface Timed {
  readonly timeoutMs: number;
}

/** The library's options for the flags of a client. */
export function clientOptionsOf(
  flags: LockFlags & {
    readonly environment: string;
    readonly server: readonly string[] | undefined;
    readonly timeout: number;
  },
): ClientOptions & Timed {
  const servers = listOf(flags.server);
  return {
    ...lockOptionsOf(flags),
    environment: flags.environment,
    timeoutMs: flags.timeout,
    ...(servers.length === 0 ? {} : { servers }),
  };
}

/** The options that were given, without those that were not. */
export function givenOnly<T extends object>(
  options: T,
): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as { [K in keyof T]?: Exclude<T[K], undefined> };
}

/** The port that a text means; `what` is its name in an error. Throws RARANGI_USAGE. */
export function parsePort(text: string, what = 'port'): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port >= 0 && port <= 65_535) return port;
  throw RarangiError.usage(`${what} ${JSON.stringify(text)} is not a number from 0 to 65535`);
}

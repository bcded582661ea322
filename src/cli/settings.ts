// Environment variables as settings. The invariant: a variable that looks like a setting of ours
// either is one, or causes a warning; and one that other programs make (Kubernetes for a Service
// called rarangi-serve, `lookup --format env` for a service of that name) is never taken for a
// flag.

import { nearestWord } from './spelling.ts';
import { RarangiError } from '../index.ts';

/** The part of a command's flags that matters here. */
export interface Settings {
  /** The command: `serve`. */
  readonly command: string;
  readonly flags: Readonly<Record<string, { readonly env?: string; readonly char?: string }>>;
}

type Variables = Readonly<Record<string, string | undefined>>;

/**
 * Removes variables that other programs made from the environment. Returns a function that puts
 * them back.
 */
export function hideForeign({ flags }: Settings, env: NodeJS.ProcessEnv): () => void {
  const names = Object.values(flags).flatMap(({ env: name }) => (name === undefined ? [] : [name]));
  const hidden = names
    .filter((name) => env[name] !== undefined && isForeign(name, env))
    .map((name) => [name, env[name]] as const);
  for (const [name] of hidden) Reflect.deleteProperty(env, name);
  return () => {
    for (const [name, value] of hidden) {
      if (value !== undefined) env[name] = value;
    }
  };
}

/**
 * The warnings: variables that look like settings of this command, or of every command, and are
 * none. Throws RARANGI_USAGE for one without which a server would start wrongly.
 */
export function unknownSettings({ command, flags }: Settings, env: Variables): string[] {
  const known = Object.values(flags).flatMap(({ env: name }) => (name === undefined ? [] : [name]));
  const own = `RARANGI_${command.toUpperCase()}_`;
  const shared = known.filter((name) => !name.startsWith(own));
  return Object.keys(env).flatMap((name) => {
    if (!name.startsWith('RARANGI_') || known.includes(name) || isForeign(name, env)) return [];
    const isOwn = name.startsWith(own);
    const meant = nearestWord(name, isOwn ? known : shared);
    if (!isOwn && meant === null) return [];
    if (meant !== null && command === 'serve') {
      throw RarangiError.usage(
        `there is no setting ${name}`,
        `did you mean ${meant}? otherwise unset ${name}`,
      );
    }
    const hint = meant === null ? `no setting of rarangi ${command}` : `did you mean ${meant}?`;
    return [`${name} is set and means nothing: ${hint}`];
  });
}

/**
 * The error for the value of a flag, which names the variable that the value came from. `words` are
 * those of the command line.
 */
export function namingVariable(
  message: string,
  { flags }: Settings,
  words: readonly string[],
): string {
  for (const [name, { env, char }] of Object.entries(flags)) {
    const value = env === undefined ? undefined : process.env[env];
    if (env === undefined || value === undefined || value === '') continue;
    const isGiven = words.some(
      (word) => word === `--${name}` || word.startsWith(`--${name}=`) || word === `-${char ?? ''}`,
    );
    if (isGiven) continue;
    if (message.startsWith(`--${name}: `)) return message.replace(`--${name}`, env);
    const values = [value, ...value.split(',').map((each) => each.trim())];
    if (values.some((each) => message.includes(JSON.stringify(each)))) return `${message} (${env})`;
  }
  return message;
}

/**
 * Whether another program made a variable. For a Service NAME Kubernetes sets NAME_SERVICE_HOST,
 * NAME_SERVICE_PORT…, NAME_PORT (a URI) and NAME_PORT_80_TCP…; `--format env` makes NAME_HOST,
 * NAME_PORT, NAME_URI (of these two) and NAME_TAG_….
 */
function isForeign(name: string, env: Variables): boolean {
  if (/_SERVICE_(HOST|PORT(_\w+)?)$|_PORT_\d+_(TCP|UDP|SCTP)(_\w+)?$/.test(name)) return true;
  const [, stem = '', ending = ''] = /^(.*)_(HOST|PORT|URI|TAG_\w+)$/.exec(name) ?? [];
  if (ending === '') return false;
  if (ending === 'PORT' && /^\w+:\/\//.test(env[name] ?? '')) return true;
  return isFormatEnv(stem, env);
}

function isFormatEnv(stem: string, env: Variables): boolean {
  const { [`${stem}_HOST`]: host, [`${stem}_PORT`]: port, [`${stem}_URI`]: uri } = env;
  if (host === undefined || port === undefined || uri === undefined) return false;
  return uri.includes(host) && uri.endsWith(`:${port}`);
}

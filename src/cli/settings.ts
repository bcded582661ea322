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
  readonly flags: Readonly<Record<string, Setting>>;
}

interface Setting {
  readonly env?: string;
  readonly char?: string;
  readonly type?: 'boolean' | 'option';
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
 * Writes the variables of boolean flags in the one word that every reader of flags knows, or none.
 * Returns a function that puts them back. Throws RARANGI_USAGE for a word that is neither yes nor
 * no, unless the flag is among the words.
 */
export function settleBooleans(
  settings: Settings,
  words: readonly string[],
  env: NodeJS.ProcessEnv,
): () => void {
  const given = variablesInUse(settings, words, env).filter(({ type }) => type === 'boolean');
  const settled = given.map(({ variable, value }) => {
    const isOn = truthOf(value);
    if (isOn !== null) return [variable, isOn ? '1' : ''] as const;
    const problem = `${variable} ${JSON.stringify(value)} is neither yes nor no`;
    throw RarangiError.usage(problem, `write ${YES.join(', ')}; or ${NO.join(', ')}`);
  });
  Object.assign(env, Object.fromEntries(settled));
  return () => {
    for (const { variable, value } of given) env[variable] = value;
  };
}

/** Whether a word in a variable means yes; null for one that means neither. */
export function truthOf(word: string): boolean | null {
  const lower = word.toLowerCase();
  if (YES.includes(lower)) return true;
  return lower === '' || NO.includes(lower) ? false : null;
}

const YES: readonly string[] = ['1', 'true', 'yes', 'y', 'on'];
const NO: readonly string[] = ['0', 'false', 'no', 'n', 'off'];

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
    if (name === SECRET_FILE) return [];
    const isOwn = name.startsWith(own);
    const meant = nearestWord(name, isOwn ? known : shared);
    if (!isOwn && meant === null) return [];
    if (meant !== null && command === 'serve') {
      throw RarangiError.usage(
        `there is no setting with the name ${name}`,
        `did you mean ${meant}? otherwise unset ${name}`,
      );
    }
    const hint =
      meant === null ? `it is no setting of rarangi ${command}` : `did you mean ${meant}?`;
    return [`the variable ${name} is set and has no effect: ${hint}`];
  });
}

/** A setting of all commands but `secret`, whose own its name looks like. */
const SECRET_FILE = 'RARANGI_SECRET_FILE';

/**
 * The error about flags, which names the variables that their values came from. `words` are those of
 * the command line.
 */
export function namingVariable(
  message: string,
  settings: Settings,
  words: readonly string[],
): string {
  const inUse = variablesInUse(settings, words, process.env);
  const named = inUse.reduce(
    (text, { name, variable }) =>
      text.replace(new RegExp(`(?<![\\w-])--${name}(?![\\w-])`, 'g'), variable),
    message,
  );
  if (named !== message) return named;
  for (const { variable, value } of inUse) {
    if (message.startsWith(variable)) return message;
    const values = [value, ...value.split(',').map((each) => each.trim())];
    if (values.some((each) => message.includes(JSON.stringify(each)))) {
      return `${message} (${variable})`;
    }
  }
  return message;
}

/** The variables that say something, and whose flags are not among the words. */
function variablesInUse({ flags }: Settings, words: readonly string[], env: Variables) {
  return Object.entries(flags).flatMap(([name, { env: variable = '', char, type }]) => {
    const value = env[variable] ?? '';
    const isTyped = words.some(
      (word) => word === `--${name}` || word.startsWith(`--${name}=`) || word === `-${char ?? ''}`,
    );
    if (value === '' || isTyped || isForeign(variable, env)) return [];
    return [{ name, variable, value, type }];
  });
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

// Stands in for oclif in the bundles of .ci/bundle.mjs, where a command must start in a few
// milliseconds and importing oclif takes ninety. The commands and their flags are the same files;
// only the reader of the words differs. The invariant: oclif would read the same; anything that is
// not plain (help, a mistake, a flag of an unusual kind) is declined before anything has happened,
// and oclif is asked. So every error is oclif's own. The names and shapes here are those of oclif,
// as far as our commands use them.

/** The words are left to oclif: nothing has happened yet. */
export class Declined extends Error {
  override readonly name = 'Declined';
}

type OptionSettings = Readonly<Record<string, unknown>>;

/** A flag as it is declared, with our additions. */
interface Flag extends OptionSettings {
  readonly type: 'boolean' | 'option';
  readonly parse: (input: string, context: object, flag: object) => Promise<unknown>;
  readonly char?: string;
  readonly default?: unknown;
  readonly env?: string;
  readonly exclusive?: readonly string[];
  readonly multiple?: boolean;
  readonly multipleNonGreedy?: boolean;
  readonly options?: readonly string[];
}

type Token =
  | { readonly type: 'flag'; readonly flag: string; readonly input: string }
  | { readonly type: 'arg'; readonly arg: string; readonly input: string };

interface Parsed {
  readonly args: Record<string, unknown>;
  readonly flags: Record<string, unknown>;
  readonly raw: readonly Token[];
}

export interface Declaration {
  readonly args?: Readonly<Record<string, OptionSettings>>;
  readonly flags?: Readonly<Record<string, Flag>>;
}

const asItIs = (input: string): Promise<string> => Promise.resolve(input);

const custom =
  (defaults: OptionSettings = {}) =>
  (settings: OptionSettings = {}): OptionSettings => ({
    parse: asItIs,
    ...defaults,
    ...settings,
    type: 'option',
  });

/** Declares flags, in the form of oclif's. @public */
export const Flags = {
  boolean: (settings: OptionSettings): OptionSettings => ({ ...settings, type: 'boolean' }),
  custom,
  integer: custom({ parse: integerOf }),
  option: custom,
  string: custom(),
};

/** Declares arguments, in the form of oclif's. @public */
export const Args = { string: (settings: OptionSettings): OptionSettings => settings };

/** No errors here: they are left to oclif. @public */
export const Errors = { CLIError: class CLIError extends Error {} };

/** The parent of commands, in the form of oclif's. */
export abstract class Command {
  static id = '';
  static flags: Declaration['flags'];
  protected parsed = false;
  protected readonly argv: string[];

  constructor(words: string[]) {
    this.argv = words;
  }

  get id(): string {
    return this.ctor.id;
  }

  protected get ctor(): typeof Command {
    return this.constructor as typeof Command;
  }

  protected abstract run(): Promise<unknown>;

  protected abstract catch(error: unknown): Promise<void>;

  protected async parse(
    declaration: Declaration,
    words: readonly string[] = this.argv,
  ): Promise<Parsed> {
    const parsed = await parseWords(declaration, words);
    return parsed ?? decline();
  }

  /** Runs the command. Rejects with Declined. */
  async runToEnd(): Promise<void> {
    try {
      await this.run();
    } catch (error) {
      if (error instanceof Declined) throw error;
      await this.catch(error);
    }
  }
}

/**
 * The values in words and environment, as oclif would read them; null for words that are not plain.
 */
export async function parseWords(
  declaration: Declaration,
  words: readonly string[],
): Promise<Parsed | null> {
  try {
    return await parsePlain(declaration, words);
  } catch (error) {
    if (error instanceof Declined) return null;
    throw error;
  }
}

async function parsePlain({ args = {}, flags = {} }: Declaration, words: readonly string[]) {
  if (![...Object.values(args), ...Object.values(flags)].every(isPlain)) throw new Declined();
  const raw = tokensOf({ args: Object.keys(args), flags }, words);
  const values: Record<string, unknown> = {};
  const given = new Set<string>();
  for (const [name, flag] of Object.entries(flags)) {
    const inputs = raw.flatMap((token) =>
      token.type === 'flag' && token.flag === name ? [token.input] : [],
    );
    const value = await valueOf(flag, inputs);
    if (value !== undefined) given.add(name);
    const settled = value ?? flag.default;
    if (settled !== undefined) values[name] = settled;
  }
  for (const name of given) {
    if (flags[name]?.exclusive?.some((other) => given.has(other)) === true) throw new Declined();
  }
  const named = raw.flatMap((token) => (token.type === 'arg' ? [[token.arg, token.input]] : []));
  return { args: Object.fromEntries(named) as Parsed['args'], flags: values, raw };
}

interface Known {
  readonly args: readonly string[];
  readonly flags: Readonly<Record<string, Flag>>;
}

function tokensOf({ args, flags }: Known, words: readonly string[]): Token[] {
  const tokens: Token[] = [];
  const argsLeft = [...args];
  const left = [...words];
  for (let word = left.shift(); word !== undefined; word = left.shift()) {
    if (!word.startsWith('-')) {
      const arg = argsLeft.shift() ?? decline();
      tokens.push({ type: 'arg', arg, input: word });
      continue;
    }
    const [, spelled = '', behind] = /^(--?[\w-]+)(?:=(.*))?$/s.exec(word) ?? [];
    const [name, flag] = flagOf(flags, spelled);
    if (flag.type === 'boolean') {
      if (behind !== undefined) decline();
      tokens.push({ type: 'flag', flag: name, input: word });
      continue;
    }
    const input = behind ?? left.shift() ?? '';
    // oclif would not take another flag for a value; an empty one it may; neither is plain.
    if (input === '' || input.startsWith('-')) decline();
    tokens.push({ type: 'flag', flag: name, input });
  }
  return tokens;
}

function flagOf(flags: Known['flags'], spelled: string): [name: string, flag: Flag] {
  const found = Object.entries(flags).find(
    ([name, { char }]) => spelled === `--${name}` || (char !== undefined && spelled === `-${char}`),
  );
  return found ?? decline();
}

/** The value in the words or the environment; undefined when neither has one. */
async function valueOf(flag: Flag, inputs: readonly string[]): Promise<unknown> {
  const variable = flag.env === undefined ? '' : (process.env[flag.env] ?? '');
  if (flag.type === 'boolean') {
    if (inputs.length > 0) return true;
    return variable === '' ? undefined : TRUE_WORDS.has(variable.toLowerCase());
  }
  if (inputs.length === 0) return variable === '' ? undefined : await parsed(flag, variable);
  if (flag.multiple === true) return await Promise.all(inputs.map((input) => parsed(flag, input)));
  const [input = '', ...more] = inputs;
  return more.length > 0 ? decline() : await parsed(flag, input);
}

async function parsed(flag: Flag, input: string): Promise<unknown> {
  if (flag.options?.includes(input) === false) decline();
  try {
    return await flag.parse(input, {}, flag);
  } catch {
    // oclif will meet the same error, and show it.
    return decline();
  }
}

function integerOf(input: string, _: object, { min, max }: Range): Promise<number> {
  const value = /^-?\d+$/.test(input) ? Number(input) : Number.NaN;
  const fits = value >= (min ?? -Infinity) && value <= (max ?? Infinity);
  return fits ? Promise.resolve(value) : decline();
}

interface Range {
  readonly min?: number;
  readonly max?: number;
}

function decline(): never {
  throw new Declined();
}

/** Whether a declaration has only settings that are understood here. */
function isPlain(settings: OptionSettings): boolean {
  const { multiple, multipleNonGreedy } = settings;
  if (multiple === true && multipleNonGreedy !== true) return false;
  return Object.entries(settings).every(
    ([setting, value]) => UNDERSTOOD.has(setting) || value === false,
  );
}

/** As in oclif; settings.ts knows what else means yes, and writes 1 for it. */
const TRUE_WORDS: ReadonlySet<string> = new Set(['1', 'true', 'y', 'yes']);

/** Settings that are heeded above, and those that only matter to the help. */
const UNDERSTOOD: ReadonlySet<string> = new Set([
  ...['type', 'char', 'default', 'env', 'exclusive', 'multiple', 'multipleNonGreedy', 'options'],
  ...['min', 'max'],
  ...['parse', 'name', 'ignoreStdin', 'description', 'defaultHelp', 'helpValue', 'input'],
]);

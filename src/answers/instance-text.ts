// An instance as text, in every form that `lookup --format` knows. The invariant: text for a shell
// stays data, whatever a tag holds: it can be given to eval. An IPv6 address wears brackets
// wherever a port follows it.

import type { InstanceInfo } from './shapes.ts';

/** The forms that print one line an instance. */
export const LINES_BY_FORMAT = {
  hostport: ({ address, port }: InstanceInfo) => hostPort(address, port),
  host: ({ address }: InstanceInfo) => address,
  port: ({ port }: InstanceInfo) => String(port),
  uri: (instance: InstanceInfo) => uriOf(instance),
} as const;

/** A form in which an instance is printed, line by line. */
export type TextFormat = keyof typeof LINES_BY_FORMAT | 'env';

/** The lines of instances in a form; `env` is of the first of each service. */
export function formatted(instances: readonly InstanceInfo[], format: TextFormat): string[] {
  if (format === 'env') return environmentLines(firstOfEach(instances));
  return instances.map(LINES_BY_FORMAT[format]);
}

/** Two services would have one variable. */
export class SharedVariable extends Error {
  override readonly name = 'SharedVariable';
}

/** `host:port`. */
export function hostPort(address: string, port: number): string {
  return `${address.includes(':') ? `[${address}]` : address}:${String(port)}`;
}

/** Variables by their names. */
export type Variables = Readonly<Record<string, string>>;

/** The first instance of each service. */
export function firstOfEach(instances: readonly InstanceInfo[]): InstanceInfo[] {
  const firsts = new Map<string, InstanceInfo>();
  for (const instance of instances) {
    if (!firsts.has(instance.name)) firsts.set(instance.name, instance);
  }
  return [...firsts.values()];
}

/**
 * `NAME_HOST`, `NAME_PORT`, `NAME_URI` and `NAME_TAG_KEY` of instances of different services. Of two
 * tags of one variable the later key counts. Throws SharedVariable.
 */
export function variablesOf(instances: readonly InstanceInfo[]): Variables {
  const owners = new Map<string, string>();
  const variables: Record<string, string> = {};
  for (const instance of instances) {
    for (const [variable, value] of pairsOf(instance)) {
      const owner = owners.get(variable) ?? instance.name;
      if (owner !== instance.name) throw sharedVariable(variable, [owner, instance.name]);
      owners.set(variable, owner);
      variables[variable] = value;
    }
  }
  return variables;
}

/** The same as assignments for a POSIX shell. Throws SharedVariable. */
export function environmentLines(instances: readonly InstanceInfo[]): string[] {
  return Object.entries(variablesOf(instances)).map(
    ([variable, value]) => `${variable}=${shellWord(value)}`,
  );
}

/** A text as one word of a POSIX shell. */
export function shellWord(text: string): string {
  return PLAIN_WORD.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

function pairsOf(instance: InstanceInfo): [variable: string, value: string][] {
  const prefix = variableName(instance.name);
  const tags = Object.entries(instance.tags).sort(([one], [other]) => (one < other ? -1 : 1));
  return [
    [`${prefix}_HOST`, instance.address],
    [`${prefix}_PORT`, String(instance.port)],
    [`${prefix}_URI`, uriOf(instance)],
    ...tags.map(([key, value]): [string, string] => [`${prefix}_TAG_${capitals(key)}`, value]),
  ];
}

function sharedVariable(variable: string, services: readonly string[]): SharedVariable {
  return new SharedVariable(
    `services ${services.join(' and ')} would share the variable ${variable}`,
  );
}

function uriOf({ scheme = 'tcp', address, port }: InstanceInfo): string {
  return `${scheme}://${hostPort(address, port)}`;
}

/** A name of a service as the beginning of a variable's name, which no digit may be. */
function variableName(service: string): string {
  return capitals(service).replace(/^(?=\d)/, '_');
}

function capitals(text: string): string {
  return text.toUpperCase().replace(/[^A-Z0-9]/g, '_');
}

/**
 * These letters mean nothing to a shell, not even in the value of an assignment; zsh expands what
 * begins with `=`, or has it after a colon.
 */
const PLAIN_WORD = /^[\w./:@%+,-]+((?<!:)=[\w./:@%+,-]+)*$/;

// An instance as text, in every form that `lookup --format` knows. The invariant: what is printed
// for a shell stays data, whatever a tag holds: it can be given to eval. An IPv6 address wears
// brackets wherever a port follows it.

import type { InstanceInfo } from '../index.ts';

/** The forms that print one line an instance. */
export const LINES_BY_FORMAT = {
  hostport: ({ address, port }: InstanceInfo) => hostPort(address, port),
  host: ({ address }: InstanceInfo) => address,
  port: ({ port }: InstanceInfo) => String(port),
  uri: (instance: InstanceInfo) => uriOf(instance),
} as const;

/** `host:port`. */
export function hostPort(address: string, port: number): string {
  return `${address.includes(':') ? `[${address}]` : address}:${String(port)}`;
}

/** Assignments for a POSIX shell: `NAME_HOST`, `NAME_PORT`, `NAME_URI`, `NAME_TAG_KEY`. */
export function environmentLines(instance: InstanceInfo): string[] {
  const prefix = variableName(instance.name);
  const tags = Object.entries(instance.tags).sort(([one], [other]) => (one < other ? -1 : 1));
  return [
    [`${prefix}_HOST`, instance.address],
    [`${prefix}_PORT`, String(instance.port)],
    [`${prefix}_URI`, uriOf(instance)],
    ...tags.map(([key, value]) => [`${prefix}_TAG_${capitals(key)}`, value]),
  ].map(([name = '', value = '']) => `${name}=${shellWord(value)}`);
}

/** A text as one word of a POSIX shell. */
export function shellWord(text: string): string {
  return PLAIN_WORD.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
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

/** No letter here means anything to a shell, not even at the start of an assignment's value. */
const PLAIN_WORD = /^[A-Za-z0-9_./:@%+,-]+$/;

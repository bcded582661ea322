// The branded names of the protocol. A brand is made here or by the decoder and nowhere else, so a
// value that has one has been checked. Ids travel as 16 bytes and live as 32 hexadecimal digits:
// a string is a key of a Map, and can be read in a log.

declare const brand: unique symbol;
type Branded<T, B extends string> = T & { readonly [brand]: B };

/** One life of a server: 16 random bytes, as 32 lower-case hexadecimal digits. */
export type OriginId = Branded<string, 'OriginId'>;

/** One running offer of a service, unique for all time: as 32 lower-case hexadecimal digits. */
export type InstanceId = Branded<string, 'InstanceId'>;

/**
 * An instance's id is made of its key, and the client with the key owns the instance: 32 digits as
 * well. A secret.
 */
export type InstanceKey = Branded<string, 'InstanceKey'>;

/** An instance, and the key that its id is made of. */
export interface Identity {
  readonly instance: InstanceId;
  readonly key: InstanceKey;
}

/** The name of a service, host, cluster, server or environment, or the key of a tag. */
export type Name = Branded<string, 'Name'>;

const NAME_PATTERN = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;
const ID_PATTERN = /^[0-9a-f]{32}$/;

/** Whether a text is a name: 1 to 128 of `A-Z a-z 0-9 . _ -`, first a letter or a digit. */
export function isName(text: string): text is Name {
  return NAME_PATTERN.test(text);
}

/** Whether a text is the key of an instance: 32 lower-case hexadecimal digits, as an id has. */
export function isInstanceKey(text: string): text is InstanceKey {
  return isId(text);
}

/** Whether a text is an id: 32 lower-case hexadecimal digits. */
export function isId(text: string): boolean {
  return ID_PATTERN.test(text);
}

/** A text as a name. Throws RangeError with what is wrong, for the person who typed it. */
export function parseName(text: string, what: string): Name {
  if (isName(text)) return text;
  throw new RangeError(
    `${what} ${JSON.stringify(text)} is not a name: use 1 to 128 of A-Z a-z 0-9 . _ - ` +
      'and begin with a letter or a digit',
  );
}

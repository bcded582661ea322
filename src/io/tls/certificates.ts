// Certificates as they stand in files: which they are, what they are meant for and when. They are apart
// from the credentials, whose types the library gives to programs that need no types of Node.js.

import { X509Certificate } from 'node:crypto';

import { errorCode, reasonOf } from '../machine/reasons.ts';
import { RarangiError } from '../rarangi-error.ts';
import type { TlsEnd } from './ends.ts';

/**
 * A certificate that says what it is for is refused by the other end for anything else. Throws
 * RARANGI_USAGE.
 */
export function mustBeFor(own: X509Certificate, path: string, ends: readonly TlsEnd[]): void {
  // Undefined without such an extension, although the types deny that: then it is for everything.
  const uses = own.keyUsage as readonly string[] | undefined;
  if (uses === undefined) return;
  const lacking = ends.filter((end) => !uses.includes(USES[end]));
  if (lacking.length === 0) return;
  const names = (some: readonly TlsEnd[]): string => some.map((end) => `${end}Auth`).join(',');
  throw unusable(
    `certificate ${path} is not meant for ${lacking.join(' nor for ')} authentication: ` +
      `its extendedKeyUsage lacks ${names(lacking)}`,
    `have it issued with extendedKeyUsage=${names([...ends].sort().reverse())}`,
  );
}

/**
 * A certificate is refused by the other end outside of its time. Throws RARANGI_USAGE, with
 * CERT_NOT_YET_VALID as its cause where time mends it.
 */
export function mustBeInTime(own: X509Certificate, path: string): void {
  const failure = untimelinessOf(own, `certificate ${path}`);
  if (failure !== null) throw failure;
}

/** The same of issuers: while they are changed, one of them may be outside of its time. */
export function oneMustBeInTime(issuers: readonly X509Certificate[], path: string): void {
  const what = `no CA in ${path} is within its time: one`;
  const failures = issuers.map((issuer) => untimelinessOf(issuer, what));
  if (failures.includes(null)) return;
  // What time mends counts first.
  const failure = failures.find(isNotYetValid) ?? failures.at(-1);
  if (failure !== undefined && failure !== null) throw failure;
}

/** Whether a certificate was refused for a reason that time mends. */
export function isNotYetValid(error: unknown): boolean {
  return error instanceof RarangiError && errorCode(error.cause) === NOT_YET_VALID;
}

function untimelinessOf({ validFrom, validTo }: X509Certificate, what: string) {
  const [from, to] = [validFrom, validTo].map((time) => new Date(time));
  const now = new Date();
  if (to !== undefined && to < now) {
    return unusable(`${what} has expired: it was valid until ${to.toISOString()}`, RENEW);
  }
  if (from === undefined || !(from > now)) return null;
  const cause = Object.assign(new Error('not yet valid'), { code: NOT_YET_VALID });
  const times = `${from.toISOString()} on, and the clock of this host says ${now.toISOString()}`;
  return unusable(`${what} is not valid yet: it is from ${times}`, RENEW, cause);
}

/** The certificates in a file, that of its owner first. Throws RARANGI_USAGE if there is none. */
export function certificatesIn(pem: string, path: string): [X509Certificate, ...X509Certificate[]] {
  try {
    const [first, ...others] = (pem.match(PEM_PATTERN) ?? []).map(
      (one) => new X509Certificate(one),
    );
    if (first !== undefined) return [first, ...others];
  } catch (error) {
    throw unusable(`${path} has a certificate that cannot be read: ${reasonOf(error)}`);
  }
  throw unusable(`there is no certificate in ${path}`);
}

/** A file that cannot be used, with RARANGI_USAGE. */
export function unusable(
  message: string,
  hint = 'give a file in PEM',
  cause?: unknown,
): RarangiError {
  return RarangiError.usage(message, hint, cause);
}

/** The extended key usages, as X.509 numbers them. */
const USES = {
  client: '1.3.6.1.5.5.7.3.2',
  server: '1.3.6.1.5.5.7.3.1',
} as const satisfies Readonly<Record<TlsEnd, string>>;

const NOT_YET_VALID = 'CERT_NOT_YET_VALID';

const RENEW = 'have it renewed, or set the clock of this host right';

const PEM_PATTERN = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

// Certificates as they stand in files: which they are, and what they are meant for. They are apart from
// the credentials, whose types the library gives to programs that need no types of Node.js.

import { X509Certificate } from 'node:crypto';

import { reasonOf } from '../machine/reasons.ts';
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
export function unusable(message: string, hint = 'name a file in PEM'): RarangiError {
  return RarangiError.usage(message, hint);
}

/** The extended key usages, as X.509 numbers them. */
const USES = {
  client: '1.3.6.1.5.5.7.3.2',
  server: '1.3.6.1.5.5.7.3.1',
} as const satisfies Readonly<Record<TlsEnd, string>>;

const PEM_PATTERN = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

// TLS credentials: what this side presents and what it accepts. They are the secrets of an
// environment, or a certificate and the certificates of its issuers. The invariant: credentials
// that were read can be used: a certificate has not expired, belongs to its key, names the
// environment and allows the use that is made of it.

import { X509Certificate } from 'node:crypto';

import type { Name } from '../../protocol/ids.ts';
import { readPrivateFile, readPublicFile } from './private-file.ts';
import { privateKeyOf } from './private-key.ts';
import { RarangiError } from '../rarangi-error.ts';
import { reasonOf } from '../machine/reasons.ts';
import type { Secrets } from './secret-file.ts';
import { readSecretFile } from './secret-file.ts';

/** How the TCP of an environment is locked: by a secret, by certificates, or not at all. */
export interface LockOptions {
  /** The path of a file with the secret of the environment. */
  readonly secretFile?: string;
  /** The paths of files in PEM, for mutual TLS. */
  readonly tls?: { readonly cert: string; readonly key: string; readonly ca: string };
}

/** What was read. */
export type Credentials =
  | { readonly kind: 'secret'; readonly secrets: Secrets }
  | {
      readonly kind: 'certificate';
      readonly cert: string;
      readonly key: string;
      readonly ca: string;
      /** The fingerprints of the CAs that may issue. */
      readonly issuers: ReadonlySet<string>;
    };

/** Reads the files anew. Throws RARANGI_USAGE. */
export type ReadCredentials = () => Credentials;

/** Which end of a connection shows the certificate: a server is both, because it dials others. */
export type TlsEnd = 'client' | 'server';

/** How credentials are read; null for a door without a lock. Throws RARANGI_USAGE. */
export function credentialsOf(
  options: LockOptions,
  environment: Name,
  ends: readonly TlsEnd[],
): ReadCredentials | null {
  const { secretFile, tls } = options;
  if (secretFile !== undefined && tls !== undefined) {
    throw unusable(
      'there is a secret file, and there are certificates',
      'an environment is locked by one of them: use --secret-file, or the --tls files',
    );
  }
  if (secretFile !== undefined) {
    return () => ({ kind: 'secret', secrets: readSecretFile(secretFile) });
  }
  return tls === undefined ? null : () => readCertificates(tls, environment, ends);
}

/** The name of an environment in a certificate: a URI among its subjectAltNames. */
export function environmentUri(environment: string): string {
  return `rarangi:${environment}`;
}

/** The environments that a `subjectaltname`, as Node.js writes it, names. */
export function environmentsNamed(subjectAltName: string | undefined): string[] {
  // Node.js quotes a name that it cannot print plainly; a quoted one is none of ours.
  const plain = (subjectAltName ?? '').replace(QUOTED_PATTERN, '');
  return [...plain.matchAll(URI_PATTERN)].map(([, name]) => name ?? '');
}

function readCertificates(
  paths: NonNullable<LockOptions['tls']>,
  environment: Name,
  ends: readonly TlsEnd[],
): Extract<Credentials, { kind: 'certificate' }> {
  const cert = readPublicFile(paths.cert, 'certificate');
  const key = readPrivateFile(paths.key, 'key');
  const ca = readPublicFile(paths.ca, 'CA file');
  const [own] = certificatesIn(cert, paths.cert);
  const named = environmentsNamed(own.subjectAltName);
  if (!named.includes(environment)) {
    const names = named.length === 0 ? 'no environment' : `environment ${named.join(', ')}`;
    throw unusable(
      `certificate ${paths.cert} names ${names}, and this is environment ${environment}`,
      `have it issued with subjectAltName=URI:${environmentUri(environment)}`,
    );
  }
  if (Date.parse(own.validTo) < Date.now()) {
    throw unusable(`certificate ${paths.cert} has expired: ${own.validTo}`, 'have it renewed');
  }
  mustBeFor(own, paths.cert, ends);
  if (!own.checkPrivateKey(privateKeyOf(key, paths.key))) {
    throw unusable(`key ${paths.key} is not that of certificate ${paths.cert}`, 'name its key');
  }
  const issuers = certificatesIn(ca, paths.ca).map(({ fingerprint256 }) => fingerprint256);
  return { kind: 'certificate', cert, key, ca, issuers: new Set(issuers) };
}

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

function unusable(message: string, hint = 'name a file in PEM'): RarangiError {
  return RarangiError.usage(message, hint);
}

/** The extended key usages, as X.509 numbers them. */
const USES = {
  client: '1.3.6.1.5.5.7.3.2',
  server: '1.3.6.1.5.5.7.3.1',
} as const satisfies Readonly<Record<TlsEnd, string>>;

const QUOTED_PATTERN = /"(?:[^"\\]|\\.)*"/g;
const URI_PATTERN = /(?<=^|, )URI:rarangi:([A-Za-z0-9][A-Za-z0-9._-]{0,127})(?=,|$)/g;
const PEM_PATTERN = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

// TLS credentials: what this side presents and what it accepts. They are the secrets of an
// environment, or a certificate and the certificates of its issuers. The invariant: credentials
// that were read can be used: a certificate is in its time, belongs to its key, names the
// environment and allows the use that is made of it.

import type { Name } from '../../protocol/ids.ts';
import {
  certificatesIn,
  mustBeFor,
  mustBeInTime,
  oneMustBeInTime,
  unusable,
} from './certificates.ts';
import type { TlsEnd } from './ends.ts';
import { readPrivateFile, readPublicFile } from './private-file.ts';
import { privateKeyOf } from './private-key.ts';
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

/** How credentials are read; null for a door without a lock. Throws RARANGI_USAGE. */
export function credentialsOf(
  options: LockOptions,
  environment: Name,
  ends: readonly TlsEnd[],
): ReadCredentials | null {
  const { secretFile, tls } = options;
  if (secretFile !== undefined && tls !== undefined) {
    throw unusable(
      '--secret-file and the --tls files exclude each other',
      'use one of them: an environment is locked by a secret, or by certificates',
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
      `certificate ${paths.cert} names ${names}, but this is environment ${environment}`,
      `have it issued with subjectAltName=URI:${environmentUri(environment)}`,
    );
  }
  mustBeInTime(own, paths.cert);
  mustBeFor(own, paths.cert, ends);
  if (!own.checkPrivateKey(privateKeyOf(key, paths.key))) {
    throw unusable(
      `key ${paths.key} does not belong to certificate ${paths.cert}`,
      'give the key of that certificate',
    );
  }
  const issuers = certificatesIn(ca, paths.ca);
  oneMustBeInTime(issuers, paths.ca);
  const prints = issuers.map(({ fingerprint256 }) => fingerprint256);
  return { kind: 'certificate', cert, key, ca, issuers: new Set(prints) };
}

const QUOTED_PATTERN = /"(?:[^"\\]|\\.)*"/g;
const URI_PATTERN = /(?<=^|, )URI:rarangi:([A-Za-z0-9][A-Za-z0-9._-]{0,127})(?=,|$)/g;

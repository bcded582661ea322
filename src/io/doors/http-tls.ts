// The certificate of HTTP beyond loopback. One invariant: certificate and key were read whole, belong
// together and were in their time then; when new files cannot be used the old ones stay in use, and
// streams go on either way.

import { X509Certificate } from 'node:crypto';
import type { ServerOptions } from 'node:https';

import { RarangiError } from '../rarangi-error.ts';
import { certificatesIn, mustBeFor, mustBeInTime } from '../tls/certificates.ts';
import { privateKeyOf } from '../tls/private-key.ts';
import { readPrivateFile, readPublicFile } from '../tls/private-file.ts';
import type { DoorServer } from './door.ts';

/** What decides whether HTTP beyond loopback is encrypted. */
type Given = Pick<DoorServer, 'settings' | 'lock'>;

/** The files of HTTPS; null where there is no certificate, or HTTP is to be in the clear. */
export function httpTlsFilesOf({ settings, lock }: Given): Pair | null {
  if (settings.isHttpInsecure) return null;
  return settings.httpTls ?? lock.tls ?? null;
}

/** The options of HTTPS; null where HTTP is in the clear. Throws RARANGI_USAGE. */
export function httpTlsOf(given: Given): TlsOptions | null {
  const { lock } = given;
  const files = httpTlsFilesOf(given);
  if (files === null) return null;
  const { cert, key } = readPair(files);
  if (lock.tls === undefined) return { cert, key, minVersion: 'TLSv1.2' };
  // A certificate of the environment counts as a token; browsers have none.
  const ca = readPublicFile(lock.tls.ca, 'CA file');
  return { cert, key, ca, requestCert: true, rejectUnauthorized: false, minVersion: 'TLSv1.2' };
}

/** The options of HTTPS from files. */
export type TlsOptions = Pick<
  ServerOptions,
  'cert' | 'key' | 'ca' | 'requestCert' | 'rejectUnauthorized' | 'minVersion'
>;

/** A certificate and its key; in files, or what is in them. */
interface Pair {
  readonly cert: string;
  readonly key: string;
}

/** Reads a certificate and its key. Throws RARANGI_USAGE. */
export function readPair(files: Pair): Pair {
  const cert = readPublicFile(files.cert, 'certificate');
  const key = readPrivateFile(files.key, 'key');
  const secret = privateKeyOf(key, files.key);
  const [own] = certificatesIn(cert, files.cert);
  mustBeInTime(own, files.cert);
  mustBeFor(own, files.cert, ['server']);
  if (own.checkPrivateKey(secret)) return { cert, key };
  throw RarangiError.usage(
    `key ${files.key} does not belong to certificate ${files.cert}`,
    'give the certificate and its key, both in PEM',
  );
}

/** When the certificate that expires first does so, in seconds since 1970; null without one. */
export function certificateExpirySeconds({ settings, lock }: Given): number | null {
  const files = [settings.httpTls?.cert, lock.tls?.cert].filter((file) => file !== undefined);
  const times = files.map((file) =>
    Date.parse(new X509Certificate(readPublicFile(file, 'certificate')).validTo),
  );
  return times.length === 0 ? null : Math.min(...times) / 1_000;
}

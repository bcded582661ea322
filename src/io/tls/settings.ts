// How TLS is spoken, by either end. One invariant: 1.3 and nothing else, with a fresh X25519 key
// for every connection, so that a secret that leaks later does not open what was said before; and
// no tickets, because a ticket would outlive the secret or the certificate that it was issued for.

import { constants } from 'node:crypto';
import type { PeerCertificate, SecureContextOptions, TLSSocket } from 'node:tls';

import type { Credentials } from './credentials.ts';
import { environmentsNamed } from './credentials.ts';
import { certificateReasonOf } from './reasons.ts';
import type { Secret, Secrets } from './secret-file.ts';

/** What TLS is told by either end. */
export function contextOf(credentials: Credentials): SecureContextOptions {
  const { kind } = credentials;
  // Loaded here, because node:crypto takes milliseconds to load, and few connections are locked.
  const common = { ...COMMON, secureOptions: constants.SSL_OP_NO_TICKET };
  if (kind === 'secret') return common;
  const { cert, key, ca } = credentials;
  return { ...common, cert, key, ca };
}

/**
 * The identity that an end shows in the clear, so that the other one knows which secret it means.
 */
export function identityOf(environment: string, { id }: Secret): string {
  return `${environment}#${id}`;
}

/** The environment that an identity names, and the id of its secret; null for none. */
export function parseIdentity(
  identity: string,
): { readonly environment: string; readonly id: string | null } | null {
  const [, environment, id] = IDENTITY_PATTERN.exec(identity) ?? [];
  return environment === undefined ? null : { environment, id: id ?? null };
}

/**
 * The secret that an identity means. A bare name means the first one; so does an unknown id, so
 * that the handshake says "another secret" and not "another environment".
 */
export function secretFor(secrets: Secrets, id: string | null): Secret {
  return secrets.find((secret) => secret.id === id) ?? secrets[0];
}

/** What a connection was opened with. */
export type Proof =
  | { readonly kind: 'secret'; readonly id: string }
  | { readonly kind: 'certificate'; readonly chain: readonly string[] };

/** Whether a proof would still be one. */
export function isStillTrusted(proof: Proof, credentials: Credentials): boolean {
  if (credentials.kind === 'secret') {
    return proof.kind === 'secret' && credentials.secrets.some(({ id }) => id === proof.id);
  }
  return (
    proof.kind === 'certificate' && proof.chain.some((print) => credentials.issuers.has(print))
  );
}

/** The proof that lies in the certificate of the other end. */
export function certificateProofOf(socket: TLSSocket): Proof {
  const chain: string[] = [];
  let next: ReturnType<TLSSocket['getPeerCertificate']> | undefined =
    socket.getPeerCertificate(true);
  // The last one is its own issuer.
  while (next !== undefined && !chain.includes(next.fingerprint256)) {
    chain.push(next.fingerprint256);
    next = (next as { issuerCertificate?: typeof next }).issuerCertificate;
  }
  return { kind: 'certificate', chain };
}

/** Why the certificate of the other end does not prove that it is of an environment; null if it does. */
export function distrustOf(socket: TLSSocket, environment: string): string | null {
  // None of a socket that is destroyed.
  const certificate = socket.getPeerCertificate() as PeerCertificate | null;
  // The first check: a session of TLS 1.3 that is resumed without a certificate is "authorized".
  if (certificate === null || Object.keys(certificate).length === 0) return 'there is none';
  if (!socket.authorized) return certificateReasonOf(String(socket.authorizationError));
  return strangenessOf(certificate, environment);
}

/** What is wrong with the environment that a certificate names; null if it is ours. */
export function strangenessOf(
  certificate: Pick<PeerCertificate, 'subjectaltname'>,
  environment: string,
): string | null {
  const named = environmentsNamed(certificate.subjectaltname);
  if (named.includes(environment)) return null;
  const names = named.length === 0 ? 'no environment' : `environment ${named.join(', ')}`;
  return `it names ${names}, not ${environment}`;
}

const IDENTITY_PATTERN = /^([A-Za-z0-9][A-Za-z0-9._-]{0,127})(?:#([0-9a-f]{8}))?$/;

const COMMON = {
  minVersion: 'TLSv1.3',
  maxVersion: 'TLSv1.3',
  // Of the suites of TLS 1.3 one whose hash is SHA-256: an external key has no other.
  ciphers: 'TLS_AES_128_GCM_SHA256',
  ecdhCurve: 'X25519',
} as const satisfies SecureContextOptions;

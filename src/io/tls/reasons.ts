// What OpenSSL says when a handshake fails, in words that name the cause. Its names change between
// versions (an alert is SSLV3_… in one and TLSV1_… or SSL/TLS_… in another), so the code looks for
// the part that is common to all. The invariant: only a failure that time cannot mend is a refusal.

import { errorCode, reasonOf } from '../machine/reasons.ts';

/** Why a handshake failed. */
export interface TlsFailure {
  readonly reason: string;
  /** Whether trying again is of no use. */
  readonly isRefusal: boolean;
  /** Whether it was the certificate of the other end. */
  readonly isOfCertificate?: boolean;
}

/** What a dial's error means to a side that belongs to `environment`. */
export function dialFailureOf(error: unknown, environment: string): TlsFailure {
  const code = errorCode(error) ?? '';
  const known = DIAL_REFUSALS.find(([pattern]) => pattern.test(code));
  if (known !== undefined) {
    return { reason: known[1].replaceAll('{environment}', environment), isRefusal: true };
  }
  const distrust = CERTIFICATE_REASONS.get(code);
  if (distrust !== undefined) {
    const reason = `its certificate is not trusted: ${distrust}`;
    return { reason, isRefusal: true, isOfCertificate: true };
  }
  if (code.endsWith('ALERT_USER_CANCELLED')) {
    return { reason: 'the TLS handshake was not finished in time', isRefusal: false };
  }
  return { reason: tlsReasonOf(error), isRefusal: code.startsWith('ERR_SSL_') };
}

/** Why a client was not let in. */
export function acceptFailureOf(error: unknown, environment: string): string {
  const code = errorCode(error) ?? '';
  const known = ACCEPT_REFUSALS.find(([pattern]) => pattern.test(code));
  return known === undefined
    ? tlsReasonOf(error)
    : known[1].replaceAll('{environment}', environment);
}

/** What is wrong with a certificate, by OpenSSL's code. */
export function certificateReasonOf(code: string): string {
  return CERTIFICATE_REASONS.get(code) ?? `it is not valid (${code})`;
}

function tlsReasonOf(error: unknown): string {
  const code = errorCode(error) ?? '';
  if (!code.startsWith('ERR_SSL_')) return reasonOf(error);
  return `TLS: ${code.slice('ERR_SSL_'.length).toLowerCase().replaceAll('_', ' ')}`;
}

type Known = readonly [RegExp, string];

const DIAL_REFUSALS: readonly Known[] = [
  // No server says which of the two it is, or a stranger could ask it for its environment.
  [
    /ALERT_(ILLEGAL_PARAMETER|DECRYPT_ERROR)$/,
    'it has another secret for {environment}, or serves another environment',
  ],
  [/ALERT_HANDSHAKE_FAILURE$/, 'one side is locked by a secret, the other by certificates'],
  [
    /WRONG_VERSION_NUMBER$/,
    'it speaks no TLS: it runs without a secret, or is no server of rarangi',
  ],
  [
    /ALERT_(UNKNOWN_CA|BAD_CERTIFICATE|CERTIFICATE_\w+)$/,
    'it does not trust the certificate of this side',
  ],
];

const ACCEPT_REFUSALS: readonly Known[] = [
  [/BINDER_DOES_NOT_VERIFY$/, 'it has another secret for {environment}'],
  [/NO_SUITABLE_SIGNATURE_ALGORITHM$|NO_SHARED_CIPHER$|NO_SUITABLE_KEY_SHARE$/, 'it has no secret'],
  [/UNSUPPORTED_PROTOCOL$|VERSION_TOO_LOW$/, 'it speaks no TLS 1.3'],
  [
    /ALERT_(UNKNOWN_CA|BAD_CERTIFICATE|CERTIFICATE_\w+)$/,
    'it does not trust the certificate of this side',
  ],
  [/^ERR_TLS_HANDSHAKE_TIMEOUT$/, 'the TLS handshake was not finished in time'],
];

const CERTIFICATE_REASONS: ReadonlyMap<string, string> = new Map([
  ['CERT_HAS_EXPIRED', 'it has expired'],
  ['CERT_NOT_YET_VALID', 'it is not valid yet'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'it is self-signed'],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'its CA is not one that this side trusts'],
  ['UNABLE_TO_GET_ISSUER_CERT', 'its CA is not one that this side trusts'],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'its CA is not one that this side trusts'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'its CA is not one that this side trusts'],
  ['CERT_SIGNATURE_FAILURE', 'its CA is not one that this side trusts'],
  ['INVALID_PURPOSE', 'its extendedKeyUsage does not allow this use'],
]);

// TLS on a connection that we have opened. The invariant: with a secret no certificate is accepted,
// whichever CA has signed it; with certificates, only those that name the environment.

import type { Socket } from 'node:net';
import type { ConnectionOptions } from 'node:tls';

import type { Name } from '../../protocol/ids.ts';
import type { Credentials, ReadCredentials } from './credentials.ts';
import type { DialLock } from '../machine/lock.ts';
import { RarangiError } from '../rarangi-error.ts';
import { dialFailureOf } from './reasons.ts';
import type { Proof } from './settings.ts';
import { certificateProofOf, contextOf, identityOf, strangenessOf } from './settings.ts';

/** The side that dials, and what it shows. */
export interface Dialler {
  readonly environment: Name;
  readonly credentials: Credentials;
}

/** As LockHandlers, with the proof that the connection was opened with. */
interface SecureHandlers {
  readonly opened: (secured: Socket, proof: Proof) => void;
  readonly failed: (reason: string) => void;
  readonly refused: (reason: string) => void;
}

/** Speaks TLS on a connection that we have opened. */
export function secure(socket: Socket, dialler: Dialler, handlers: SecureHandlers): void {
  const { environment, credentials } = dialler;
  let strangeness: string | null = null;
  let isOver = false;
  // Loaded when it is used: a start without a lock does not wait for it.
  const { connect } = process.getBuiltinModule('node:tls');
  const secured = connect({
    socket,
    ...contextOf(credentials),
    ...identification(dialler),
    checkServerIdentity: (_, certificate) => {
      strangeness =
        credentials.kind === 'secret' ? NO_CERTIFICATES : strangenessOf(certificate, environment);
      return strangeness === null ? undefined : new Error(strangeness);
    },
  });
  const settle = (act: () => void): void => {
    if (isOver) return;
    isOver = true;
    act();
  };
  secured.on('secureConnect', () => {
    settle(() => {
      const proof = proofOf(credentials) ?? certificateProofOf(secured);
      handlers.opened(secured, proof);
    });
  });
  secured.on('error', (error) => {
    settle(() => {
      const failure = dialFailureOf(error, environment);
      // With a secret no authority is asked, and any certificate fails for the lack of one.
      if (credentials.kind === 'secret' && failure.isOfCertificate) strangeness = NO_CERTIFICATES;
      if (strangeness !== null) handlers.refused(`its certificate is not trusted: ${strangeness}`);
      else if (failure.isRefusal) handlers.refused(failure.reason);
      else handlers.failed(failure.reason);
    });
  });
  secured.on('close', () => {
    settle(() => {
      handlers.failed('it closed the connection during the TLS handshake');
    });
  });
}

/** The lock of a client: its files are read at every dial, so that a new secret needs no restart. */
export function clientLock(environment: Name, read: ReadCredentials): DialLock {
  return {
    secureDialled: (socket, handlers) => {
      let credentials: Credentials;
      try {
        credentials = read();
      } catch (error) {
        handlers.failed(RarangiError.from(error, 'RARANGI_USAGE').message);
        return;
      }
      secure(socket, { environment, credentials }, handlers);
    },
  };
}

function identification({ environment, credentials }: Dialler): ConnectionOptions {
  if (credentials.kind === 'certificate') return {};
  const [secret] = credentials.secrets;
  return {
    // The authorities that Node.js trusts by itself do not count here.
    ca: [],
    pskCallback: () => ({ identity: identityOf(environment, secret), psk: secret.key }),
  };
}

function proofOf(credentials: Credentials): Proof | null {
  if (credentials.kind === 'certificate') return null;
  return { kind: 'secret', id: credentials.secrets[0].id };
}

const NO_CERTIFICATES = 'this side expects a secret, not a certificate';

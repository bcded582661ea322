// The lock of a server. Whoever comes has to speak TLS at once and to prove that he belongs to the
// environment; whoever cannot is told nothing but that TLS is spoken here. The invariant: what is
// open was opened with what is trusted now: what a reload takes out of the files is closed.

import type { Socket } from 'node:net';
import type { Server, TLSSocket } from 'node:tls';
import { createServer } from 'node:tls';

import { LIMITS } from '../../core/server/links/limits.ts';
import type { Notice } from '../../core/notices.ts';
import { encodeMessage } from '../../protocol/codec.ts';
import { HANDSHAKE_MS_MAX } from '../../protocol/constants.ts';
import { PROTOCOL_ERRORS } from '../../protocol/errors.ts';
import { encodeFrame } from '../../protocol/frame.ts';
import type { Name } from '../../protocol/ids.ts';
import { remoteOf } from '../machine/addresses.ts';
import type { Credentials, ReadCredentials } from './credentials.ts';
import type { AcceptLock, DialLock, LockHandlers } from '../machine/lock.ts';
import { RarangiError } from '../rarangi-error.ts';
import { errorCode } from '../machine/reasons.ts';
import { secure } from './dial.ts';
import { acceptFailureOf, certificateReasonOf } from './reasons.ts';
import type { Proof } from './settings.ts';
import {
  certificateProofOf,
  contextOf,
  isStillTrusted,
  parseIdentity,
  secretFor,
  strangenessOf,
} from './settings.ts';

/** What a server's lock is made of. */
export interface ServerLockOptions {
  readonly environment: Name;
  readonly read: ReadCredentials;
  readonly onNotice: (notice: Notice) => void;
  /** Other numbers than those of core/server/links/limits.ts. */
  readonly limits?: Readonly<Partial<Record<DoorLimit, number>>>;
}

/** Of the table of limits, those that hold before anything is proved. */
type DoorLimit = 'strangers' | 'connections-per-address';

/** Whoever has come and has not proved anything yet. */
interface Stranger {
  readonly remote: string;
  /** Without its port. */
  readonly host: string;
  readonly socket: Socket;
  readonly opened: (secured: Socket) => void;
}

/** The lock of one server: of what comes, and of what it dials. */
export class ServerLock implements AcceptLock, DialLock {
  readonly kind: Credentials['kind'];
  readonly #options: ServerLockOptions;
  readonly #server: Server;
  /** By their addresses, the oldest first. */
  readonly #strangers = new Map<string, Stranger>();
  /** How many connections each host has, strangers and others. */
  readonly #counts = new Map<string, number>();
  readonly #proofs = new Map<Socket, Proof>();
  /** What is said of a secret, by whom: until the handshake has proved it, no more than that. */
  readonly #identities = new WeakMap<TLSSocket, string>();
  #credentials: Credentials;

  /** Reads the files. Throws RARANGI_USAGE. */
  constructor(options: ServerLockOptions) {
    this.#options = options;
    this.#credentials = options.read();
    this.kind = this.#credentials.kind;
    this.#server = createServer({
      ...contextOf(this.#credentials),
      handshakeTimeout: HANDSHAKE_MS_MAX,
      requestCert: this.kind === 'certificate',
      // It is this side that judges, for Node.js would hang up without a word.
      rejectUnauthorized: false,
      pskCallback: (socket, identity) => this.#keyFor(socket, identity),
    });
    this.#server.on('secureConnection', (secured) => {
      this.#welcome(secured);
    });
    this.#server.on('tlsClientError', (error, secured) => {
      const remote = remoteOf(secured);
      // Whoever is gone has no address any more; the close of its socket is told of instead.
      if (this.#strangers.delete(remote)) this.#refuse(remote, this.#reasonFor(error, secured));
      // A handshake that fails is closed by itself, one that takes too long is not.
      if (errorCode(error) === 'ERR_TLS_HANDSHAKE_TIMEOUT') secured.destroy();
    });
  }

  secureDialled(socket: Socket, handlers: LockHandlers): void {
    const { environment } = this.#options;
    secure(
      socket,
      { environment, credentials: this.#credentials },
      {
        ...handlers,
        opened: (secured, proof) => {
          this.#keep(secured, proof);
          handlers.opened(secured);
        },
      },
    );
  }

  secureAccepted(socket: Socket, opened: (secured: Socket) => void): void {
    const remote = remoteOf(socket);
    const stranger = { remote, host: remote.slice(0, remote.lastIndexOf(':')), socket, opened };
    this.#makeRoom(stranger.host);
    this.#strangers.set(remote, stranger);
    this.#count(stranger);
    let isSilent = true;
    let isShaking = false;
    const hangUp = (): void => {
      if (isSilent && this.#strangers.get(remote) === stranger) {
        this.#hangUp(stranger, 'it said nothing: does it have a secret?');
      }
    };
    const timer = setTimeout(() => {
      // What has arrived while this process was busy is read first.
      setImmediate(hangUp);
    }, CLIENT_HELLO_MS_MAX);
    socket.once('data', (chunk: Buffer) => {
      isSilent = false;
      clearTimeout(timer);
      if (chunk[0] !== TLS_HANDSHAKE) {
        this.#hangUp(stranger, 'it speaks no TLS: does it have a secret?');
        return;
      }
      isShaking = true;
      socket.pause();
      socket.unshift(chunk);
      this.#server.emit('connection', socket);
    });
    socket.once('close', () => {
      clearTimeout(timer);
      if (this.#strangers.get(remote) !== stranger) return;
      this.#strangers.delete(remote);
      if (isShaking) this.#refuse(remote, 'it was gone before the TLS handshake was finished');
    });
  }

  /** Reads the files again; what cannot be used changes nothing. */
  reload(): void {
    const { read, onNotice } = this.#options;
    try {
      const credentials = read();
      this.#server.setSecureContext(contextOf(credentials));
      this.#credentials = credentials;
      onNotice({ name: 'trust-reread', fields: { what: whatIs(credentials) } });
    } catch (error) {
      const { message: reason } = RarangiError.from(error, 'RARANGI_USAGE');
      onNotice({ name: 'trust-unchanged', fields: { reason } });
    }
  }

  /** Closes what was opened with something that is not trusted any more. */
  withdraw(): void {
    for (const [socket, proof] of this.#proofs) {
      if (isStillTrusted(proof, this.#credentials)) continue;
      socket.destroy(new Error('what it was opened with is not trusted any more'));
    }
  }

  /** Lets go whoever has not proved anything. */
  close(): void {
    const strangers = [...this.#strangers.values()];
    this.#strangers.clear();
    for (const { socket } of strangers) socket.destroy();
  }

  #keyFor(socket: TLSSocket, identity: string): Uint8Array | null {
    this.#identities.set(socket, identity);
    const { environment } = this.#options;
    const meant = parseIdentity(identity);
    if (this.#credentials.kind !== 'secret' || meant?.environment !== environment) return null;
    return secretFor(this.#credentials.secrets, meant.id).key;
  }

  #reasonFor(error: Error, secured: TLSSocket): string {
    const { environment } = this.#options;
    const identity = this.#identities.get(secured);
    const theirs = identity === undefined ? null : parseIdentity(identity);
    if (theirs !== null && theirs.environment !== environment) {
      return `it asks for environment ${theirs.environment}, this server serves ${environment}`;
    }
    return acceptFailureOf(error, environment);
  }

  #welcome(secured: TLSSocket): void {
    const stranger = this.#strangers.get(remoteOf(secured));
    if (stranger === undefined) {
      secured.destroy();
      return;
    }
    this.#strangers.delete(stranger.remote);
    const distrust = this.kind === 'certificate' ? this.#distrustOf(secured) : null;
    if (distrust !== null) {
      const { code } = PROTOCOL_ERRORS['not-trusted'];
      const reason = `your certificate is not trusted: ${distrust}`;
      secured.on('error', () => undefined);
      secured.resume();
      secured.end(encodeFrame(encodeMessage({ kind: 'error', error: code, reason })));
      setTimeout(() => secured.destroy(), HANDSHAKE_MS_MAX).unref();
      this.#refuse(stranger.remote, `its certificate is not trusted: ${distrust}`);
      return;
    }
    this.#keep(secured, this.#proofOf(secured));
    stranger.opened(secured);
  }

  #distrustOf(secured: TLSSocket): string | null {
    const certificate = secured.getPeerCertificate();
    if (Object.keys(certificate).length === 0) return 'there is none';
    const { authorizationError } = secured;
    if (!secured.authorized) return certificateReasonOf(String(authorizationError));
    return strangenessOf(certificate, this.#options.environment);
  }

  #proofOf(secured: TLSSocket): Proof {
    if (this.#credentials.kind === 'certificate') return certificateProofOf(secured);
    const { id } = parseIdentity(this.#identities.get(secured) ?? '') ?? { id: null };
    return { kind: 'secret', id: secretFor(this.#credentials.secrets, id).id };
  }

  #keep(secured: Socket, proof: Proof): void {
    this.#proofs.set(secured, proof);
    secured.once('close', () => {
      this.#proofs.delete(secured);
    });
  }

  /** Says in TLS that TLS is spoken here, and closes. */
  #hangUp({ remote, socket }: Stranger, reason: string): void {
    this.#refuse(remote, reason);
    socket.resume();
    socket.end(TLS_ALERT);
    setTimeout(() => socket.destroy(), HANDSHAKE_MS_MAX).unref();
  }

  #count({ host, socket }: Stranger): void {
    this.#counts.set(host, (this.#counts.get(host) ?? 0) + 1);
    socket.once('close', () => {
      const left = (this.#counts.get(host) ?? 0) - 1;
      if (left > 0) this.#counts.set(host, left);
      else this.#counts.delete(host);
    });
  }

  /** At a limit the oldest stranger goes, so that whoever waits keeps nobody out. */
  #makeRoom(host: string): void {
    const isHostFull = (this.#counts.get(host) ?? 0) >= this.#maxOf('connections-per-address');
    if (this.#strangers.size >= this.#maxOf('strangers')) {
      this.#letGoOldest(() => true, 'too many wait at the door, and it has waited longest');
    } else if (isHostFull) {
      const reason = 'its address has too many connections, and it has waited longest';
      // If there is none the newcomer comes in, and hears from the core that there is no room.
      this.#letGoOldest((stranger) => stranger.host === host, reason);
    }
  }

  #maxOf(limit: DoorLimit): number {
    return this.#options.limits?.[limit] ?? LIMITS[limit].max;
  }

  #letGoOldest(isMeant: (stranger: Stranger) => boolean, reason: string): void {
    for (const stranger of this.#strangers.values()) {
      if (!isMeant(stranger)) continue;
      this.#strangers.delete(stranger.remote);
      this.#refuse(stranger.remote, reason);
      stranger.socket.destroy();
      return;
    }
  }

  #refuse(address: string, reason: string): void {
    this.#options.onNotice({ name: 'refused-stranger', fields: { address, reason } });
  }
}

function whatIs(credentials: Credentials): string {
  if (credentials.kind === 'certificate') return 'the certificate, its key and the CA file';
  const [shown, ...others] = credentials.secrets.map(({ id }) => id);
  const also = others.length === 0 ? '' : `, and ${others.join(', ')} is accepted`;
  return `secret ${String(shown)} is shown${also}`;
}

/** The first byte of everything that a TLS client says before it is encrypted. */
const TLS_HANDSHAKE = 0x16;

/**
 * A fatal alert, user_canceled: nothing else that OpenSSL sends is like it. A client without a
 * secret waits for a welcome; this is what it hears, and it knows what is spoken here.
 */
const TLS_ALERT = Buffer.from([0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x5a]);

/** A client that has a secret says so in its first packet; one without is told within a second. */
const CLIENT_HELLO_MS_MAX = 800;

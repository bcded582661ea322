// The lock of a server. It accepts TLS 1.3 only. A client that does not begin with a ClientHello,
// or cannot prove that it belongs to the environment, gets a TLS alert and nothing else. The
// invariant: every open connection was opened with credentials that are trusted now: a reload
// closes those whose credentials are gone from the files. With a secret no TLS begins before the
// first record has shown that the client has it.

import type { Socket } from 'node:net';
import type { Server, TLSSocket } from 'node:tls';
import { createServer } from 'node:tls';

import { LIMITS } from '../../core/server/limits.ts';
import type { Rations } from '../../core/server/links/rations.ts';
import { Strangers } from '../../core/server/links/strangers.ts';
import type { Notice } from '../../core/notices.ts';
import { encodeMessage } from '../../protocol/codec.ts';
import { HANDSHAKE_MS_MAX } from '../../protocol/constants.ts';
import { PROTOCOL_ERRORS } from '../../protocol/errors.ts';
import { encodeFrame } from '../../protocol/frame.ts';
import type { Name } from '../../protocol/ids.ts';
import { hostIn, remoteOf } from '../machine/addresses.ts';
import { Binders } from './binders.ts';
import { firstRecordOf } from './client-hello.ts';
import type { Credentials, ReadCredentials } from './credentials.ts';
import { nodeRuntime } from '../machine/node-runtime.ts';
import type { AcceptLock, DialLock, LockedServer, LockHandlers } from '../machine/lock.ts';
import { RarangiError } from '../rarangi-error.ts';
import { errorCode } from '../machine/reasons.ts';
import { secure } from './dial.ts';
import { acceptFailureOf } from './reasons.ts';
import type { Proof } from './settings.ts';
import {
  certificateProofOf,
  contextOf,
  distrustOf,
  isStillTrusted,
  parseIdentity,
  secretFor,
} from './settings.ts';

/** What a server's lock is made of. */
export interface ServerLockOptions {
  readonly environment: Name;
  readonly read: ReadCredentials;
  readonly onNotice: (notice: Notice) => void;
  /** Other numbers than those of core/server/limits.ts. */
  readonly limits?: Readonly<Partial<Record<DoorLimit, number>>>;
  /** Other rations of failed handshakes than those below. */
  readonly rations?: Rations;
}

/** The limits that hold before a client has proved anything. */
type DoorLimit = 'strangers' | 'connections-per-address';

/** A connection that has not proved anything yet. */
interface Stranger {
  readonly remote: string;
  readonly socket: Socket;
  readonly opened: (secured: Socket) => void;
  /** What it has said so far. */
  said: Buffer;
}

/** The lock of one server, for connections that it accepts and that it dials. */
export class ServerLock implements AcceptLock, DialLock {
  readonly kind: Credentials['kind'];
  readonly #options: ServerLockOptions;
  readonly #server: Server;
  /** Those that have not proved anything, by their addresses. */
  readonly #waiting = new Map<string, Stranger>();
  readonly #strangers: Strangers<Stranger>;
  readonly #binders: Binders;
  #within: LockedServer = { hosts: () => [], refused: () => undefined };
  readonly #proofs = new Map<Socket, Proof>();
  /** The secret that each connection claims: only a claim until the handshake has proved it. */
  readonly #identities = new WeakMap<TLSSocket, string>();
  #credentials: Credentials;

  /** Reads the files. Throws RARANGI_USAGE. */
  constructor(options: ServerLockOptions) {
    this.#options = options;
    this.#credentials = options.read();
    this.kind = this.#credentials.kind;
    this.#binders = new Binders(options.environment);
    this.#strangers = new Strangers({
      strangersMax: options.limits?.strangers ?? LIMITS.strangers.max,
      perAddressMax: this.#perAddressMax(),
      rations: options.rations ?? RATIONS[this.kind],
      servers: () => this.#within.hosts(),
    });
    this.#server = createServer({
      ...contextOf(this.#credentials),
      handshakeTimeout: HANDSHAKE_MS_MAX,
      requestCert: this.kind === 'certificate',
      // This side judges, because Node.js would hang up without a word.
      rejectUnauthorized: false,
      pskCallback: (socket, identity) => this.#keyFor(socket, identity),
    });
    this.#server.on('secureConnection', (secured) => {
      this.#welcome(secured);
    });
    this.#server.on('tlsClientError', (error, secured) => {
      const remote = remoteOf(secured);
      // A connection that is gone has no address any more; the close of its socket is told instead.
      const stranger = this.#waiting.get(remote);
      if (stranger !== undefined) this.#refuse(stranger, this.#reasonFor(error, secured));
      // A handshake that fails closes by itself; one that takes too long does not.
      if (errorCode(error) === 'ERR_TLS_HANDSHAKE_TIMEOUT') secured.destroy();
    });
  }

  /** Tells of the server behind it. */
  guard(within: LockedServer): void {
    this.#within = within;
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
          this.#strangers.noteKnown(hostIn(remoteOf(socket)));
          handlers.opened(secured);
        },
      },
    );
  }

  secureAccepted(socket: Socket, opened: (secured: Socket) => void): void {
    const remote = remoteOf(socket);
    const stranger: Stranger = { remote, socket, opened, said: Buffer.alloc(0) };
    const admission = this.#strangers.arrive(stranger, hostIn(remote), nowMs());
    if (admission === 'rationed') {
      // Before anything is made for it: this is what holds a flood off.
      socket.destroy();
      this.#tell(remote, 'too many handshakes came to nothing lately');
      return;
    }
    this.#waiting.set(remote, stranger);
    // If its address has no stranger to close, the core tells the newcomer that there is no room.
    if (admission !== 'admitted' && admission.leaving !== stranger) {
      this.#refuse(admission.leaving, TOO_MANY[admission.limit]);
      admission.leaving.socket.destroy();
    }
    this.#listenTo(stranger);
  }

  /** Hears the first record, or all that a certificate's handshake begins with. */
  #listenTo(stranger: Stranger): void {
    const { socket } = stranger;
    // What it is still to do, in words of what it has not done.
    let lack: string | null = SILENT;
    const hangUpAfter = (limitMs: number, reason: string): NodeJS.Timeout =>
      setTimeout(() => {
        // Bytes that arrived while this process was busy are read first.
        setImmediate(() => {
          if (lack === reason && this.#isWaiting(stranger)) this.#hangUp(stranger, reason);
        });
      }, limitMs);
    let timer = hangUpAfter(CLIENT_HELLO_MS_MAX, SILENT);
    const hear = (chunk: Buffer): void => {
      if (lack === SILENT) {
        clearTimeout(timer);
        lack = SLOW;
        timer = hangUpAfter(HANDSHAKE_MS_MAX, SLOW);
      }
      stranger.said = Buffer.concat([stranger.said, chunk]);
      const next = this.#answerTo(stranger);
      if (next === 'wait') return;
      lack = null;
      clearTimeout(timer);
      socket.off('data', hear);
      if (next !== 'shake') return;
      socket.pause();
      socket.unshift(stranger.said);
      stranger.said = NOTHING_MORE;
      this.#server.emit('connection', socket);
    };
    socket.on('data', hear);
    socket.once('close', () => {
      clearTimeout(timer);
      if (this.#isWaiting(stranger)) {
        this.#waiting.delete(stranger.remote);
        // A client that never said anything is not logged: somebody tried a port.
        if (stranger.said.length > 0) this.#tell(stranger.remote, GONE);
      }
      this.#strangers.forget(stranger, nowMs());
    });
  }

  /** Decides about a stranger by the bytes that it has sent so far. */
  #answerTo(stranger: Stranger): 'wait' | 'shake' | 'over' {
    const { said } = stranger;
    if (said[0] !== TLS_HANDSHAKE) return this.#hangUp(stranger, NO_TLS);
    if (this.#credentials.kind === 'certificate') return 'shake';
    const record = firstRecordOf(said);
    if (record.kind === 'part') return 'wait';
    if (record.kind === 'other') return this.#hangUp(stranger, NO_TLS);
    if (record.kind === 'bare' && record.speaks13) {
      return this.#hangUp(stranger, 'it has no secret', ALERTS.handshakeFailure);
    }
    if (record.kind === 'bare') {
      return this.#hangUp(stranger, 'it speaks no TLS 1.3', ALERTS.protocolVersion);
    }
    const verdict = this.#binders.judge(record, this.#credentials.secrets);
    if (verdict === 'sound') return 'shake';
    const reason =
      verdict === 'seen before'
        ? 'it repeats the first bytes of an earlier connection'
        : this.#strangenessOf(record.identity);
    return this.#hangUp(stranger, reason, ALERTS.decryptError);
  }

  /** Reads the files again; a file that cannot be used changes nothing. */
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

  /** Closes the connections that were opened with credentials that are not trusted any more. */
  withdraw(): void {
    for (const [socket, proof] of this.#proofs) {
      if (isStillTrusted(proof, this.#credentials)) continue;
      socket.destroy(
        new Error('the secret or certificate that it was opened with is no longer trusted'),
      );
    }
  }

  /** Closes every connection that has not proved anything. */
  close(): void {
    const strangers = [...this.#waiting.values()];
    this.#waiting.clear();
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
    const identity = this.#identities.get(secured);
    const isSecret = errorCode(error)?.endsWith('BINDER_DOES_NOT_VERIFY') === true;
    if (identity !== undefined && isSecret) return this.#strangenessOf(identity);
    return acceptFailureOf(error, this.#options.environment);
  }

  /** Why the secret that a client shows is none of ours. */
  #strangenessOf(identity: string): string {
    const { environment } = this.#options;
    const theirs = parseIdentity(identity);
    return theirs === null || theirs.environment === environment
      ? `it has another secret for ${environment}`
      : `it asks for environment ${theirs.environment}, this server serves ${environment}`;
  }

  #welcome(secured: TLSSocket): void {
    const stranger = this.#waiting.get(remoteOf(secured));
    if (stranger === undefined) {
      secured.destroy();
      return;
    }
    const { environment } = this.#options;
    const distrust = this.kind === 'certificate' ? distrustOf(secured, environment) : null;
    if (distrust !== null) {
      const { code } = PROTOCOL_ERRORS['not-trusted'];
      const reason = `your certificate is not trusted: ${distrust}`;
      secured.on('error', () => undefined);
      secured.resume();
      secured.end(encodeFrame(encodeMessage({ kind: 'error', error: code, reason })));
      setTimeout(() => secured.destroy(), HANDSHAKE_MS_MAX).unref();
      this.#refuse(stranger, `its certificate is not trusted: ${distrust}`);
      return;
    }
    this.#waiting.delete(stranger.remote);
    this.#strangers.prove(stranger);
    this.#keep(secured, this.#proofOf(secured));
    stranger.opened(secured);
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

  /** Says by a TLS alert that this side speaks TLS, or what is wrong, and closes. */
  #hangUp(stranger: Stranger, reason: string, alert: number = ALERTS.userCanceled): 'over' {
    const { socket } = stranger;
    this.#refuse(stranger, reason);
    socket.resume();
    socket.end(Buffer.of(...FATAL_ALERT_HEAD, alert));
    setTimeout(() => socket.destroy(), HANDSHAKE_MS_MAX).unref();
    return 'over';
  }

  #isWaiting(stranger: Stranger): boolean {
    return this.#waiting.get(stranger.remote) === stranger;
  }

  #perAddressMax(): number {
    const limit = 'connections-per-address';
    return this.#options.limits?.[limit] ?? LIMITS[limit].max;
  }

  /** A stranger's handshake has failed. */
  #refuse(stranger: Stranger, reason: string): void {
    this.#waiting.delete(stranger.remote);
    this.#strangers.fail(stranger, nowMs());
    this.#tell(stranger.remote, reason);
  }

  #tell(address: string, reason: string): void {
    this.#within.refused();
    this.#options.onNotice({ name: 'refused-stranger', fields: { address, reason } });
  }
}

function nowMs(): number {
  return nodeRuntime.nowMs();
}

function whatIs(credentials: Credentials): string {
  if (credentials.kind === 'certificate') return 'the certificate, its key and the CA file';
  const [shown, ...others] = credentials.secrets.map(({ id }) => id);
  const also = others.length === 0 ? '' : `, and ${others.join(', ')} is also accepted`;
  return `secret ${String(shown)} is shown${also}`;
}

/** The first byte of everything that a TLS client says before it is encrypted. */
const TLS_HANDSHAKE = 0x16;

/** A fatal alert, but for its last byte. */
const FATAL_ALERT_HEAD = [0x15, 0x03, 0x03, 0x00, 0x02, 0x02] as const;

/**
 * Of RFC 8446 6. A client without a secret waits for a welcome and gets user_canceled. OpenSSL
 * sends nothing else like it, so the client knows that this side speaks TLS.
 */
const ALERTS = {
  handshakeFailure: 40,
  decryptError: 51,
  protocolVersion: 70,
  userCanceled: 90,
} as const;

/** A client with a secret says so in its first packet; one without is told within a second. */
const CLIENT_HELLO_MS_MAX = 800;

const NO_TLS = 'it speaks no TLS: does it have a secret?';
const SILENT = 'it said nothing: does it have a secret?';
const SLOW = 'the TLS handshake was not finished in time';
/** Stands for what TLS has been given. */
const NOTHING_MORE = Buffer.of(TLS_HANDSHAKE);

const GONE = 'it closed the connection before the TLS handshake was finished';

const TOO_MANY = {
  strangers: 'too many connections wait for their handshake, and it has waited longest',
  'connections-per-address': 'its address has too many connections, and it has waited longest',
} as const;

/**
 * Handshakes a second that may fail. With a secret one costs some 50 microseconds, and ten thousand
 * half a core; with certificates 450, and 300 are a seventh of a core.
 */
const RATIONS = {
  secret: { ofStrange: 200, ofAllStrange: 10_000, ofKnown: 2_000, ofAllKnown: 10_000 },
  certificate: { ofStrange: 20, ofAllStrange: 300, ofKnown: 100, ofAllKnown: 300 },
} as const satisfies Record<Credentials['kind'], Rations>;

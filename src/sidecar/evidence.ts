// Whether the program that answers at the port of a service is the wrapped command. The invariant:
// a program that listened there before the start counts only if the command, or a process that it
// started, holds that socket; one that began to listen later counts. If something cannot be seen,
// that is not taken for a no.

import type { TellOperator } from './events.ts';
import type { Family } from './family.ts';
import { isOfThisHost } from './own-host.ts';
import { nowMs } from './pause.ts';
import { attempt, type Patience, type Probe } from './probe.ts';
import { listenersAt, runningProcesses, socketsOf } from './processes.ts';
import { keyOf, type SidecarService } from './service.ts';

/** The listener at the port of a service before the start. */
interface Earlier {
  readonly inodes: ReadonlySet<string>;
  /** It answers from where its socket cannot be seen, such as another namespace. */
  readonly isUnseen: boolean;
}

/** The knowledge about the ports of a sidecar's services. */
export class Evidence {
  readonly #family: Family;
  readonly #report: TellOperator;
  readonly #earlier = new Map<string, Earlier>();
  /**
   * The listener that did not count a moment ago: looking at all processes four times a second is
   * too costly.
   */
  readonly #refused = new Map<string, { readonly reason: string; readonly atMs: number }>();

  constructor(family: Family, report: TellOperator) {
    this.#family = family;
    this.#report = report;
  }

  /**
   * Looks for listeners before the command starts, and reports a program that answers. Never
   * rejects.
   */
  async gather(services: readonly SidecarService[]): Promise<void> {
    await Promise.all(services.map((service) => this.#look(service)));
  }

  /** Nothing answered: any listener from now on is new. */
  noteSilence(service: SidecarService): void {
    if (this.#earlier.get(keyOf(service))?.isUnseen === true) this.#earlier.delete(keyOf(service));
  }

  /**
   * Null when the program that has just answered the probe counts for the service, else why it does
   * not. Until its patience ends there must be an answer. Never rejects.
   */
  async weigh(service: SidecarService, probe: Probe, patience: Patience): Promise<string | null> {
    if (!(await isWeighed(service, [probe]))) return null;
    const key = keyOf(service);
    const last = this.#refused.get(key);
    if (last !== undefined && nowMs() - last.atMs < REFUSED_MS) return last.reason;
    if (probe.kind === 'exec') {
      const found = await look(service, patience);
      if (found === 'cut short') return 'the probe had no time left';
      // Whom a command of the shell has asked cannot be seen: where nobody answers, it decides alone.
      if (found === 'silence') {
        this.noteSilence(service);
        return null;
      }
    }
    const reason = this.#judge(service, this.#earlier.get(key));
    if (reason === null) this.#refused.delete(key);
    else this.#refused.set(key, { reason, atMs: nowMs() });
    return reason;
  }

  #judge({ offer: { name, port } }: SidecarService, earlier: Earlier | undefined): string | null {
    const now = this.#listeners(port);
    if (this.#isOfFamily(now)) return null;
    const isNew = [...now].some((inode) => earlier?.inodes.has(inode) !== true);
    const holder = holderOf(now);
    if (earlier !== undefined && (!isNew || earlier.isUnseen)) {
      return `${holder} answers at port ${String(port)}, and did so before the command started`;
    }
    this.#report('held-elsewhere', { service: name, port, holder });
    return null;
  }

  async #look(service: SidecarService): Promise<void> {
    const { name, port } = service.offer;
    if (!(await isWeighed(service, [service.ready, service.check]))) return;
    if ((await look(service, AT_LEISURE)) !== 'answer') return;
    const inodes = listenersAt(port) ?? new Set();
    this.#earlier.set(keyOf(service), { inodes, isUnseen: inodes.size === 0 });
    // A socket that we hold ourselves was opened for the command, and is handed on to it.
    if (overlap(inodes, socketsOf('self'))) return;
    this.#report('port-taken', { service: name, port, holder: holderOf(inodes) });
  }

  /** The sockets at a port, as we see them, or else as the command does: it may have a namespace. */
  #listeners(port: number): Set<string> {
    const ours = listenersAt(port) ?? new Set();
    return ours.size > 0 ? ours : (listenersAt(port, this.#family.leader) ?? new Set());
  }

  #isOfFamily(inodes: ReadonlySet<string>): boolean {
    if (this.#family.near().some(({ pid }) => overlap(inodes, socketsOf(pid)))) return true;
    return holders(inodes).some((one) => this.#family.isMarked(one));
  }
}

/** Whether the service's port of this host accepts a connection, as far as time tells. Never rejects. */
async function look(
  { offer }: SidecarService,
  { timeoutMs, signal }: Patience,
): Promise<'answer' | 'silence' | 'cut short'> {
  const endMs = nowMs() + timeoutMs;
  const patience = { timeoutMs: Math.min(timeoutMs, LOOK_MS_MAX), signal };
  if ((await attempt({ kind: 'tcp' }, offer, patience)) === null) return 'answer';
  // A timer may ring a little early.
  return signal.aborted || nowMs() > endMs - 1 ? 'cut short' : 'silence';
}

/**
 * Whether one of the probes asks at the service's port of this host, or may do so; else it decides
 * alone.
 */
async function isWeighed(
  { offer: { address, port } }: SidecarService,
  probes: readonly Probe[],
): Promise<boolean> {
  if (address !== undefined && !(await isOfThisHost(address))) return false;
  const areAtPort = probes.map(async (probe) => {
    if (probe.kind !== 'http') return probe.kind !== 'none';
    const url = new URL(probe.url.replaceAll('{port}', String(port)));
    if (Number(url.port === '' ? HTTP_PORT : url.port) !== port) return false;
    return url.hostname === address || (await isOfThisHost(url.hostname));
  });
  return (await Promise.all(areAtPort)).includes(true);
}

/** The process that holds one of the sockets, in words. */
function holderOf(inodes: ReadonlySet<string>): string {
  const [first, ...more] = holders(inodes);
  if (first === undefined) return 'a process that this user cannot see';
  const others = more.length === 0 ? '' : ` and ${String(more.length)} more`;
  return `${first.name} (process ${String(first.pid)})${others}`;
}

function holders(inodes: ReadonlySet<string>): ReturnType<typeof runningProcesses> {
  if (inodes.size === 0) return [];
  return runningProcesses().filter(({ pid }) => overlap(inodes, socketsOf(pid)));
}

function overlap(some: ReadonlySet<string>, others: ReadonlySet<string>): boolean {
  return [...some].some((one) => others.has(one));
}

/** A port of this host answers at once, or not at all. */
const LOOK_MS_MAX = 1_000;
const AT_LEISURE: Patience = { timeoutMs: Infinity, signal: new AbortController().signal };

const REFUSED_MS = 1_000;

const HTTP_PORT = 80;

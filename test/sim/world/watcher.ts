// A simulated watcher: the library's core for a standing lookup, with the servers of its host, and
// all that it was told. Its knowledge follows from that alone, as for a reader of the lines of
// `lookup --watch`.

import type { Report, Stop } from '../../../src/core/client/effect.ts';
import type { WatchReport } from '../../../src/core/client/watcher.ts';
import type { InstanceId, Name } from '../../../src/protocol/ids.ts';
import type { Instance } from '../../../src/protocol/records.ts';
import { Process } from './process.ts';
import type { Surroundings } from './service.ts';
import { addressesOf } from './service.ts';

/** The settings of a watcher. */
export interface WatchSpec {
  readonly host: string;
  readonly service: string;
  readonly environment?: string;
  /** The host whose servers it has sessions with, and their addresses; its own if not said. */
  readonly at?: string;
  readonly addresses?: readonly string[];
  /** Tells of everything that is reported. */
  readonly log?: (line: string) => void;
}

/** A report, and when it was given. */
export interface Heard {
  readonly nowMs: number;
  readonly report: WatchReport;
}

/** A client that watches a service for ever. */
export class SimWatcher {
  readonly spec: WatchSpec;
  readonly environment: string;
  readonly process: Process<Stop, Report<WatchReport>>;
  /** The reports that no checker has looked at. */
  unheard: Heard[] = [];
  /** All that was reported. */
  readonly heard: Heard[] = [];
  /** Its knowledge from the reports. */
  readonly known = new Map<InstanceId, Instance>();

  constructor({ clock, network, random, cores }: Surroundings, spec: WatchSpec) {
    this.spec = spec;
    this.environment = spec.environment ?? 'testing';
    this.process = new Process({
      clock,
      network,
      host: spec.host,
      driver: cores.driver,
      core: new cores.watcher({
        environment: this.environment as Name,
        addresses: spec.addresses ?? addressesOf('socket', spec.host, this.environment),
        service: spec.service as Name,
        wanted: {},
        random,
        isOwnHost: (host) => host === spec.host,
      }),
      perform: ({ report }) => {
        this.unheard.push({ nowMs: clock.nowMs, report });
        this.heard.push({ nowMs: clock.nowMs, report });
        if (report.kind !== 'change') return;
        const { change, instance } = report;
        const id = instance.registration.instance;
        spec.log?.(`watcher on ${spec.host}: ${change} ${id.slice(0, 8)} ${report.cause ?? ''}`);
        if (change === 'removed') this.known.delete(id);
        else this.known.set(id, instance);
      },
    });
    this.process.start([]);
  }

  get host(): string {
    return this.spec.host;
  }

  /** The host whose servers tell it. */
  get at(): string {
    return this.spec.at ?? this.spec.host;
  }
}

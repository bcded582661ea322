// A watch by HTTP: the present set of services, the mark where it ends, then every change, for as
// long as it is read. One invariant: each requested service, or pattern, has one mark, after all
// its present instances and before any change.

import type { InstanceInfo } from '../../answers/shapes.ts';
import { instanceInfoOf } from '../../answers/shapes.ts';
import { viewInfoOf, type ViewInfo, type ViewReason } from '../../answers/view.ts';
import type { Wanted } from '../../core/client/matching.ts';
import { isWanted } from '../../core/client/matching.ts';
import { usageFailure } from '../../doors/http/failures.ts';
import { HTTP_LIMITS } from '../../doors/http/limits.ts';
import type { InstanceId, Name } from '../../protocol/ids.ts';
import { isName } from '../../protocol/ids.ts';
import type { MessageOf } from '../../protocol/messages.ts';
import type { Cause, Instance } from '../../protocol/records.ts';
import type { Cancel } from '../machine/runtime.ts';
import type { Exchange } from './http-exchange.ts';
import type { HttpInside, HttpReading } from './http-inside.ts';
import type { HttpQuestion } from './http-lookup.ts';
import { wantedOf } from './http-lookup.ts';
import type { ToldIds } from './told-instances.ts';

/** Streams the instances of services, and every change. */
export function answerWatch(exchange: Exchange, { inside, query }: HttpQuestion): void {
  const subjects = [...new Set(query.get('service') ?? [])];
  for (const subject of subjects) {
    const matcher = isName(subject) ? null : inside.matcher(subject);
    if (typeof matcher !== 'string') continue;
    exchange.fail(usageFailure(matcher));
    return;
  }
  if (subjects.length > SERVICES_MAX) {
    const reason = `the limit is ${String(SERVICES_MAX)} services in a watch`;
    exchange.failAtLimit('http-services-per-watch', reason);
    return;
  }
  const watch = new HttpWatch(inside, exchange, { subjects, wanted: wantedOf(query) });
  watch.begin();
}

class HttpWatch {
  readonly #inside: HttpInside;
  readonly #exchange: Exchange;
  readonly #subjects: readonly string[];
  readonly #wanted: Wanted;
  readonly #watched = new Map<Name, Cancel>();
  /** Of all instances nothing is remembered: what is told first is new, and the rest was told of. */
  readonly #told: ToldIds | null;
  #reading: HttpReading | null = null;
  #cancelLook: Cancel = () => undefined;
  #isSynced = false;
  #view = '';
  /** The list in the view that was looked at last: the core makes a new one for each view. */
  #missing: readonly string[] | null = null;

  constructor(
    inside: HttpInside,
    exchange: Exchange,
    given: { subjects: readonly string[]; wanted: Wanted },
  ) {
    this.#inside = inside;
    this.#exchange = exchange;
    this.#subjects = given.subjects;
    this.#wanted = given.wanted;
    this.#told = isFiltered(given.wanted) ? this.#openTold() : null;
  }

  begin(): void {
    this.#reading = this.#inside.openReading(this.#exchange, {
      key: 'change',
      onEnd: () => {
        this.#forget();
      },
    });
    if (this.#reading === null) {
      this.#told?.close();
      return;
    }
    this.#lookForServices();
    this.#sync();
  }

  /** Another watch may be the one too many: an error here is this one's own. */
  #openTold(): ToldIds {
    return this.#inside.told.open(
      this.#exchange.guarded(() => {
        this.#endAtLimit();
      }),
    );
  }

  /** A pattern stands for the present services; new ones are looked for again and again. */
  #lookForServices(): void {
    for (const subject of this.#subjects) {
      for (const name of this.#namesOf(subject)) this.#follow(name);
    }
    if (this.#reading === null || this.#subjects.every(isName)) return;
    this.#cancelLook = this.#exchange.alarm(LOOK_MS, () => {
      this.#lookForServices();
    });
  }

  #namesOf(subject: string): readonly Name[] {
    if (isName(subject)) return [subject];
    const isMatch = this.#inside.matcher(subject);
    const names = this.#inside.server.state().catalogue.serviceNames().filter(isName);
    return typeof isMatch === 'string' ? [] : names.filter(isMatch);
  }

  #follow(name: Name): void {
    if (this.#watched.has(name) || this.#reading === null) return;
    const cancel = this.#reading.session.watch(
      { service: name },
      (change) => {
        this.#take(name, change);
      },
      (reason) => {
        this.#tell({ change: 'failed', service: name, reason });
        this.#end();
      },
    );
    this.#watched.set(name, cancel);
  }

  #endAtLimit(): void {
    this.#exchange.noteLimit('http-told-in-all');
    for (const service of this.#subjects)
      this.#tell({ change: 'failed', service, reason: TOO_MANY });
    this.#end();
  }

  /** Ends the stream: nothing more is followed or told. */
  #end(): void {
    const reading = this.#reading;
    this.#forget();
    reading?.stream.end();
  }

  #forget(): void {
    this.#reading = null;
    this.#cancelLook();
    this.#told?.close();
  }

  /** The calls that began the watches have told all that is present. */
  #sync(): void {
    const view = this.#viewNow();
    for (const service of this.#subjects) this.#tell({ change: 'synced', service, ...view });
    this.#isSynced = true;
  }

  #take(service: Name, message: MessageOf<'change'>): void {
    if (this.#reading === null) return;
    const { change, instance, cause } = message;
    if (change === 'synced' || change === 'view') this.#noteView();
    else if (instance !== undefined) this.#takeInstance(instance, { change, service, cause });
  }

  #takeInstance(
    instance: Instance,
    told: { readonly change: string; readonly service: Name; readonly cause: Cause | undefined },
  ): void {
    const id = instance.registration.instance;
    const { change, service, cause } = told;
    const wasTold = this.#wasTold(id, change);
    if (change === 'removed' || !isWanted(instance, this.#wanted)) {
      if (!wasTold) return;
      this.#told?.delete(id);
      const why = change === 'removed' ? cause : 'replaced';
      this.#tell({ change: 'removed', service, instance: instanceInfoOf(instance), cause: why });
      return;
    }
    this.#told?.add(id);
    const asNew = this.#isSynced ? 'added' : 'present';
    const shown = wasTold && change !== 'present' ? change : asNew;
    this.#tell({ change: shown, service, instance: instanceInfoOf(instance) });
  }

  /** Of a watch without a filter the core tells the same. */
  #wasTold(id: InstanceId, change: string): boolean {
    return this.#told?.has(id) ?? (change !== 'present' && change !== 'added');
  }

  /** Each service says that the view has changed; it is told once. */
  #noteView(): void {
    const { missing } = this.#inside.server.state().view;
    if (missing === this.#missing) return;
    this.#missing = missing;
    const view = this.#viewNow();
    const said = JSON.stringify(view);
    const isNew = this.#view !== said;
    this.#view = said;
    if (!isNew || !this.#isSynced) return;
    for (const service of this.#subjects) this.#tell({ change: 'view', service, ...view });
  }

  #viewNow(): ViewInfo {
    const { isComplete: complete, missing, missingCount, why } = this.#inside.server.state().view;
    return viewInfoOf({ complete, missing, missingCount, why });
  }

  #tell(event: WatchLine): void {
    this.#reading?.stream.event(event.change, event);
  }
}

/** A line of a watch. */
interface WatchLine {
  readonly change: string;
  readonly service: string;
  readonly instance?: InstanceInfo;
  readonly cause?: Cause | undefined;
  readonly complete?: boolean;
  readonly missing?: readonly string[];
  readonly missingCount?: number;
  readonly why?: ViewReason;
  readonly reason?: string;
}

/** Whether an instance may cease to be wanted while it is there. */
function isFiltered({ tags = {}, cluster }: Wanted): boolean {
  return cluster !== undefined || Object.keys(tags).length > 0;
}

const TOO_MANY =
  'the watches with a tag or a cluster have too many instances at this server: watch fewer services';
const { max: SERVICES_MAX } = HTTP_LIMITS['http-services-per-watch'];
const LOOK_MS = 250;

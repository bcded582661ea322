// A catalogue whose list of services stays the same while their names do. The catalogue itself
// gives another one with every change of an instance, but finding a name needs only the names.

import type { DnsCatalogue, FoundServices } from './responder.ts';

/** The same catalogue. */
export function steady(catalogue: DnsCatalogue): DnsCatalogue {
  let latest: FoundServices['services'] = [];
  let known: FoundServices['services'] = [];
  return {
    lookup: (service, take) => {
      catalogue.lookup(service, take);
    },
    list: (take) => {
      catalogue.list(({ services, view }) => {
        if (services !== latest && !isSame(services, known)) known = services;
        latest = services;
        take({ services: known, view });
      });
    },
    serial: () => catalogue.serial(),
    stamp: () => catalogue.stamp(),
  };
}

function isSame(one: FoundServices['services'], other: FoundServices['services']): boolean {
  if (one.length !== other.length) return false;
  return one.every(({ name }, index) => name === other[index]?.name);
}

// Which environments run on this host. This is asked only for messages: a user who found none may
// have meant another one. Every server greets with its environment, so reading the greeting is
// enough.

import { readdirSync } from 'node:fs';
import { join } from 'node:path';

import { WELL_KNOWN_PORTS } from '../../protocol/constants.ts';
import { formatAddress, socketFolders } from '../machine/addresses.ts';
import { environmentAt } from '../machine/greeting.ts';
import { nodeRuntime } from '../machine/node-runtime.ts';

/** The environments whose servers answer on this host, in alphabetical order. Never rejects. */
export async function environmentsHere(): Promise<string[]> {
  const found = await Promise.all(localAddresses().map(greetedEnvironment));
  return [...new Set(found.filter((environment) => environment !== null))].sort(byCodeUnits);
}

function localAddresses(): string[] {
  const ports = [...WELL_KNOWN_PORTS.values()].flatMap((port) => [port, port + 1]);
  return [
    ...socketFolders().flatMap(socketsIn),
    ...ports.map((port) => formatAddress('127.0.0.1', port)),
  ];
}

function socketsIn(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => /-[ab]\.sock$/.test(name))
      .map((name) => join(folder, name));
  } catch {
    // No such folder, or none of ours: no sockets.
    return [];
  }
}

function greetedEnvironment(address: string): Promise<string | null> {
  return environmentAt(address, { runtime: nodeRuntime, limitMs: GREETING_MS_MAX });
}

function byCodeUnits(one: string, other: string): number {
  return one < other ? -1 : 1;
}

/**
 * A server on this host greets within a millisecond, on a busy one within some hundreds. Only a program
 * that greets nobody makes a user wait so long for a hint.
 */
const GREETING_MS_MAX = 1_000;

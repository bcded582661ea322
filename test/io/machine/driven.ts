// A driver under the control of a test: a world of lines and dials, and a core that does as a script
// says.

import type { Input } from '../../../src/core/input.ts';
import type { CaughtFault } from '../../../src/io/machine/bulkhead.ts';
import { Driver } from '../../../src/io/machine/driver.ts';
import type { Core } from '../../../src/io/machine/driver-options.ts';
import type { Relief } from '../../../src/io/machine/unread.ts';
import type { ShellEffect } from '../../../src/io/machine/shell-effect.ts';
import type {
  Channel,
  ConnectionHandlers,
  DialHandlers,
  Runtime,
} from '../../../src/io/machine/runtime.ts';
import { encodeMessage } from '../../../src/protocol/codec.ts';
import { encodeFrame } from '../../../src/protocol/frame.ts';
import type { Name } from '../../../src/protocol/ids.ts';
import type { Message, MessageOf } from '../../../src/protocol/messages.ts';

export interface Note {
  readonly kind: 'note';
  readonly text: string;
}
export type Script = (input: Input) => readonly (ShellEffect | Note)[];

/** A world under the control of the test. */
export class World implements Runtime {
  ms = 100;
  readonly dials: (DialHandlers & { address: string; isCancelled: boolean })[] = [];
  alarms: { atMs: number; ring: () => void }[] = [];

  nowMs = (): number => this.ms;
  random = (): number => 0;
  listen = (): Promise<never> => Promise.reject(new Error('nobody listens'));

  dial = (address: string, handlers: DialHandlers) => {
    const dial = { address, ...handlers, isCancelled: false };
    this.dials.push(dial);
    return () => {
      dial.isCancelled = true;
    };
  };

  setAlarm = (atMs: number, ring: () => void) => {
    const alarm = { atMs, ring };
    this.alarms.push(alarm);
    return () => {
      this.alarms = this.alarms.filter((other) => other !== alarm);
    };
  };

  ring(): void {
    const [alarm] = this.alarms.splice(0, 1);
    this.ms = alarm!.atMs;
    alarm!.ring();
  }
}

/** The other end of a connection. */
export class Line implements Channel {
  readonly remote = '10.0.0.1:9';
  readonly transport = 'tcp';
  unwrittenBytes = 0;
  /** Each write, as the number of messages in it. */
  readonly writes: number[] = [];
  isEnding = false;
  finish!: () => void;

  isReading = true;

  setReading(isReading: boolean): void {
    this.isReading = isReading;
  }

  write(chunks: readonly Uint8Array[]): void {
    this.writes.push(chunks.length);
  }

  end(_: number, ended: () => void): void {
    this.isEnding = true;
    this.finish = ended;
  }
}

/** A driver of a core that follows the script, and the inputs of the core. */
export function drive(
  script: Script = () => [],
  inputOf?: (fault: CaughtFault) => Input,
  relief?: Relief,
) {
  const world = new World();
  const inputs: Input[] = [];
  const notes: string[] = [];
  const core: Core<Input, Note> & { deadlineMs: number } = {
    deadlineMs: Infinity,
    step: (input) => {
      inputs.push(input);
      return script(input);
    },
    nextDeadlineMs: () => core.deadlineMs,
  };
  const driver = new Driver<Input, Note>({
    core,
    runtime: world,
    perform: ({ text }) => {
      notes.push(text);
      if (text === 'throw') throw new Error('no');
      if (text === 'stop') driver.submit({ kind: 'stop', nowMs: 0 });
    },
    ...(inputOf && { inputOf }),
    ...(relief && { relief }),
  });
  const accept = (line: Line): ConnectionHandlers => driver.accept(line);
  const told = (): string[] => inputs.map(inShort);
  return { world, core, driver, notes, accept, told };
}

function inShort(input: Input): string {
  if (input.kind === 'received') return input.message.kind;
  if (input.kind === 'unreadable') return `unreadable: ${input.error.kind}`;
  return input.kind;
}

export function bytesOf(...messages: readonly Message[]): Uint8Array {
  return Buffer.concat(messages.map((message) => encodeFrame(encodeMessage(message))));
}

export function pong(stamp: number): Message {
  return { kind: 'pong', stamp };
}

export const HELLO: Message = {
  kind: 'hello',
  protocol: 2,
  role: 'client',
  environment: 'testing' as Name,
};

/** A message that is too long for a handshake: some 6 KiB. */
export const LONG: MessageOf<'watch'> = {
  kind: 'watch',
  request: 1,
  service: 'db' as Name,
  known: Array.from({ length: 400 }, () => 'ab'.repeat(16)) as never,
};

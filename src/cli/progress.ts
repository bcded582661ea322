// Drawing in place on a terminal, of steps and pages: all use of listr2. The invariant: steps are
// drawn on stderr, pages, which are data, on stdout, and it handles no signal. It is imported only
// for drawing, because its import takes longer than a lookup.

import type { ListrDefaultRendererLogLevels } from 'listr2';

import { streamOf } from './output.ts';

/** One line of progress. */
export interface Step {
  readonly title: string;
  /** The final text of the line; a rejection marks it as failed. */
  readonly outcome: Promise<StepOutcome>;
}

/** How a step ended. */
export interface StepOutcome {
  readonly text: string;
  /** Whether it ended, or was left to go on unseen. */
  readonly isDone: boolean;
}

/** Draws steps on stderr until every one has its outcome. Never rejects. */
export async function drawSteps(steps: readonly Step[]): Promise<void> {
  const tasks = steps.map(({ title, outcome }) => ({
    title,
    task: async (_: unknown, task: Task) => {
      const { text, isDone } = await outcome;
      if (isDone) task.title = text;
      else task.skip(text);
    },
  }));
  await drawTasks(tasks, streamOf('stderr'));
}

/**
 * Draws pages on stdout, each in the place of the one before, until `run` has ended; the last one
 * stays. A page that is longer than the screen is cut. Rejects as `run` does.
 */
export async function drawPages(
  run: (show: (lines: readonly string[]) => void) => Promise<void>,
): Promise<void> {
  const stdout = streamOf('stdout');
  let failure: { readonly error: unknown } | undefined;
  const task = async (_: unknown, drawn: Task): Promise<void> => {
    const show = (lines: readonly string[]): void => {
      drawn.title = fitted(lines, stdout.rows).join('\n');
    };
    await run(show).catch((error: unknown) => {
      failure = { error };
    });
  };
  await drawTasks([{ title: '', task }], stdout);
  if (failure !== undefined) throw failure.error;
}

/** The part of a listr2 task that we use. */
interface Task {
  title: string;
  skip: (text: string) => void;
}

interface Drawn {
  readonly title: string;
  readonly task: (given: unknown, task: Task) => Promise<void>;
}

async function drawTasks(tasks: readonly Drawn[], stream: NodeJS.WriteStream): Promise<void> {
  const { Listr, ListrLogger, ProcessOutput } = await import('listr2');
  const processOutput = new ProcessOutput(stream, streamOf('stderr'));
  const list = new Listr([...tasks], {
    concurrent: true,
    exitOnError: false,
    registerSignalListeners: false,
    renderer: 'default',
    fallbackRendererCondition: false,
    rendererOptions: {
      logger: new ListrLogger<ListrDefaultRendererLogLevels>({ processOutput }),
      formatOutput: 'truncate',
      removeEmptyLines: false,
    },
  });
  // Lines that a narrower window has broken can no longer be erased one by one. While listr2 draws,
  // the stream is its own.
  const wipe = (): void => {
    processOutput.toStdout(CLEAR_SCREEN, false);
  };
  stream.on('resize', wipe);
  await list.run().catch(() => undefined);
  stream.off('resize', wipe);
}

/** As many lines as a screen has, the last of which says how many more there are. */
function fitted(lines: readonly string[], rows: number): readonly string[] {
  const room = Math.max(rows - 2, 1);
  if (lines.length <= room) return lines;
  return [...lines.slice(0, room - 1), `… and ${String(lines.length - room + 1)} more lines`];
}

const CLEAR_SCREEN = '\u001b[2J\u001b[H';

// Steps that take their time, drawn on a terminal: all of listr2. The invariant: it draws on stderr
// and only there, and never takes a signal to itself. It is imported when something is drawn, for
// its import takes longer than a lookup.

import type { ListrDefaultRendererLogLevels } from 'listr2';

/** One line of progress. */
export interface Step {
  readonly title: string;
  /** What the line says in the end; a rejection marks it as failed. */
  readonly outcome: Promise<Outcome>;
}

/** How a step ended. */
export interface Outcome {
  readonly text: string;
  /** Whether it came to its end, or was left to go on unseen. */
  readonly isDone: boolean;
}

/** Draws steps until every one has its outcome. Never rejects. */
export async function drawSteps(steps: readonly Step[]): Promise<void> {
  const { Listr, ListrLogger, ProcessOutput } = await import('listr2');
  const tasks = steps.map(({ title, outcome }) => ({
    title,
    task: async (_: unknown, task: { title: string; skip: (text: string) => void }) => {
      const { text, isDone } = await outcome;
      if (isDone) task.title = text;
      else task.skip(text);
    },
  }));
  const processOutput = new ProcessOutput(process.stderr, process.stderr);
  const list = new Listr(tasks, {
    concurrent: true,
    exitOnError: false,
    registerSignalListeners: false,
    renderer: 'default',
    fallbackRendererCondition: false,
    rendererOptions: {
      logger: new ListrLogger<ListrDefaultRendererLogLevels>({ processOutput }),
      formatOutput: 'truncate',
    },
  });
  await list.run().catch(() => undefined);
}

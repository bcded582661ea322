// A stream of the server that is opened again when it is lost. The invariants: a page that is
// hidden for a minute holds no stream, and opens it again when it is shown; a stream that says
// nothing for too long counts as lost, though the connection may be open.

/** The callbacks of a stream. */
export interface StreamOptions {
  readonly url: string;
  /** The names of its events. */
  readonly events: readonly string[];
  readonly onEvent: (event: unknown) => void;
  /** It was opened, perhaps again: everything comes anew. */
  readonly onOpen?: () => void;
}

/** A stream of server-sent events. */
export class Stream {
  readonly #options: StreamOptions;
  #source: EventSource | null = null;
  #hiding: ReturnType<typeof setTimeout> | undefined;
  /** When it last said anything, by the clock of this browser. */
  heardMs = Date.now();
  /** Whether it is lost, and is being opened again. */
  isLost = false;

  constructor(options: StreamOptions) {
    this.#options = options;
    document.addEventListener('visibilitychange', this.#onVisibility);
    this.#open();
  }

  /** Ends it. */
  close(): void {
    document.removeEventListener('visibilitychange', this.#onVisibility);
    clearTimeout(this.#hiding);
    this.#source?.close();
  }

  /** Gives up a silent stream: a server may hang, and a cable may be cut. */
  look(nowMs: number): void {
    if (this.#source === null || nowMs - this.heardMs < SILENT_MS) return;
    this.isLost = true;
    this.#source.close();
    this.#open();
  }

  readonly #onVisibility = (): void => {
    clearTimeout(this.#hiding);
    if (document.hidden) {
      this.#hiding = setTimeout(() => {
        this.#source?.close();
        this.#source = null;
      }, HIDDEN_MS);
    } else if (this.#source === null) this.#open();
  };

  #open(): void {
    const { url, events, onEvent, onOpen } = this.#options;
    const source = new EventSource(url);
    this.#source = source;
    this.#heard();
    source.onopen = () => {
      onOpen?.();
    };
    source.onerror = () => {
      this.isLost = true;
      // A refusal is final for the browser, but not for us.
      if (source.readyState === EventSource.CLOSED) setTimeout(() => this.#again(source), AGAIN_MS);
    };
    for (const name of events) {
      source.addEventListener(name, (message: MessageEvent<string>) => {
        this.#heard();
        this.isLost = false;
        onEvent(JSON.parse(message.data));
      });
    }
  }

  #again(source: EventSource): void {
    if (this.#source === source) this.#open();
  }

  #heard(): void {
    this.heardMs = Date.now();
  }
}

/** Three signs of life. */
const SILENT_MS = 6_000;
const AGAIN_MS = 1_000;
const HIDDEN_MS = 60_000;

// Streams: a line of JSON for each event, or a server-sent event. One invariant: both forms carry
// the same objects, and no text in them can end an event before its time: JSON has no bare newline.

/** How a stream is written. */
export type StreamForm = 'sse' | 'ndjson';

/** The form that a client accepts: server-sent events only if it asks for them. */
export function streamFormOf(accept: string | null): StreamForm {
  return /(^|,)\s*text\/event-stream\s*(;|,|$)/i.test(accept ?? '') ? 'sse' : 'ndjson';
}

/** The headers of a stream, beside those of every answer. */
export function streamHeaders(form: StreamForm): Readonly<Record<string, string>> {
  return {
    'Content-Type': form === 'sse' ? 'text/event-stream' : 'application/x-ndjson',
    'Cache-Control': 'no-store',
    'X-Accel-Buffering': 'no',
  };
}

/** The beginning of a stream. */
export function streamStart(form: StreamForm): string {
  return form === 'sse' ? 'retry: 250\n\n' : '';
}

/** An event in JSON; `name` is its kind. */
export function eventText(form: StreamForm, name: string, json: string): string {
  return form === 'sse' ? `event: ${name}\ndata: ${json}\n\n` : `${json}\n`;
}

/** The sign that the stream lives, without meaning for readers of events; null for none. */
export function signOfLife(form: StreamForm): string | null {
  return form === 'sse' ? ':\n\n' : null;
}

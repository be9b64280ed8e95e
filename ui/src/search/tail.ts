// The rows of a live tail: bounded, in the order of arrival, and honest about
// what is not among them.
import type { TailSpan } from '../api/schema';

/** Rows that are kept; older ones make room and are counted. */
export const MOST_ROWS = 500;

export interface Tail {
  /** Newest first. */
  rows: readonly TailSpan[];
  /** Came while paused; newest first. */
  waiting: readonly TailSpan[];
  paused: boolean;
  /** Received spans that are no longer kept. */
  forgotten: number;
  /** The server's counts over all its answers: new spans, and those it did not send. */
  matched: number;
  dropped: number;
}

export const EMPTY_TAIL: Tail = { rows: [], waiting: [], paused: false, forgotten: 0, matched: 0, dropped: 0 };

const identity = (span: TailSpan) => `${span.traceId}/${span.spanId}/${span.startUnixNano}/${span.kind}`;

/** Adds spans, the oldest first as they are sent. What is there already comes again after a reconnection. */
export function withSpans(tail: Tail, spans: readonly TailSpan[]): Tail {
  const known = new Set([...tail.rows, ...tail.waiting].map(identity));
  const news = spans.filter((span) => !known.has(identity(span))).toReversed();
  if (news.length === 0) return tail;
  return bounded(tail.paused ? { ...tail, waiting: [...news, ...tail.waiting] } : { ...tail, rows: [...news, ...tail.rows] });
}

export function paused(tail: Tail, pause: boolean): Tail {
  if (pause) return { ...tail, paused: true };
  return bounded({ ...tail, paused: false, rows: [...tail.waiting, ...tail.rows], waiting: [] });
}

// Rows on screen stay while paused: of what waits, the oldest goes first.
function bounded(tail: Tail): Tail {
  const rows = tail.rows.slice(0, MOST_ROWS);
  const waiting = tail.waiting.slice(0, MOST_ROWS);
  const gone = tail.rows.length - rows.length + tail.waiting.length - waiting.length;
  return { ...tail, rows, waiting, forgotten: tail.forgotten + gone };
}

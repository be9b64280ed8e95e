import { useEffect, useState } from 'react';
import type { TraceModel } from '../../trace/model';
import type { TraceWorker } from '../../worker/client';

export interface Found {
  query: string;
  /** Matching rows in display order. */
  rows: Uint32Array;
  /** 1 for each row that matches. */
  isMatch: Uint8Array;
}

/** Searches the trace in its worker; null while nothing is asked for. */
export function useFind(trace: TraceModel, worker: TraceWorker, query: string | undefined): Found | null {
  const [found, setFound] = useState<Found | null>(null);
  useEffect(() => {
    if (!query?.trim()) {
      setFound(null);
      return;
    }
    let stale = false;
    void worker.call('search', { query }).then((rows) => {
      if (stale) return;
      const isMatch = new Uint8Array(trace.skeleton.rows);
      for (const row of rows) isMatch[row] = 1;
      setFound({ query, rows, isMatch });
    });
    return () => {
      stale = true;
    };
  }, [trace, worker, query]);
  return found;
}

/** The match after `row`, or before it, round the end; -1 without matches. */
export function nextMatch(found: Found, row: number, step: 1 | -1): number {
  const { rows } = found;
  if (rows.length === 0) return -1;
  if (step === 1) return rows.find((r) => r > row) ?? rows[0]!;
  return rows.findLast((r) => r < row) ?? rows.at(-1)!;
}

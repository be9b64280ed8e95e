import { useEffect, useState } from 'react';
import { ApiError } from '../../../api/error';
import { mistakeIn, saidOf } from '../../../api/searchQueries';
import type { Problem } from './QueryInput';

const PAUSE_MS = 350;

/** What the server says is wrong with a query, a moment after one stops typing. */
export function useMistake(query: string, refused: Error | null, applied: string): Problem | null {
  const [mistake, setMistake] = useState<{ query: string; error: ApiError } | null>(null);
  useEffect(() => {
    const abort = new AbortController();
    const timer = setTimeout(() => {
      mistakeIn(query, abort.signal)
        .then((error) => setMistake(error && { query, error }))
        .catch(() => undefined); // no answer says nothing about the query
    }, PAUSE_MS);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [query]);

  // The search itself was refused: that needs no second question.
  const error = query === applied && refused instanceof ApiError && refused.place ? refused : mistake?.query === query ? mistake.error : null;
  return error && { query, message: saidOf(error), place: error.place };
}

import { useLocation } from '@tanstack/react-router';
import { useCallback, useEffect, useMemo, useState } from 'react';

/** Per entry of the history, when its page was asked: Back shows what was seen. */
const moments = new Map<string, number>();

/**
 * The moment as of which the page answers its question. A new question is of
 * now, one that Back leads to of when it was asked; `renew` makes it now.
 */
export function useAsOf(question: string): { asOf: Date; renew: () => void } {
  // oxlint-disable-next-line no-underscore-dangle -- the router's name for an entry of the history
  const entry = useLocation({ select: ({ state }) => state.__TSR_key ?? state.key ?? '' });
  const fresh = () => ({ question, at: moments.get(entry) ?? Date.now() });
  const [state, setState] = useState(fresh);
  let current = state;
  if (current.question !== question) {
    current = fresh();
    setState(current);
  }
  useEffect(() => {
    moments.set(entry, current.at);
  }, [entry, current.at]);
  const renew = useCallback(() => setState(({ question }) => ({ question, at: Date.now() })), []);
  return { asOf: useMemo(() => new Date(current.at), [current.at]), renew };
}

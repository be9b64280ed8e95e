// Searches that the reader saved under a name, in local storage.
import { create } from 'zustand';
import * as z from 'zod/mini';
import { parseTracesSearch, type TracesSearch } from '../url/tracesSearch';

export interface SavedView {
  name: string;
  search: TracesSearch;
}

const KEY = 'heddle.views';
export const MOST_VIEWS = 100;

// What is stored was written by any version of this page, or by hand.
const Stored = z.array(z.object({ name: z.string().check(z.minLength(1), z.maxLength(100)), search: z.record(z.string(), z.unknown()) }));

/** The views in a stored text; what is not valid is left out. */
export function readViews(text: string | null): SavedView[] {
  let value: unknown;
  try {
    value = JSON.parse(text ?? '[]');
  } catch {
    return [];
  }
  const list = z.catch(z.array(z.unknown()), []).parse(value);
  return list.slice(0, MOST_VIEWS).flatMap((item) => {
    const view = Stored.safeParse([item]);
    return view.success ? view.data.map(({ name, search }) => ({ name, search: parseTracesSearch(search) })) : [];
  });
}

function remembered(): SavedView[] {
  try {
    return readViews(localStorage.getItem(KEY));
  } catch {
    return [];
  }
}

interface ViewsState {
  views: readonly SavedView[];
  /** Why the views could not be stored; they last as long as the page then. */
  problem: string | null;
  /** Takes the place of a view of the same name. */
  save: (view: SavedView) => void;
  remove: (name: string) => void;
}

export const useViews = create<ViewsState>((set, get) => {
  const store = (views: SavedView[]) => {
    let problem: string | null = null;
    try {
      localStorage.setItem(KEY, JSON.stringify(views));
    } catch {
      problem = 'The browser keeps nothing for this page: views are gone when it is closed.';
    }
    set({ views, problem });
  };
  return {
    views: remembered(),
    problem: null,
    save: (view) => store([view, ...get().views.filter(({ name }) => name !== view.name)].slice(0, MOST_VIEWS)),
    remove: (name) => store(get().views.filter((view) => view.name !== name)),
  };
});

// Completions: words of the language, and keys and values that are stored.
import type { Completion, CompletionContext, CompletionResult } from '@codemirror/autocomplete';
import type { QueryClient } from '@tanstack/react-query';
import { fetchOverview, fetchValues, type Window } from '../../../../api/client';
import { keysQuery } from '../../../../api/queries';
import { plural } from '../../../../format/count';
import { fieldOf } from '../../../../search/attribute';
import { quote, unquote } from '../../../../traceql/literal';
import { questionParams } from '../../../../url/tracesQuery';
import type { TracesSearch } from '../../../../url/tracesSearch';
import { placeAt } from './completion';
import { INTRINSICS, STAGES, VALUE_WORDS } from './words';

export interface Stored {
  client: QueryClient;
  search: Pick<TracesSearch, 'range' | 'start' | 'end'>;
  window: Window;
}

/** Asks `stored` at every completion, so that it may change. */
export function completions(stored: () => Stored) {
  return async (context: CompletionContext): Promise<CompletionResult | null> => {
    const place = placeAt(context.state.doc.toString(), context.pos);
    if (!place || (place.text === '' && !context.explicit && place.kind === 'stage')) return null;
    const at = (options: Completion[], validFor?: RegExp): CompletionResult | null => (options.length === 0 ? null : { from: place.from, options, validFor });
    try {
      switch (place.kind) {
        case 'stage':
          return at(STAGES.map(({ label, detail }) => ({ label, detail, type: 'keyword' })));
        case 'field':
          return at(await fields(stored()), /^[\w.:-]*$/);
        case 'value':
          return at(await values(stored(), place.field, place.text, context));
      }
    } catch {
      return null; // a server that does not answer offers nothing; the search itself will say so
    }
  };
}

async function fields({ client, search }: Stored): Promise<Completion[]> {
  const { keys } = await client.ensureQueryData(keysQuery(search));
  const attributes = keys.flatMap((key) => {
    const label = fieldOf(key);
    return label ? [{ label, detail: key.types.join(', '), type: 'property' }] : [];
  });
  return [...INTRINSICS.map((word) => ({ ...word, type: 'property', boost: 2 })), ...attributes];
}

const SCOPES: Readonly<Record<string, string>> = { span: 'span', resource: 'resource', instrumentation: 'scope', event: 'event', link: 'link', '': 'any' };

async function values({ client, search, window }: Stored, field: string, text: string, context: CompletionContext): Promise<Completion[]> {
  const words = VALUE_WORDS[field];
  if (words) return words.map((label, i) => ({ label, type: 'constant', boost: -i }));
  const abort = new AbortController();
  context.addEventListener('abort', () => abort.abort());
  if (field === 'name' || field === 'statusMessage') {
    const params = questionParams({ q: '', window });
    params.set('facet', `intrinsic.${field === 'name' ? 'name' : 'status_message'}`);
    params.set('columns', '0');
    params.set('values', '200');
    const { facets } = await fetchOverview(params, abort.signal);
    return facets[0]!.values.filter(({ type }) => type === 'string').map((value, i) => completion(quote(value.text), value.spans, i));
  }
  const dot = field.indexOf('.');
  const scope = dot < 0 ? undefined : SCOPES[field.slice(0, dot)];
  if (scope === undefined) return [];
  const name = field.slice(dot + 1);
  const bare = name.startsWith('"') ? (unquote(name) ?? name) : name;
  const { keys } = await client.ensureQueryData(keysQuery(search));
  const types = keys.filter((key) => key.name === bare && (scope === 'any' || key.scope === scope)).flatMap((key) => key.types);
  const prefix = text.startsWith('"') ? text.slice(1).replace(/\\(.)/g, '$1') : text;
  const answer = await fetchValues(scope, bare, prefix, window, abort.signal);
  // Numbers and truth are written as they are, unless the key has them as text.
  const isText = types.length === 0 || types.includes('string');
  return answer.values.map(({ value, spans }, i) => completion(isText ? quote(value) : value, spans, i));
}

// The most frequent first, as the server lists them.
const completion = (label: string, spans: number, rank: number): Completion => ({ label, detail: plural(spans, 'span'), type: 'text', boost: -Math.min(99, rank) });

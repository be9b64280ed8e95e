// The words of the language that need no server.
import { KINDS } from '../../../../api/schema';

export interface Word {
  label: string;
  detail: string;
}

export const INTRINSICS: readonly Word[] = [
  { label: 'name', detail: 'of the span' },
  { label: 'duration', detail: 'of the span' },
  { label: 'status', detail: 'error, ok or unset' },
  { label: 'statusMessage', detail: 'of the span' },
  { label: 'kind', detail: 'server, client, …' },
  { label: 'traceDuration', detail: 'of the whole trace' },
  { label: 'rootName', detail: 'of the trace' },
  { label: 'rootServiceName', detail: 'of the trace' },
  { label: 'childCount', detail: 'of the span' },
  { label: 'nestedSetParent', detail: '-1 for roots' },
  { label: 'span:id', detail: 'hex digits' },
  { label: 'span:parentID', detail: 'nil for roots' },
  { label: 'trace:id', detail: 'hex digits' },
  { label: 'event:name', detail: 'of its events' },
  { label: 'event:timeSinceStart', detail: 'of its events' },
  { label: 'instrumentation:name', detail: 'of the library' },
  { label: 'instrumentation:version', detail: 'of the library' },
];

/** Values of fields that are words. */
export const VALUE_WORDS: Readonly<Record<string, readonly string[]>> = {
  status: ['error', 'ok', 'unset'],
  kind: KINDS,
  duration: ['10ms', '100ms', '1s', '10s'],
  traceDuration: ['100ms', '1s', '10s'],
};

export const LITERAL_WORDS: readonly string[] = ['true', 'false', 'nil', ...VALUE_WORDS.status!, ...KINDS];

export const FUNCTIONS = ['count', 'avg', 'min', 'max', 'sum', 'by', 'select', 'coalesce', 'with'] as const;

export const STAGES: ReadonlyArray<Word & { apply?: string }> = [
  { label: '{ }', detail: 'spans that meet conditions' },
  { label: '| count() > ', detail: 'how many spans of a trace' },
  { label: '| avg(duration) > ', detail: 'mean of a trace’s spans' },
  { label: '| max(duration) > ', detail: 'longest of a trace’s spans' },
  { label: '| by(', detail: 'group the spans of a trace' },
  { label: '>> { }', detail: 'descendants' },
  { label: '> { }', detail: 'children' },
  { label: '&& { }', detail: 'traces that have both' },
  { label: '|| { }', detail: 'traces that have either' },
];

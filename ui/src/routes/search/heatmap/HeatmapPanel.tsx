import { X, ZoomIn } from 'lucide-react';
import { useMemo } from 'react';
import type { Overview } from '../../../api/schema';
import { Button } from '../../../components/form/Button';
import { formatShare, plural } from '../../../format/count';
import { formatDuration } from '../../../format/duration';
import { formatClockMs, nsToDate } from '../../../format/time';
import type { Heatmap, Stretch } from '../../../search/heatmap';
import { stretchIn, stretchParams, zoomedTo } from '../../../url/tracesQuery';
import { CompareMenu } from '../compare/CompareMenu';
import { useTraces } from '../context';
import css from './Heatmap.module.css';
import { HeatmapCanvas, rangeText } from './HeatmapCanvas';
import { HeatmapTable } from './HeatmapTable';

/** All that matches at a glance, what it adds up to, and what of it is chosen. */
export function HeatmapPanel({ overview, map, stale }: { overview: Overview; map: Heatmap | null; stale: boolean }) {
  const { search, change } = useTraces();
  const { sel, dur } = search;
  const chosen = useMemo(() => stretchIn({ sel, dur }), [sel, dur]);
  const choose = (stretch: Stretch | null) =>
    change({ ...(stretch ? stretchParams(stretch) : { sel: undefined, dur: undefined }), compare: search.compare === 'chosen' && !(stretch?.min ?? stretch?.below) ? undefined : search.compare });
  const errorsOnly = search.heat === 'errors';
  const { spans, errors } = overview;
  return (
    <figure className={stale ? `${css.figure} ${css.stale}` : css.figure}>
      <figcaption className={css.caption}>
        <span className={css.totals} role="status">
          <strong>{overview.partial ? `At least ${plural(spans, 'span')}` : plural(spans, 'span')}</strong> {spans === 1 ? 'matches' : 'match'}
          {errors > 0 && (
            <span className={css.failed}>
              , {plural(errors, 'error')} ({formatShare(errors / spans)})
            </span>
          )}
        </span>
        <span className={css.controls}>
          <CompareMenu map={map} />
          <span role="group" aria-label="Coloured by">
            <Button small quiet aria-pressed={!errorsOnly} onClick={() => change({ heat: undefined })}>
              Spans
            </Button>
            <Button small quiet aria-pressed={errorsOnly} onClick={() => change({ heat: 'errors' })}>
              Errors
            </Button>
          </span>
          <span role="group" aria-label="Show as">
            <Button small quiet aria-pressed={search.plot === undefined} onClick={() => change({ plot: undefined })}>
              Heatmap
            </Button>
            <Button small quiet aria-pressed={search.plot === 'table'} onClick={() => change({ plot: 'table' })}>
              Table
            </Button>
            <Button small quiet aria-pressed={search.plot === 'off'} onClick={() => change({ plot: 'off' })}>
              Hide
            </Button>
          </span>
        </span>
      </figcaption>
      {overview.partial && (
        <p className={css.partial} role="alert">
          Not all was read: {overview.partial}. Totals and counts are bounds from below.
        </p>
      )}
      {map && map.spans.length > 0 && search.plot === undefined && (
        <>
          <HeatmapCanvas map={map} errorsOnly={errorsOnly} chosen={chosen} onChoose={choose} />
          <p className={css.legend} aria-hidden="true">
            <i className={errorsOnly ? `${css.ramp} ${css.hot}` : css.ramp} /> {rangeText(errorsOnly ? map.errors : map.spans, errorsOnly ? 'error' : 'span')} a cell
            {!errorsOnly && errors > 0 && (
              <>
                <i className={css.tick} /> with errors
              </>
            )}
          </p>
        </>
      )}
      {map && map.spans.length > 0 && search.plot === 'table' && <HeatmapTable map={map} onChoose={choose} />}
      {chosen && <Chosen chosen={chosen} onClear={() => choose(null)} />}
    </figure>
  );
}

function Chosen({ chosen, onClear }: { chosen: Stretch; onClear: () => void }) {
  const { search, change } = useTraces();
  const at = (ns: bigint) => formatClockMs(nsToDate(String(ns)));
  return (
    <div className={css.chosen} role="group" aria-label="Chosen in the heatmap">
      <span>
        Chosen: <strong>{durationRange(chosen)}</strong>, begun {at(chosen.from)} to {at(chosen.to)}. The list shows traces with such a span.
      </span>
      <span className={css.controls}>
        <Button small onClick={() => change(zoomedParams(search, chosen))}>
          <ZoomIn size={14} aria-hidden="true" /> Zoom in
        </Button>
        <Button small onClick={onClear} title="Esc">
          <X size={14} aria-hidden="true" /> Clear
        </Button>
      </span>
    </div>
  );
}

/** Every param of the zoomed search, also those that it no longer has. */
const zoomedParams = (search: Parameters<typeof zoomedTo>[0], stretch: Stretch) => ({ range: undefined, sel: undefined, dur: undefined, compare: undefined, ...zoomedTo(search, stretch) });

export function durationRange({ min, below }: Pick<Stretch, 'min' | 'below'>): string {
  if (min === undefined && below === undefined) return 'all durations';
  if (min === undefined) return `shorter than ${formatDuration(below!)}`;
  return below === undefined ? `${formatDuration(min)} and longer` : `${formatDuration(min)} to ${formatDuration(below)}`;
}


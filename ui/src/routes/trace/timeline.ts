// The stretch of time on screen and the bars drawn in it. Zooming writes CSS
// straight into the bars that are mounted: no row is rendered again for it.
import type { TraceModel, Times } from '../../trace/model';
import { clampRange, panRange, type Range, sameRange, zoomRange } from '../../trace/timeWindow';

/** Room that the duration beside a bar needs, in px. */
const LABEL = 68;
/** Bars end this far outside what is visible, so that no px value gets huge. */
const BLEED = 8;

export class Timeline {
  #times: Times;
  #range: Range;
  #width = 0;
  readonly #duration: Float64Array;
  readonly #lanes = new Map<HTMLElement, number>();
  readonly #listeners = new Set<() => void>();
  #frame = 0;

  constructor(trace: TraceModel, times: Times, range?: Range) {
    this.#duration = trace.skeleton.duration;
    this.#times = times;
    this.#range = range ? clampRange(range, times.whole) : times.whole;
  }

  // Arrow functions: React calls these on their own.
  readonly getRange = (): Range => this.#range;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  get whole(): Range {
    return this.#times.whole;
  }

  get width(): number {
    return this.#width;
  }

  get zoomed(): boolean {
    return !sameRange(this.#range, this.#times.whole);
  }

  /** Switches between recorded and corrected times; a full view stays full. */
  setTimes(times: Times): void {
    if (times === this.#times) return;
    const zoomed = this.zoomed;
    this.#times = times;
    this.#range = zoomed ? clampRange(this.#range, times.whole) : times.whole;
    this.#changed();
  }

  setWidth(width: number): void {
    if (width === this.#width) return;
    this.#width = width;
    this.#changed();
  }

  show(range: Range): void {
    const next = clampRange(range, this.whole);
    if (sameRange(next, this.#range)) return;
    this.#range = next;
    this.#changed();
  }

  fit(): void {
    this.show(this.whole);
  }

  zoom(factor: number, anchor?: number): void {
    this.show(zoomRange(this.#range, this.whole, factor, anchor));
  }

  pan(share: number): void {
    this.show(panRange(this.#range, this.whole, share));
  }

  /** Moves just enough for a row to be seen; does nothing when it is. */
  reveal(row: number): void {
    const start = this.#times.start[row]!;
    const end = start + Math.max(0, this.#duration[row]!);
    const { from, to } = this.#range;
    if (end >= from && start <= to) return;
    const size = to - from;
    this.show({ from: start - size * 0.1, to: start + size * 0.9 });
  }

  /** The time at a place `x` px from the left edge of the lanes. */
  timeAt(x: number): number {
    const { from, to } = this.#range;
    return from + (x / Math.max(1, this.#width)) * (to - from);
  }

  /** Draws a lane now and on every change until it is detached. */
  attach(lane: HTMLElement, row: number): () => void {
    this.#lanes.set(lane, row);
    this.#paint(lane, row);
    return () => this.#lanes.delete(lane);
  }

  #changed(): void {
    if (this.#frame) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      for (const [lane, row] of this.#lanes) this.#paint(lane, row);
      for (const listener of this.#listeners) listener();
    });
  }

  #paint(lane: HTMLElement, row: number): void {
    const [bar, label] = lane.children as unknown as [HTMLElement, HTMLElement];
    const { from, to } = this.#range;
    const scale = this.#width / (to - from);
    const start = this.#times.start[row]!;
    const left = (start - from) * scale;
    const right = left + Math.max(0, this.#duration[row]!) * scale;

    lane.dataset.off = right < 0 ? 'before' : left > this.#width ? 'after' : '';
    if (lane.dataset.off) return;
    const shownLeft = Math.max(left, -BLEED);
    const shownRight = Math.min(Math.max(right, left + 2), this.#width + BLEED);
    bar.style.transform = `translateX(${shownLeft}px)`;
    bar.style.width = `${Math.max(2, shownRight - shownLeft)}px`;

    if (shownRight + LABEL <= this.#width) {
      label.dataset.side = 'right';
      label.style.transform = `translateX(${shownRight + 6}px)`;
    } else if (shownLeft >= LABEL) {
      label.dataset.side = 'left';
      label.style.transform = `translateX(${shownLeft - 6}px) translateX(-100%)`;
    } else {
      label.dataset.side = 'inside';
      label.style.transform = `translateX(${Math.min(shownRight, this.#width) - 8}px) translateX(-100%)`;
    }
  }
}

// The overview picture: a grid of lanes and pixels. Spans are added to
// difference arrays, so the cost is spans + pixels and never spans x pixels.

export interface Bins {
  width: number;
  lanes: number;
  /** Per lane and pixel: 0 nothing, else 1 + the colour slot with the most spans there. */
  slot: Uint8Array;
  /** Per lane and pixel: 1 where a span with an error runs. */
  error: Uint8Array;
}

export interface BinInput {
  start: Float64Array;
  duration: Float64Array;
  service: ArrayLike<number>;
  /** 1 where the row is an error. */
  failed: (row: number) => boolean;
  /** Colour slot of each service; `slots` of them. */
  slotOf: Uint8Array;
  slots: number;
  from: number;
  to: number;
}

export function binSpans(input: BinInput, width: number, maxLanes: number): Bins {
  const rows = input.start.length;
  const lanes = Math.max(1, Math.min(rows, maxLanes));
  const stride = width + 1;
  const counts = new Int32Array(lanes * input.slots * stride);
  const failures = new Int32Array(lanes * stride);
  const scale = width / (input.to - input.from);

  for (let row = 0; row < rows; row++) {
    const lane = Math.min(lanes - 1, Math.floor((row * lanes) / rows));
    const begin = (input.start[row]! - input.from) * scale;
    const left = Math.max(0, Math.min(width - 1, Math.floor(begin)));
    const finish = begin + Math.max(0, input.duration[row]!) * scale;
    const right = Math.max(left + 1, Math.min(width, Math.ceil(finish)));
    const at = (lane * input.slots + input.slotOf[input.service[row]!]!) * stride;
    counts[at + left]!++;
    counts[at + right]!--;
    if (input.failed(row)) {
      failures[lane * stride + left]!++;
      failures[lane * stride + right]!--;
    }
  }
  return settle(counts, failures, width, lanes, input.slots);
}

function settle(counts: Int32Array, failures: Int32Array, width: number, lanes: number, slots: number): Bins {
  const slot = new Uint8Array(lanes * width);
  const error = new Uint8Array(lanes * width);
  const most = new Int32Array(width);
  const stride = width + 1;
  for (let lane = 0; lane < lanes; lane++) {
    most.fill(0);
    for (let s = 0; s < slots; s++) {
      let running = 0;
      for (let x = 0; x < width; x++) {
        running += counts[(lane * slots + s) * stride + x]!;
        if (running > most[x]!) {
          most[x] = running;
          slot[lane * width + x] = s + 1;
        }
      }
    }
    let failing = 0;
    for (let x = 0; x < width; x++) {
      failing += failures[lane * stride + x]!;
      error[lane * width + x] = failing > 0 ? 1 : 0;
    }
  }
  return { width, lanes, slot, error };
}

/** One value at one time, in seconds. */
export type Point = readonly [at: number, value: number]

/** A straight line through points. */
export interface Fit {
  readonly mean: number
  /** How much the line rises over the whole time, as a share of the mean: 0.01 is 1 %. */
  readonly rise: number
  /** Standard error of `rise`. */
  readonly error: number
}

/**
 * Fits a line by least squares.
 *
 * @throws RangeError with fewer than three points, or when all are of one time
 */
export function fitLine(points: readonly Point[]): Fit {
  const count = points.length
  const time = average(points.map(([at]) => at))
  const mean = average(points.map(([, value]) => value))
  const spread = sum(points.map(([at]) => (at - time) ** 2))
  if (count < 3 || spread === 0) throw new RangeError(`A line needs three points of different times, not ${count}`)
  const slope = sum(points.map(([at, value]) => (at - time) * (value - mean))) / spread
  const rest = sum(points.map(([at, value]) => (value - mean - slope * (at - time)) ** 2))
  const length = points.at(-1)![0] - points[0]![0]
  const scale = mean === 0 ? 0 : length / mean
  return { mean, rise: slope * scale, error: Math.sqrt(rest / (count - 2) / spread) * Math.abs(scale) }
}

function average(values: readonly number[]): number {
  return sum(values) / values.length
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

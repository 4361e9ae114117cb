/**
 * A set of transactions, as Postgres prints it: `xmin:xmax:xip,xip,…`.
 *
 * It holds every transaction below `xmax` except those in `running`. All of `running` lie in [xmin, xmax), ascending.
 *
 * @see https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-PG-SNAPSHOT
 */
export interface Snapshot {
  readonly xmin: bigint
  readonly xmax: bigint
  readonly running: readonly bigint[]
}

const PRINTED = /^(\d{1,19}):(\d{1,19}):((?:\d{1,19})(?:,\d{1,19})*)?$/
const LARGEST_XID = 2n ** 63n - 1n

/** Reads what `pg_current_snapshot()::text` prints, or null when Postgres would not accept it either. */
export function parseSnapshot(text: string): Snapshot | null {
  const match = PRINTED.exec(text)
  if (match === null) return null
  const snapshot: Snapshot = {
    xmin: BigInt(match[1]!),
    xmax: BigInt(match[2]!),
    running: match[3] === undefined ? [] : match[3].split(',').map(BigInt),
  }
  return isWellFormed(snapshot) ? snapshot : null
}

export function isWellFormed({ xmin, xmax, running }: Snapshot): boolean {
  if (xmin < 1n || xmin > xmax || xmax > LARGEST_XID) return false
  return running.every((xid, place) => xid >= xmin && xid < xmax && (place === 0 || xid > running[place - 1]!))
}

export function printSnapshot({ xmin, xmax, running }: Snapshot): string {
  return `${xmin}:${xmax}:${running.join(',')}`
}

/** Whether what the transaction wrote can be seen: `pg_visible_in_snapshot` without a round trip. */
export function isVisible(xid: bigint, { xmin, xmax, running }: Snapshot): boolean {
  if (xid < xmin) return true
  if (xid >= xmax) return false
  return !includesSorted(running, xid)
}

/** Whether `a` sees everything that `b` sees. */
export function covers(a: Snapshot, b: Snapshot): boolean {
  if (a.running.some((xid) => isVisible(xid, b))) return false
  if (a.xmax >= b.xmax) return true
  // What lies between the two ends is unseen by `a`, so all of it must be running for `b`.
  const unseen = b.running.filter((xid) => xid >= a.xmax).length
  return BigInt(unseen) === b.xmax - a.xmax
}

function includesSorted(sorted: readonly bigint[], wanted: bigint): boolean {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (sorted[middle]! < wanted) low = middle + 1
    else high = middle
  }
  return sorted[low] === wanted
}

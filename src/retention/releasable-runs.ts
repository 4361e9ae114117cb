import type { ExpiredTask } from './releasable.ts'

/** A finished run that is older than its rule says. */
export interface ExpiredRun extends ExpiredTask {
  /** Rows that go with it: its steps, counted up to some bound. */
  readonly rows: number
}

/**
 * Which of the expired runs may go together: those without a parent that stays.
 *
 * @param parents uuids of their parents that there still are, whether expired or not
 * @returns ids, in the order of the expired runs
 */
export function releasableRuns(
  expired: readonly Pick<ExpiredRun, 'id' | 'parentId'>[],
  parents: ReadonlySet<string>,
): string[] {
  const parentOf = new Map(expired.map(({ id, parentId }) => [id, parentId]))
  const goes = new Map<string, boolean>()
  for (const { id } of expired) {
    const chain: string[] = []
    let at: string | null = id
    while (at !== null && parentOf.has(at) && !goes.has(at)) {
      chain.push(at)
      at = parentOf.get(at)!
    }
    // What the chain ends at: nothing, a parent that is gone, one that stays, or one that is decided.
    const mayGo = at === null || goes.get(at) === true || (!parentOf.has(at) && !parents.has(at))
    for (const one of chain) goes.set(one, mayGo)
  }
  return expired.flatMap(({ id }) => (goes.get(id) === true ? [id] : []))
}

/** How many of the runs go in one transaction, in their order: so many rows at most, and one run at least. */
export function runsWithin(expired: readonly ExpiredRun[], mostRows: number): number {
  let rows = 0
  const place = expired.findIndex((run) => {
    rows += run.rows
    return rows > mostRows
  })
  return place === -1 ? expired.length : Math.max(place, 1)
}

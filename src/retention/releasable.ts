/** A finished task that is older than its rule says. */
export interface ExpiredTask {
  /** uuid */
  readonly id: string
  readonly parentId: string | null
}

/** A child that stands in the table. */
export interface Holder {
  /** uuid of the child */
  readonly id: string
  /** uuid of its parent */
  readonly of: string
}

/**
 * Which of the expired tasks may go together: those that nothing unfinished depends on, and whose children, and theirs in turn, all
 * go with them.
 *
 * @param children every child of an expired task, whether expired or not
 * @param needed expired tasks that something unfinished depends on
 * @returns ids, in the order of the expired tasks
 */
export function releasable(
  expired: readonly ExpiredTask[],
  children: readonly Holder[],
  needed: ReadonlySet<string>,
): string[] {
  const parentOf = new Map(expired.map(({ id, parentId }) => [id, parentId]))
  const kept = new Set<string>()
  const keep = (id: string | null): void => {
    for (let at = id; at !== null && parentOf.has(at) && !kept.has(at); at = parentOf.get(at)!) kept.add(at)
  }
  for (const id of needed) keep(id)
  for (const { id, of } of children) if (!parentOf.has(id)) keep(of)
  return expired.flatMap(({ id }) => (kept.has(id) ? [] : [id]))
}

import { type Amounts, hasRoom, lessened } from './resources.ts'

/** A task that a worker could take, as far as its type and its labels go. */
export interface Choice {
  /** uuid */
  readonly id: string
  /** What it takes of the worker; null for nothing. */
  readonly resources: Amounts | null
  /**
   * Of one for which there was no room at first: whether this worker makes room for it. Null of any other.
   */
  readonly isAwaited: boolean | null
}

export interface Chosen {
  readonly ids: readonly string[]
  /** Others could be taken at once, if asked for again. */
  readonly hasMore: boolean
}

/**
 * What a worker takes of the tasks that it could, given in their order.
 *
 * One that does not fit leaves its room to others behind it, except at the worker that makes room for it: there nothing behind it
 * takes any resource that it asks for, so it starts when those that run have ended.
 *
 * @param free what the worker has left
 * @param limit most tasks to take
 */
export function chooseTasks(choices: readonly Choice[], free: Amounts, limit: number): Chosen {
  const ids: string[] = []
  const closed = new Set<string>()
  let left = free
  let hasMore = false
  for (const { id, resources, isAwaited } of choices) {
    const isClosed = resources !== null && Object.keys(resources).some((name) => closed.has(name))
    if (resources === null || (!isClosed && hasRoom(left, resources))) {
      if (ids.length === limit) return { ids, hasMore: true }
      ids.push(id)
      if (resources !== null) left = lessened(left, resources)
    } else if (isAwaited !== false) {
      // Nobody has asked yet who makes room for one that fitted a moment ago: the next round does.
      if (isAwaited === null) hasMore = true
      for (const name of Object.keys(resources)) closed.add(name)
    }
  }
  return { ids, hasMore: hasMore && ids.length > 0 }
}

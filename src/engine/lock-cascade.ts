import type { ClientBase } from 'pg'
import { readCascade } from '../task/store/dependencies.ts'
import { type LockedTasks, lockTasks } from '../task/store/lock-tasks.ts'

/** What is cancelled with a task. */
export interface Reach {
  readonly children: boolean
  readonly dependents: boolean
}

/**
 * Locks some tasks and all that the cascade reaches from them, parents before children, and looks again after each lock: while a
 * task is locked no child or dependent can come to it, but one may have come before.
 */
export async function lockCascade(
  client: ClientBase,
  tenant: string,
  rootIds: readonly string[],
  reach: Reach,
): Promise<LockedTasks> {
  let ids = new Set(rootIds)
  for (;;) {
    const locked = await lockTasks(client, tenant, [...ids])
    if (!reach.children && !reach.dependents) return locked
    const reached = await readCascade(client, tenant, rootIds, reach)
    if (reached.every((id) => ids.has(id))) return locked
    ids = new Set(reached)
  }
}

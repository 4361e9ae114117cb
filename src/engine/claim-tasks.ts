import { type ClaimedTask, claimStatement } from '../task/store/claim-tasks.ts'
import type { Engine } from './engine.ts'
import { READ_IN_ORDER, transactOne } from './transact.ts'

export interface ClaimTasks {
  readonly tenant: string
  /** uuid of a worker that is ACTIVE; any other gets nothing. */
  readonly workerId: string
  readonly queue: string
  readonly types: readonly string[]
  /** Most tasks to take, at least 1. */
  readonly limit: number
}

/**
 * Leases the tasks that come next to a worker and starts their attempts.
 *
 * @returns at most `limit` tasks in the order of the strategy; fewer when rivals took them or none waits
 */
export async function claimTasks(engine: Engine, input: ClaimTasks): Promise<ClaimedTask[]> {
  if (input.types.length === 0) return []
  const { rows: claimed } = await transactOne<ClaimedTask>(engine, claimStatement(input), [READ_IN_ORDER])
  if (claimed.length > 0) engine.channel.publish('events')
  return claimed
}

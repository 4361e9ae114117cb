import { type Claim, type ClaimRow, claimStatement, toClaim } from '../task/store/claim-tasks.ts'
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

/** Leases the tasks that come next to a worker and starts their attempts. */
export async function claimTasks(engine: Engine, input: ClaimTasks): Promise<Claim> {
  if (input.types.length === 0) return { tasks: [], hasMore: false }
  const { rows } = await transactOne<ClaimRow>(engine, claimStatement(input), [READ_IN_ORDER])
  const claim = toClaim(rows)
  if (claim.tasks.length > 0) engine.channel.publish('events')
  return claim
}

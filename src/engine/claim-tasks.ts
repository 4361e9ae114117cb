import { type Claim, type ClaimRow, claimStatement, toClaim } from '../task/store/claim-tasks.ts'
import { noteRequest, readClaimed } from '../task/store/worker-requests.ts'
import type { Engine } from './engine.ts'
import { READ_IN_ORDER, transact, transactOne } from './transact.ts'

export interface ClaimTasks {
  readonly tenant: string
  /** uuid of a worker that is ACTIVE; any other gets nothing. */
  readonly workerId: string
  readonly queue: string
  readonly types: readonly string[]
  /** Most tasks to take, at least 1. */
  readonly limit: number
  /** Rivals have not been met of late. Default: they may be there. */
  readonly isAlone?: boolean
  /** The same when the claim is repeated because its answer was lost: then it answers the same tasks. */
  readonly requestId?: string
}

/** A claim, and whether its request had claimed before: then the tasks are those of that time whose leases still hold. */
export interface ClaimAnswer extends Claim {
  readonly isRepeat?: boolean
}

/** Leases the tasks that come next to a worker and starts their attempts. */
export async function claimTasks(engine: Engine, input: ClaimTasks): Promise<ClaimAnswer> {
  if (input.types.length === 0) return { tasks: [], hasMore: false }
  const { requestId } = input
  const claim =
    requestId === undefined ? await claimNow(engine, input) : await claimOnce(engine, { ...input, requestId })
  if (claim.tasks.length > 0) engine.channel.publish('events')
  return claim
}

async function claimNow(engine: Engine, input: ClaimTasks): Promise<Claim> {
  const { rows } = await transactOne<ClaimRow>(engine, claimStatement(input), [READ_IN_ORDER])
  return toClaim(rows)
}

/** The claim and the note of what it leased are one transaction: of two with the same id, one leases and both answer that. */
async function claimOnce(engine: Engine, input: ClaimTasks & { readonly requestId: string }): Promise<ClaimAnswer> {
  // Claims and other requests of a worker may count on their own.
  const request = { ...input, requestId: `claim ${input.requestId}` }
  try {
    return await transact(
      engine,
      async (client) => {
        const claimed = await readClaimed(client, request)
        if (claimed !== null) return { tasks: claimed, hasMore: true, isRepeat: true }
        const { rows } = await client.query<ClaimRow>(claimStatement(input))
        const claim = toClaim(rows)
        const leases = claim.tasks.map(({ id, epoch }) => ({ taskId: id, epoch }))
        if (leases.length > 0 && !(await noteRequest(client, request, leases))) throw new ClaimedByRival()
        return claim
      },
      [READ_IN_ORDER],
    )
  } catch (error) {
    if (error instanceof ClaimedByRival) return claimOnce(engine, input)
    throw error
  }
}

/** Rolls a claim back whose twin has committed meanwhile. */
class ClaimedByRival extends Error {}

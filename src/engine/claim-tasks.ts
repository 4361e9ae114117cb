import type { ClientBase } from 'pg'
import { chooseTasks } from '../task/choose-tasks.ts'
import { readChoices } from '../task/store/choices.ts'
import {
  type Claim,
  type ClaimRow,
  claimStatement,
  isChoosy,
  leaseStatement,
  toClaim,
} from '../task/store/claim-tasks.ts'
import { noteRequest, readClaimed } from '../task/store/worker-requests.ts'
import type { Engine } from './engine.ts'
import { READ_IN_ORDER, transact, transactOne } from './transact.ts'

export interface ClaimTasks {
  readonly tenant: string
  /** uuid of a worker that is ACTIVE; any other gets nothing. */
  readonly workerId: string
  /** Only of this queue; of all that the worker serves when absent. */
  readonly queue?: string
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
  if (!isChoosy(rows)) return toClaim(rows)
  return transact(engine, (client) => claimChosen(client, input), [READ_IN_ORDER])
}

/** Chooses among tasks that take room of their worker, or that would rather have another. */
async function claimChosen(client: ClientBase, input: ClaimTasks): Promise<Claim> {
  for (let round = 1; ; round++) {
    const found = await readChoices(client, input)
    const chosen = found === null ? null : chooseTasks(found.choices, found.free, input.limit)
    if (chosen === null || chosen.ids.length === 0) return { tasks: [], hasMore: false }
    const { rows } = await client.query<ClaimRow>(leaseStatement(input, chosen.ids))
    const { tasks, hasMore } = toClaim(rows)
    // Rivals have chosen the same and hold them: what they took will not be seen again.
    if (tasks.length === 0 && round < MOST_ROUNDS) continue
    return { tasks, hasMore: hasMore || chosen.hasMore }
  }
}

/** How often a claim chooses anew when rivals have been quicker. */
const MOST_ROUNDS = 3

/** The claim and the note of what it leased are one transaction: of two with the same id, one leases and both answer that. */
async function claimOnce(
  engine: Engine,
  input: ClaimTasks & { readonly requestId: string },
  mustChoose = false,
): Promise<ClaimAnswer> {
  // Claims and other requests of a worker may count on their own.
  const request = { ...input, requestId: `claim ${input.requestId}` }
  try {
    return await transact(
      engine,
      async (client) => {
        const claimed = await readClaimed(client, request)
        if (claimed !== null) return { tasks: claimed, hasMore: true, isRepeat: true }
        const claim = await (mustChoose ? claimChosen(client, input) : claimPlain(client, input))
        const leases = claim.tasks.map(({ id, epoch }) => ({ taskId: id, epoch }))
        if (leases.length > 0 && !(await noteRequest(client, request, leases))) throw new ClaimedByRival()
        return claim
      },
      [READ_IN_ORDER],
    )
  } catch (error) {
    if (error instanceof ClaimedByRival) return claimOnce(engine, input)
    if (error instanceof Choosy) return claimOnce(engine, input, true)
    throw error
  }
}

async function claimPlain(client: ClientBase, input: ClaimTasks): Promise<Claim> {
  const { rows } = await client.query<ClaimRow>(claimStatement(input))
  if (isChoosy(rows)) throw new Choosy()
  return toClaim(rows)
}

/** Ends a transaction that shares the worker's row: choosing needs it alone, and two that share it would wait for each other. */
class Choosy extends Error {}

/** Rolls a claim back whose twin has committed meanwhile. */
class ClaimedByRival extends Error {}

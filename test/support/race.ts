import type { Pool } from 'pg'
import { claimTasks } from '../../src/engine/claim-tasks.ts'
import type { ClaimedTask } from '../../src/task/store/claim-tasks.ts'
import { newUuid } from '../../src/task/type-id.ts'
import { ACTOR, type TestEngine } from './engine.ts'
import { sized } from './size.ts'
import type { Verbs } from './verbs.ts'

const ROUNDS = sized(40, 1_000)
const LANES = 4

/** What races have in common: each works in a queue of its own, so that rivals of other rounds do not meet it. */
export interface Race {
  statusOf(id: string): Promise<string>
  claimFrom(queue: string): Promise<readonly ClaimedTask[]>
  /** A task that runs. */
  running(): Promise<ClaimedTask>
}

export function raceOf(db: Pool, engine: TestEngine, verbs: Verbs): Race {
  const claimFrom = (queue: string): Promise<readonly ClaimedTask[]> =>
    claimTasks(engine, {
      tenant: ACTOR.tenant,
      workerId: verbs.workerId,
      queue,
      types: ['work', 'other'],
      limit: 10,
    }).then(({ tasks }) => tasks)
  return {
    claimFrom,
    async statusOf(id) {
      const { rows } = await db.query('SELECT status FROM task WHERE id = $1', [id])
      return rows[0].status
    },
    async running() {
      const queue = newUuid()
      await verbs.createOne({ queue })
      return (await claimFrom(queue))[0]!
    },
  }
}

/** Runs one race many times, a few at once, so that the rivals meet at every statement. */
export async function often(race: (round: number) => Promise<void>): Promise<void> {
  for (let round = 0; round < ROUNDS; round += LANES) {
    await Promise.all(Array.from({ length: LANES }, (_, lane) => race(round + lane)))
  }
}

import { claimTasks } from '../../src/engine/claim-tasks.ts'
import { openDatabase } from '../../src/infra/database.ts'
import type { ClaimOrder } from '../support/claimer.ts'
import { ACTOR, addWorker, testEngine } from '../support/engine.ts'

// A process that claims when it is told to: see test/support/claimer.ts.

const db = openDatabase({ url: process.env.DATABASE_URL!, size: 2, applicationName: 'claimer' })
const engine = testEngine(db)
const types = process.env.TYPES!.split(',')
const workerId = await addWorker(engine, types)

process.on('message', (order: ClaimOrder) => void claim(order).then((ids) => process.send!(ids)))
process.on('disconnect', () => void db.end())
process.send!('ready')

async function claim({ batch, most }: ClaimOrder): Promise<string[]> {
  const ids: string[] = []
  while (ids.length < most) {
    const limit = Math.min(batch, most - ids.length)
    const request = { tenant: ACTOR.tenant, workerId, queue: 'default', types, limit }
    const { tasks, hasMore } = await claimTasks(engine, request)
    ids.push(...tasks.map(({ id }) => id))
    if (tasks.length === 0 && !hasMore) break
  }
  return ids
}

import { Pool } from 'pg'
import { unwrap } from '../../src/sdk/unwrap.ts'
import type { Step, WorkflowDefinition } from '../../src/workflow/definition/definition.ts'
import { cpuMsOf, cpuMsOfTree } from '../field/cpu.ts'
import { chainOf, type Server, serving, watchRss } from './serving.ts'
import { untilEnded } from './until-ended.ts'

export interface ManyRuns {
  readonly runs: number
  readonly steps: number
  readonly seconds: number
  /** Tasks of steps that ended and led to the next, a second. */
  readonly transitionsPerSecond: number
  readonly serverMb: number
  /** CPU of the server, its worker included, and of PostgreSQL for one step, in microseconds. */
  readonly serverUs: number
  readonly postgresUs: number
}

/** Calls under way at once while the runs are made. */
const CALLS = 20

/** Runs that wait for one event, and then all go through a chain of tasks that do nothing. */
export async function measureManyRuns(
  { url, postmasterPid }: { url: string; postmasterPid: number },
  { runs, steps, slots }: { runs: number; steps: number; slots: number },
): Promise<ManyRuns> {
  return serving(url, { slots }, async (server) => {
    const db = new Pool({ connectionString: url, max: 1 })
    await server.define(chainOf('warm_up', steps))
    await startMany(server, 'warm_up', 100)
    await untilEnded(db)
    await server.define(afterEvent(chainOf('chain', steps)))
    await startMany(server, 'chain', runs)
    await db.query('ANALYZE')
    const cpu = async () => ({ server: await cpuMsOf([server.pid]), postgres: await cpuMsOfTree(postmasterPid) })
    const stop = watchRss(server.pid)
    const before = await cpu()
    const { rows } = await db.query<{ now: Date }>('SELECT clock_timestamp() AS now')
    unwrap(await server.client.sendEvent({ input: { key: 'go' } }))
    const endedAt = await untilEnded(db)
    const seconds = (endedAt.getTime() - rows[0]!.now.getTime()) / 1_000
    const after = await cpu()
    const serverMb = await stop()
    await db.end()
    const transitions = runs * steps
    return {
      runs,
      steps,
      seconds,
      transitionsPerSecond: transitions / seconds,
      serverMb,
      serverUs: (1_000 * (after.server - before.server)) / transitions,
      postgresUs: (1_000 * (after.postgres - before.postgres)) / transitions,
    }
  })
}

function afterEvent({ name, steps: [first, ...others] }: WorkflowDefinition): WorkflowDefinition {
  const wait = { id: 'go', type: 'WAIT' as const, event: { key: 'go' } }
  return { name, steps: [wait, { ...first!, after: ['go'] } as Step, ...others] }
}

async function startMany({ start }: Server, workflow: string, count: number): Promise<void> {
  let left = count
  const startSome = async (): Promise<void> => {
    while (left-- > 0) await start(workflow)
  }
  await Promise.all(Array.from({ length: CALLS }, startSome))
}

import { createTasks } from '../src/engine/create-tasks.ts'
import type { BellTopic } from '../src/engine/engine.ts'
import { registerWorker } from '../src/engine/register-worker.ts'
import { openDatabase } from '../src/infra/database.ts'
import { createAttemptReporter } from '../src/loop/attempt-reporter.ts'
import { createEnginePort } from '../src/loop/engine-port.ts'
import { type Executor, startExecutor } from '../src/loop/executor.ts'
import { createSchemaCheck } from '../src/task/schema-check.ts'
import { newUuid } from '../src/task/type-id.ts'

const TENANT = 'default'
/** Tasks of one createTasks call. */
const CALL = 500

export interface Throughput {
  readonly perSecond: number
  /** Resident memory of the process that creates and runs the tasks, in MiB. */
  readonly rssMb: number
}

/**
 * Creates tasks and runs them at the same time, in this process, until the last is COMPLETED in the database. Each keeps
 * its row, its attempt, and three events.
 */
export async function measureEngine(
  url: string,
  { tasks, slots }: { tasks: number; slots: number },
): Promise<Throughput> {
  const db = openDatabase({ url, size: 10, applicationName: 'bench' })
  let executor: Executor | undefined
  const channel = { publish: (topic: BellTopic) => void (topic === 'claimable' && executor?.wake()) }
  const engine = { db, channel, schemas: createSchemaCheck() }
  const actor = { tenant: TENANT, name: 'bench' }
  const workerId = newUuid()
  await registerWorker(engine, workerOf(workerId, slots), [
    { name: 'noop', description: null, inputSchema: null, outputSchema: null, defaults: {} },
  ])
  const port = createEnginePort({ engine, actor, workerId, queue: 'default', types: ['noop'] })
  const reporter = createAttemptReporter({ port, onError: console.error, onStale: () => undefined })
  let left = tasks
  const allRun = Promise.withResolvers<void>()
  const handler = () => {
    left -= 1
    if (left === 0) allRun.resolve()
    return null
  }
  const start = performance.now()
  executor = startExecutor({
    port,
    schemas: engine.schemas,
    reporter,
    types: new Map([['noop', { handler, inputSchema: null, outputSchema: null }]]),
    slots,
    pollMs: 1_000,
    onError: console.error,
  })
  for (let made = 0; made < tasks; made += CALL) {
    const count = Math.min(CALL, tasks - made)
    const batch = Array.from({ length: count }, (_, index) => ({ name: `task ${made + index}`, type: 'noop' }))
    await createTasks(engine, actor, { tasks: batch })
  }
  await allRun.promise
  await reporter.idle()
  const seconds = (performance.now() - start) / 1_000
  const rssMb = process.memoryUsage().rss / 2 ** 20
  await executor.stop(1_000)
  const { rows } = await db.query(`SELECT count(*)::int AS count FROM task WHERE status = 'COMPLETED'`)
  await db.end()
  if (rows[0].count !== tasks) throw new Error(`${rows[0].count} of ${tasks} tasks are COMPLETED`)
  return { perSecond: tasks / seconds, rssMb }
}

function workerOf(id: string, slots: number) {
  return {
    tenant: TENANT,
    id,
    name: 'bench',
    host: 'bench',
    pid: process.pid,
    version: null,
    types: ['noop'],
    labels: {},
    slots,
    leaseMs: 600_000,
  }
}

import { afterEach } from 'vitest'
import { type ClaimAnswer, claimTasks } from '../../src/engine/claim-tasks.ts'
import { deleteLeftovers } from '../../src/engine/delete-leftovers.ts'
import type { NewTask } from '../../src/task/new-task.ts'
import type { TaskResources } from '../../src/task/resources.ts'
import type { ClaimedTask } from '../../src/task/store/claim-tasks.ts'
import type { WorkerRegistration } from '../../src/worker/store/workers.ts'
import { addWorker } from './engine.ts'
import { type EngineFixture, engineFixture } from './engine-fixture.ts'

/** What tests of workers and what they have stand on; nothing of one is left for the next. */
export interface ResourceFixture extends EngineFixture {
  /** Signs on a worker that has so much; answers with its id. */
  worker(resources: TaskResources, more?: Partial<WorkerRegistration>): Promise<string>
  claimOf(workerId: string, limit?: number): Promise<ClaimAnswer>
  /** The tasks of {@link claimOf}. */
  claim(workerId: string, limit?: number): Promise<readonly ClaimedTask[]>
  /** Forgets placements that no task has any more; answers how many. */
  dropPlacements(): Promise<number>
  /** Workers whose tasks take more than they have. */
  overcommitted(): Promise<unknown[]>
}

export async function resourceFixture(): Promise<ResourceFixture> {
  const fixture = await engineFixture({ size: 12 })
  const { engine, verbs, rowsOf } = fixture
  afterEach(async () => {
    for (const table of ['task', 'event', 'placement']) await rowsOf(`DELETE FROM "${table}"`)
    await rowsOf(`DELETE FROM worker WHERE id <> '${verbs.workerId}'`)
  })
  const { signal } = new AbortController()
  const claimOf = (workerId: string, limit = 100): Promise<ClaimAnswer> =>
    claimTasks(engine, { tenant: 'default', workerId, queue: 'default', types: ['work'], limit })
  return {
    ...fixture,
    worker: (resources, more = {}) => addWorker(engine, ['work'], 100, { resources, ...more }),
    claimOf,
    claim: async (workerId, limit) => (await claimOf(workerId, limit)).tasks,
    dropPlacements: () => deleteLeftovers(engine, 'placements', { before: new Date(Date.now() + 60_000), signal }),
    overcommitted: () => rowsOf(OVERCOMMITTED),
  }
}

const OVERCOMMITTED = `
  SELECT w.id, a.key, sum(a.value::float8) AS taken, w.resources FROM task AS t
  JOIN worker AS w ON w.id = t.worker_id JOIN placement AS p ON p.key = t.placement CROSS JOIN jsonb_each_text(p.resources) AS a
  WHERE t.status = 'RUNNING' GROUP BY w.id, a.key, w.resources
  HAVING sum(a.value::float8) > coalesce((w.resources ->> a.key)::float8, 0) + 1e-6`

/** A task that asks its worker for so much. */
export function asking(resources: TaskResources, more: Partial<NewTask> = {}): Partial<NewTask> {
  return { resources, ...more }
}

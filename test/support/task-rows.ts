import type { Pool } from 'pg'
import { withTransaction } from '../../src/infra/with-transaction.ts'
import { insertTasks } from '../../src/task/store/insert-tasks.ts'
import { lockTasks } from '../../src/task/store/lock-tasks.ts'
import type { TaskState } from '../../src/task/task-state.ts'
import { newUuid } from '../../src/task/type-id.ts'

/** Writes tasks in any state that moves can reach. An attempt that is parked, or runs again after it, has its record, as it has in the engine. */
export function insertStates(db: Pool, states: readonly TaskState[]): Promise<void> {
  return withTransaction(db, async (client) => {
    const rows = states.map((state) => ({
      state,
      asked: { name: 'a', type: state.type },
      input: null,
      createdAt: new Date(),
      createdBy: 'test',
      idempotencyKey: null,
    }))
    await insertTasks(client, rows)
    for (const { id, attempt, epoch, isResumed, status, workerId } of states) {
      const isRunningAgain = status === 'RUNNING' && epoch > attempt
      if (!isResumed && !isRunningAgain) continue
      await client.query(
        'INSERT INTO attempt_record (task_id, number, epoch, worker_id, started_at) VALUES ($1, $2, $3, $4, now())',
        [id, attempt, epoch, workerId ?? newUuid()],
      )
    }
  })
}

/** Tasks as they stand in the database, by id. */
export async function readStates(db: Pool, ids: readonly string[]): Promise<ReadonlyMap<string, TaskState>> {
  const { tasks } = await withTransaction(db, (client) => lockTasks(client, 'default', ids))
  return tasks
}

import type { Pool } from 'pg'
import type { History, HistoryAttempt, HistoryDependency, HistoryEvent, HistoryTask } from './task-history.ts'

/** All tasks of a database and their whole log, for {@link historyProblems}. */
export async function readHistory(db: Pool): Promise<History> {
  const [events, tasks, attempts, dependencies] = await Promise.all([
    db.query<HistoryEvent>(
      `SELECT "id", "task_id" AS "taskId", "kind", "version", "status"::text FROM "event" WHERE "task_id" IS NOT NULL`,
    ),
    db.query<HistoryTask>(
      `SELECT "id", "status"::text, "version", "waiting_on" AS "waitingOn", "attempt", "epoch", "is_resumed" AS "isResumed",
        "is_claimable" AS "isClaimable" FROM "task"`,
    ),
    db.query<HistoryAttempt>(`SELECT "task_id" AS "taskId", "number", "epoch", "outcome"::text FROM "attempt"`),
    db.query<HistoryDependency>(
      `SELECT "task_id" AS "taskId", "depends_on_id" AS "dependsOnId", "state"::text FROM "task_dependency"`,
    ),
  ])
  return { events: events.rows, tasks: tasks.rows, attempts: attempts.rows, dependencies: dependencies.rows }
}

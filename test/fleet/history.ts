import type { Pool } from 'pg'
import { readHistory } from '../support/read-history.ts'
import type { History, HistoryAttempt, HistoryDependency, HistoryEvent, HistoryTask } from '../support/task-history.ts'
import type { WitnessLine } from './witness.ts'
import type { WitnessedOutput } from './witnessed-handler.ts'

export interface FleetEvent extends HistoryEvent {
  /** By the database's clock, in milliseconds. */
  readonly at: number
  /** uuid of the worker that a TaskStarted names. */
  readonly workerId: string | null
}

export interface FleetTask extends HistoryTask {
  readonly output: WitnessedOutput | null
}

export interface FleetWorker {
  readonly id: string
  readonly pid: number
  /** Handlers that it may run at once. */
  readonly slots: number
  /** When it was given up or signed off, by the database's clock, in milliseconds; null while it lives. */
  readonly goneAt: number | null
}

/** What the database says when nothing is under way any more. */
export interface Log extends History {
  readonly events: readonly FleetEvent[]
  readonly tasks: readonly FleetTask[]
  readonly attempts: readonly HistoryAttempt[]
  readonly dependencies: readonly HistoryDependency[]
  readonly workers: readonly FleetWorker[]
  /** Slots that are still owned, by key and task. */
  readonly ownedSlots: readonly { readonly key: string; readonly taskId: string }[]
}

/** How claims went while somebody else's transaction held rows of tasks. */
export interface HeldRows {
  /** Tasks that could be claimed, and how many of them were locked. */
  readonly tasks: number
  readonly held: number
  /** Of those that were not locked, how many completed meanwhile. */
  readonly completed: number
}

/** Everything that is known of one run: what was asked for, what the log and the rows say, and what handlers saw. */
export interface FleetHistory {
  readonly log: Log
  readonly witness: readonly WitnessLine[]
  /** What each accepted task takes while it runs: slots by limit, by the task's uuid. */
  readonly accepted: ReadonlyMap<string, ReadonlyMap<string, number>>
  readonly capacities: Readonly<Record<string, number>>
  readonly heldRows: HeldRows
}

export async function readLog(db: Pool): Promise<Log> {
  const history = await readHistory(db)
  const [workers, slots, moments, outputs] = await Promise.all([
    db.query<FleetWorker>(
      `SELECT "id", "pid", "slots", extract(epoch FROM "stopped_at")::float8 * 1000 AS "goneAt" FROM "worker"`,
    ),
    db.query<{ key: string; taskId: string }>('SELECT "key", "task_id" AS "taskId" FROM "limit_slot"'),
    db.query<{ id: number; at: number; workerId: string | null }>(
      `SELECT "id", extract(epoch FROM "at")::float8 * 1000 AS "at", CASE WHEN "kind" = 'TaskStarted' THEN "payload" ->> 'workerId' END AS "workerId"
      FROM "event" WHERE "task_id" IS NOT NULL`,
    ),
    db.query<{ id: string; output: WitnessedOutput }>('SELECT "id", "output" FROM "task" WHERE "output" IS NOT NULL'),
  ])
  const momentOf = new Map(moments.rows.map(({ id, at, workerId }) => [Number(id), { at, workerId }]))
  const outputOf = new Map(outputs.rows.map(({ id, output }) => [id, output]))
  return {
    ...history,
    events: history.events
      .map((event) => ({ ...event, id: Number(event.id), ...momentOf.get(Number(event.id))! }))
      .sort((a, b) => a.id - b.id),
    tasks: history.tasks.map((task) => ({ ...task, output: outputOf.get(task.id) ?? null })),
    workers: workers.rows,
    ownedSlots: slots.rows,
  }
}

import { existsSync, readFileSync } from 'node:fs'
import type { Pool } from 'pg'
import { uuidOf } from '../../src/task/type-id.ts'
import type { Execution } from './chaos-types.ts'

/** What the handlers of `recorded` have written down so far. */
export function readExecutions(record: string): Execution[] {
  if (!existsSync(record)) return []
  // A process that was killed while it wrote leaves half a line, for an execution that had not begun.
  const lines = readFileSync(record, 'utf8').split('\n').slice(0, -1)
  return lines.map((line) => JSON.parse(line) as Execution)
}

export interface AttemptRow {
  /** uuid */
  readonly taskId: string
  readonly number: number
  readonly epoch: number
  readonly outcome: string | null
}

export interface TaskRow {
  readonly id: string
  readonly status: string
  readonly epoch: number
  readonly output: { readonly epoch: number } | null
}

export interface EventRow {
  readonly taskId: string
  readonly kind: string
  readonly version: number
}

/** Everything that the database says of the tasks of one type. */
export interface Records {
  readonly tasks: readonly TaskRow[]
  readonly attempts: readonly AttemptRow[]
  /** In the order of ids. */
  readonly events: readonly EventRow[]
}

export async function readRecords(db: Pool, type: string): Promise<Records> {
  const [tasks, attempts, events] = await Promise.all([
    db.query<TaskRow>('SELECT id, status::text, epoch, output FROM task WHERE type = $1', [type]),
    db.query<AttemptRow>(
      `SELECT task_id AS "taskId", number, attempt.epoch, outcome::text FROM attempt JOIN task ON task.tenant = attempt.tenant
       AND task.id = attempt.task_id WHERE task.type = $1 ORDER BY task_id, number`,
      [type],
    ),
    db.query<EventRow>(`SELECT task_id AS "taskId", kind, version FROM event WHERE task_type = $1 ORDER BY id`, [type]),
  ])
  return { tasks: tasks.rows, attempts: attempts.rows, events: events.rows }
}

/** How the executions of all tasks went. */
export interface ExecutionReport {
  readonly tasks: number
  /** Handlers that were called. */
  readonly began: number
  /** Tasks whose handler was called more than once. */
  readonly ranAgain: number
  readonly lost: number
  readonly released: number
  /** What must not be; empty when all is well. */
  readonly faults: readonly string[]
}

/**
 * Compares what handlers did with what was accepted: every task has one completion, by event and by attempt, of the epoch whose output
 * it keeps; no two calls of a handler share an epoch; each call but the accepted one ended as lost or released.
 */
export function checkExecutions(executions: readonly Execution[], records: Records): ExecutionReport {
  const faults: string[] = []
  const began = executions.filter(({ what }) => what === 'began')
  const epochsOf = Map.groupBy(began, ({ id }) => uuidOf('task', id)!)
  const attemptsOf = Map.groupBy(records.attempts, ({ taskId }) => taskId)
  const eventsOf = Map.groupBy(records.events, ({ taskId }) => taskId)
  for (const task of records.tasks) {
    const fault = (what: string): void => void faults.push(`${task.id} ${what}`)
    const epochs = (epochsOf.get(task.id) ?? []).map(({ epoch }) => epoch)
    const attempts = attemptsOf.get(task.id) ?? []
    const events = eventsOf.get(task.id) ?? []
    const count = (kind: string): number => events.filter((event) => event.kind === kind).length
    const accepted = attempts.filter(({ outcome }) => outcome === 'COMPLETED')
    if (task.status !== 'COMPLETED') fault(`is ${task.status}`)
    if (count('TaskCompleted') !== 1) fault(`has ${count('TaskCompleted')} TaskCompleted`)
    if (accepted.length !== 1) fault(`has ${accepted.length} completed attempts`)
    if (accepted[0]?.epoch !== task.output?.epoch) fault(`keeps the output of epoch ${task.output?.epoch}`)
    if (new Set(epochs).size !== epochs.length) fault(`ran twice under one of the epochs ${epochs}`)
    // A task may be claimed by a process that dies before it calls the handler, never the other way round.
    const strays = epochs.filter((epoch) => !attempts.some((attempt) => attempt.epoch === epoch))
    if (strays.length > 0) fault(`ran under epochs ${strays} that no attempt has`)
    if (count('TaskStarted') !== attempts.length) fault(`has ${attempts.length} attempts`)
    if (count('AttemptLost') + count('TaskReleased') !== attempts.length - 1) fault('has ends that nobody announced')
    if (events.some(({ version }, place) => version !== place + 1)) fault('has a gap in its versions')
  }
  const ended = (kind: string): number => records.events.filter((event) => event.kind === kind).length
  return {
    tasks: records.tasks.length,
    began: began.length,
    ranAgain: [...epochsOf.values()].filter((calls) => calls.length > 1).length,
    lost: ended('AttemptLost'),
    released: ended('TaskReleased'),
    faults,
  }
}

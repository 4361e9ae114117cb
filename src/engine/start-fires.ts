import type { ClientBase } from 'pg'
import type { NewEvent, NewTaskEvent } from '../event/event.ts'
import type { ScheduleState } from '../schedule/schedule-state.ts'
import type { FireError, FireRow } from '../schedule/store/fires.ts'
import { taskOfFire } from '../schedule/task-of-fire.ts'
import { type PlannedTask, planTask } from '../task/plan-tasks.ts'
import type { Refusal } from '../task/refusal.ts'
import type { SchemaCheck } from '../task/schema-check.ts'
import { readTaskTypeNames, readTaskTypes } from '../task/store/task-types.ts'
import { newUuid } from '../task/type-id.ts'
import { type Applied, limitsToSettle } from './apply.ts'
import type { Actor } from './engine.ts'
import { checkTaskInput, insertPlanned } from './make-tasks.ts'
import { scheduleEvent } from './schedule-events.ts'

/** A fire that is to start its task. */
export interface WantedFire {
  readonly schedule: ScheduleState
  readonly dueAt: Date
  readonly cause: FireRow['cause']
  readonly backfillId: string | null
  /** uuid of a fire that has waited; absent: one that is recorded now */
  readonly fireId?: string
}

/** What becomes of it: a task that is planned, or why that is refused. */
export interface PlannedStart {
  readonly wanted: WantedFire
  readonly row: FireRow
  readonly start: { readonly task: PlannedTask } | { readonly refusal: Refusal }
}

/**
 * Plans the tasks of fires of one tenant: the template with its due time, against the task types as they are now. Nothing is
 * written; a template that is refused gives a FAILED fire, and the others go on.
 */
export async function planStarts(
  client: ClientBase,
  schemas: SchemaCheck,
  tenant: string,
  fires: readonly WantedFire[],
): Promise<PlannedStart[]> {
  if (fires.length === 0) return []
  const names = [...new Set(fires.map(({ schedule }) => schedule.task.type))]
  const { types, now } = await readTaskTypes(client, tenant, names)
  const known = names.every((name) => types.has(name)) ? [] : await readTaskTypeNames(client, tenant)
  return fires.map((wanted): PlannedStart => {
    const asked = taskOfFire(wanted.schedule.task, wanted.dueAt, now)
    const type = types.get(asked.type)
    if (type === undefined) {
      return planned(wanted, now, {
        refusal: { code: 'UNKNOWN_TASK_TYPE', type: asked.type, known, path: ['task', 'type'] },
      })
    }
    const issues = checkTaskInput(schemas, asked, type, ['task'])
    if (issues.length > 0) return planned(wanted, now, { refusal: { code: 'VALIDATION', issues } })
    const given = { tenant, id: newUuid(), now, type }
    return planned(wanted, now, { task: planTask(asked, given, dependsOnNothing) })
  })
}

/** What the caller does with the tasks of fires: append their events once it holds every lock, and ring after the commit. */
interface WrittenStarts extends Pick<Applied, 'hasClaimable' | 'limits'> {
  readonly events: NewEvent[]
}

/**
 * Writes the tasks of fires that have been recorded.
 *
 * @returns the events of the tasks and of their fires, and whom to wake
 */
export async function writeStarts(
  client: ClientBase,
  actor: Actor,
  starts: readonly PlannedStart[],
  now: Date,
): Promise<WrittenStarts> {
  const started = starts.flatMap(({ wanted, row, start }) =>
    'task' in start ? [{ wanted, row, task: start.task }] : [],
  )
  const wantedOf = new Map(started.map(({ task, wanted }) => [task.born.id, wanted]))
  const inserted = await insertPlanned(
    client,
    actor,
    started.map(({ task }) => task),
    now,
    ({ born }) => {
      const { schedule, backfillId } = wantedOf.get(born.id)!
      return { scheduleId: schedule.id, ...(backfillId !== null && { backfillId }) }
    },
  )
  const birthOf = new Map<string, NewTaskEvent>(inserted.events.map((event) => [event.taskId, event]))
  const events = starts.flatMap(({ wanted, row, start }): NewEvent[] => {
    const { schedule, cause } = wanted
    const fire = { fireId: row.id, dueAt: row.dueAt.toISOString() }
    const who = cause === 'HAND' ? actor.name : null
    if ('refusal' in start) return [scheduleEvent(schedule, who, 'ScheduleFireFailed', { ...fire, error: row.error! })]
    const taskId = start.task.born.id
    return [scheduleEvent(schedule, who, 'ScheduleFired', { ...fire, taskId, cause }), birthOf.get(taskId)!]
  })
  return {
    events,
    hasClaimable: started.some(({ task }) => task.born.isClaimable),
    limits: limitsToSettle(
      actor.tenant,
      started.map(({ task }) => ({ before: null, after: task.born })),
    ),
  }
}

function planned(wanted: WantedFire, now: Date, start: PlannedStart['start']): PlannedStart {
  const row: FireRow = {
    tenant: wanted.schedule.tenant,
    id: wanted.fireId ?? newUuid(),
    scheduleId: wanted.schedule.id,
    dueAt: wanted.dueAt,
    cause: wanted.cause,
    status: 'task' in start ? 'STARTED' : 'FAILED',
    taskId: 'task' in start ? start.task.born.id : null,
    backfillId: wanted.backfillId,
    reason: null,
    error: 'task' in start ? null : errorOf(start.refusal),
    firedAt: now,
  }
  return { wanted, row, start }
}

function errorOf(refusal: Refusal): FireError {
  const { code } = refusal
  if (refusal.code === 'VALIDATION') {
    return { code, message: refusal.issues.map(({ path, message }) => `${path.join('.')} ${message}`).join('; ') }
  }
  if (refusal.code === 'UNKNOWN_TASK_TYPE') {
    return { code, message: `No task type is called "${refusal.type}": start a worker that serves it.` }
  }
  throw new Error(`A task without relations was refused with ${code}`)
}

function dependsOnNothing(): never {
  throw new Error('The task of a schedule depends on nothing')
}

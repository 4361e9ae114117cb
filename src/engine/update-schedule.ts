import { checkSchedule, type ScheduleFields } from '../schedule/check-schedule.ts'
import { withTimes } from '../schedule/next-state.ts'
import type { TaskTemplate } from '../schedule/schedule-state.ts'
import { writeFields, writeSchedules } from '../schedule/store/schedules.ts'
import { type Result, refusedWith } from '../task/refusal.ts'
import type { SchemaCheck } from '../task/schema-check.ts'
import { commandSchedule } from './command-schedule.ts'
import type { Actor, Engine } from './engine.ts'
import { RollBack } from './idempotency.ts'
import { scheduleEvent } from './schedule-events.ts'
import { planStarts } from './start-fires.ts'

/**
 * Changes a schedule; a field that is left out stays. A new timing counts from now: due times that have not been seen to are dropped.
 */
export async function updateSchedule(
  engine: Engine & { readonly schemas: SchemaCheck },
  actor: Actor,
  input: {
    readonly scheduleId: string
    readonly update: ScheduleFields
    /** Replace what the task of the schedule says so far, or `update.task`. */
    readonly taskChanges?: Partial<TaskTemplate>
  },
): Promise<Result<{ scheduleId: string }>> {
  const { scheduleId, taskChanges = {} } = input
  const changesTask = Object.keys(taskChanges).length > 0
  const asked = changesTask ? { ...input.update, task: taskChanges } : input.update
  const fields = Object.entries(asked).flatMap(([field, value]) => (value === undefined ? [] : [field]))
  const issues = checkSchedule(input.update, new Date())
  if (fields.length === 0) issues.push({ path: [], message: 'changes nothing; give at least one field' })
  if (issues.length > 0) return refusedWith({ code: 'VALIDATION', issues })
  return commandSchedule(engine, actor, scheduleId, async (client, before, now) => {
    const update = changesTask
      ? { ...input.update, task: { ...(input.update.task ?? before.task), ...taskChanges } }
      : input.update
    const found = changesTask ? checkSchedule({ task: update.task! }, now) : []
    if (found.length > 0) throw new RollBack({ code: 'VALIDATION', issues: found })
    const { name: _, description: __, ...decisive } = update
    const changed = { ...before, ...defined(decisive), version: before.version + 1 }
    if (update.task !== undefined) {
      const [trial] = await planStarts(client, engine.schemas, actor.tenant, [
        { schedule: changed, dueAt: now, cause: 'TIME', backfillId: null },
      ])
      if (trial !== undefined && 'refusal' in trial.start) throw new RollBack(trial.start.refusal)
    }
    await writeFields(client, before, update, now)
    const after = withTimes(changed, update.timing === undefined ? 'kept' : 'fromNow', now)
    await writeSchedules(client, [after])
    return [scheduleEvent(after, actor.name, 'ScheduleUpdated', { fields })]
  })
}

function defined<Shape extends object>(object: Shape): { [Key in keyof Shape]?: Exclude<Shape[Key], undefined> } {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as never
}

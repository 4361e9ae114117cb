import { checkSchedule, type ScheduleFields } from '../schedule/check-schedule.ts'
import { withTimes } from '../schedule/next-state.ts'
import type { RunTemplate, Target, TaskTemplate } from '../schedule/schedule-state.ts'
import { writeFields, writeSchedules } from '../schedule/store/schedules.ts'
import { type InputIssue, type Result, refusedWith } from '../task/refusal.ts'
import { commandSchedule } from './command-schedule.ts'
import type { Actor } from './engine.ts'
import { RollBack } from './idempotency.ts'
import { refusalOfStart } from './plan-fires.ts'
import type { RunEngine } from './run-tools.ts'
import { scheduleEvent } from './schedule-events.ts'

/**
 * Changes a schedule; a field that is left out stays. A new timing counts from now: due times that have not been seen to are dropped.
 */
export async function updateSchedule(
  engine: RunEngine,
  actor: Actor,
  input: {
    readonly scheduleId: string
    readonly update: ScheduleFields
    /** Replace what the task of the schedule says so far, or `update.task`. */
    readonly taskChanges?: Partial<TaskTemplate>
    /** The same for the run that it starts; a version of null: the newest from now on. */
    readonly workflowChanges?: RunChanges
  },
): Promise<Result<{ scheduleId: string }>> {
  const { scheduleId, update: asked, taskChanges = {}, workflowChanges = {} } = input
  const changesTask = Object.keys(taskChanges).length > 0
  const changesRun = Object.keys(workflowChanges).length > 0
  const changed = {
    ...asked,
    ...(changesTask && { task: taskChanges }),
    ...(changesRun && { workflow: workflowChanges }),
  }
  const fields = Object.entries(changed).flatMap(([field, value]) => (value === undefined ? [] : [field]))
  const issues = checkSchedule(asked, new Date())
  if (fields.length === 0) issues.push({ path: [], message: 'changes nothing; give at least one field' })
  if (issues.length > 0) return refusedWith({ code: 'VALIDATION', issues })
  return commandSchedule(engine, actor, scheduleId, async (client, before, now) => {
    const { task: _, workflow: __, ...rest } = asked
    const from = targetOf(asked) ?? before.target
    const target = changesTask || changesRun ? changedTarget(from, taskChanges, workflowChanges) : targetOf(asked)
    const update: ScheduleFields = { ...rest, ...target }
    const found = target === null ? [] : checkSchedule(target, now)
    if (found.length > 0) throw new RollBack({ code: 'VALIDATION', issues: found })
    const { name: ___, description: ____, ...decisive } = rest
    const state = { ...before, ...defined(decisive), target: target ?? before.target, version: before.version + 1 }
    const refusal = target === null ? null : await refusalOfStart(client, engine.runs, state, now)
    if (refusal !== null) throw new RollBack(refusal)
    await writeFields(client, before, update, now)
    const after = withTimes(state, update.timing === undefined ? 'kept' : 'fromNow', now)
    await writeSchedules(client, [after])
    return [scheduleEvent(after, actor.name, 'ScheduleUpdated', { fields })]
  })
}

/** What changes of the run that a schedule starts. */
export type RunChanges = Omit<Partial<RunTemplate>, 'version'> & { readonly version?: number | null }

function targetOf({ task, workflow }: ScheduleFields): Target | null {
  if (task !== undefined) return { task }
  return workflow === undefined ? null : { workflow }
}

/** @throws RollBack when what is to change is not what the schedule starts */
function changedTarget(target: Target, taskChanges: Partial<TaskTemplate>, workflowChanges: RunChanges): Target {
  const issues: InputIssue[] = []
  if (!('task' in target) && Object.keys(taskChanges).length > 0)
    issues.push({
      path: ['taskChanges'],
      message: 'changes a task, but the schedule starts a workflow; give a whole task',
    })
  if ('task' in target && Object.keys(workflowChanges).length > 0)
    issues.push({
      path: ['workflowChanges'],
      message: 'changes a workflow, but the schedule starts a task; give a whole workflow',
    })
  if (issues.length > 0) throw new RollBack({ code: 'VALIDATION', issues })
  if ('task' in target) return { task: { ...target.task, ...taskChanges } }
  const { version: asked, ...changes } = workflowChanges
  const { version: before, ...kept } = target.workflow
  const version = asked === undefined ? before : (asked ?? undefined)
  return { workflow: { ...kept, ...changes, ...(version !== undefined && { version }) } }
}

function defined<Shape extends object>(object: Shape): { [Key in keyof Shape]?: Exclude<Shape[Key], undefined> } {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as never
}

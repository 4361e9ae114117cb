import type { ClientBase } from 'pg'
import type { RunTemplate, ScheduleState, TaskTemplate } from '../schedule/schedule-state.ts'
import type { FireError, FireRow } from '../schedule/store/fires.ts'
import { inputOfFire, taskOfFire } from '../schedule/task-of-fire.ts'
import type { JsonValue } from '../task/json.ts'
import type { PlannedTask } from '../task/plan-tasks.ts'
import type { Refusal } from '../task/refusal.ts'
import { encodeTypeId, ID_PREFIXES, newUuid } from '../task/type-id.ts'
import { planLoneTasks } from './plan-lone-tasks.ts'
import { type PlannedRun, planRuns } from './plan-runs.ts'
import type { RunTools } from './run-tools.ts'

/** A fire that is to start its task or run. */
export interface WantedFire {
  readonly schedule: ScheduleState
  readonly dueAt: Date
  readonly cause: FireRow['cause']
  readonly backfillId: string | null
  /** uuid of a fire that has waited; absent: one that is recorded now */
  readonly fireId?: string
}

/** What becomes of it: a task or a run that is planned, or why that is refused. */
export interface PlannedStart<Run = PlannedRun> {
  readonly wanted: WantedFire
  readonly row: FireRow
  readonly start: Start<Run>
}

type Start<Run> = { readonly task: PlannedTask } | { readonly run: Run } | { readonly refusal: Refusal }

/**
 * Plans what fires of one tenant start: the template with its due time, against the task types and workflows as they are now. Nothing is
 * written; a template that is refused gives a FAILED fire, and the others go on.
 */
export async function planStarts(
  client: ClientBase,
  tools: RunTools,
  tenant: string,
  fires: readonly WantedFire[],
  now: Date,
): Promise<PlannedStart[]> {
  const named = fires.map((wanted) => ({ wanted, fireId: wanted.fireId ?? newUuid() }))
  const tasks = named.flatMap(({ wanted }) =>
    'task' in wanted.schedule.target ? [{ wanted, template: wanted.schedule.target.task }] : [],
  )
  const runs = named.flatMap(({ wanted, fireId }) =>
    'workflow' in wanted.schedule.target ? [{ wanted, fireId, template: wanted.schedule.target.workflow }] : [],
  )
  const starts = new Map([
    ...(await planTasks(client, tools, tenant, tasks, now)),
    ...(await planRunsOf(client, tools, tenant, runs)),
  ])
  return named.map(({ wanted, fireId }) => {
    const start = starts.get(wanted)!
    return { wanted, start, row: rowOf(wanted, fireId, start, now) }
  })
}

/** Why a schedule could not start anything now; null when it could. A want of room passes, so it does not count. */
export async function refusalOfStart(
  client: ClientBase,
  tools: RunTools,
  schedule: ScheduleState,
  now: Date,
): Promise<Refusal | null> {
  const wanted = { schedule, dueAt: now, cause: 'TIME', backfillId: null } as const
  const [trial] = await planStarts(client, tools, schedule.tenant, [wanted], now)
  return trial !== undefined && 'refusal' in trial.start ? trial.start.refusal : null
}

/** What a fire that was refused keeps of that. */
export function fireErrorOf(refusal: Refusal): FireError {
  const { code } = refusal
  switch (refusal.code) {
    case 'VALIDATION':
      return { code, message: refusal.issues.map(({ path, message }) => `${path.join('.')} ${message}`).join('; ') }
    case 'UNKNOWN_TASK_TYPE':
      return { code, message: `No task type is called "${refusal.type}": start a worker that serves it.` }
    case 'UNKNOWN_WORKFLOW': {
      const which = refusal.version === null ? 'no version that is READY' : `no version ${refusal.version} that can run`
      return { code, message: `The workflow "${refusal.workflow}" has ${which}.` }
    }
    case 'RUNS_FULL':
      return {
        code,
        message: `${refusal.limit} runs of the workflow "${refusal.workflow}" were under way, which is its limit, and it refuses others.`,
      }
    default:
      throw new Error(`What is to be started was refused with ${code}`)
  }
}

interface Wanted<Template> {
  readonly wanted: WantedFire
  readonly template: Template
}

async function planTasks(
  client: ClientBase,
  { schemas }: RunTools,
  tenant: string,
  fires: readonly Wanted<TaskTemplate>[],
  now: Date,
): Promise<(readonly [WantedFire, Start<PlannedRun>])[]> {
  const asked = fires.map(({ wanted, template }) => taskOfFire(template, wanted.dueAt, now))
  const plans = await planLoneTasks(client, schemas, tenant, asked, now)
  return fires.map(({ wanted }, place) => [wanted, plans[place]!])
}

async function planRunsOf(
  client: ClientBase,
  tools: RunTools,
  tenant: string,
  fires: readonly (Wanted<RunTemplate> & { readonly fireId: string })[],
): Promise<(readonly [WantedFire, Start<PlannedRun>])[]> {
  const asked = fires.map(({ wanted, fireId, template }) => ({
    id: newUuid(),
    workflow: template.name,
    version: template.version ?? null,
    input: inputOfFire(template, wanted.dueAt) ?? {},
    trigger: triggerOf(wanted, fireId),
    origin: { scheduleId: wanted.schedule.id, backfillId: wanted.backfillId },
  }))
  const plans = await planRuns(client, tools, tenant, asked)
  return fires.map(({ wanted }, place) => {
    const plan = plans[place]!
    return [wanted, 'refusal' in plan ? { refusal: belowWorkflow(plan.refusal) } : plan]
  })
}

/** What a run says of the schedule that started it, with ids as people see them. */
function triggerOf({ schedule, dueAt, cause }: WantedFire, fireId: string): JsonValue {
  return {
    kind: 'SCHEDULE',
    scheduleId: encodeTypeId(ID_PREFIXES.schedule, schedule.id),
    fireId: encodeTypeId(ID_PREFIXES.scheduleFire, fireId),
    dueAt: dueAt.toISOString(),
    cause,
  }
}

function belowWorkflow(refusal: Refusal): Refusal {
  if (refusal.code !== 'VALIDATION') return refusal
  return { ...refusal, issues: refusal.issues.map((issue) => ({ ...issue, path: ['workflow', ...issue.path] })) }
}

function rowOf(wanted: WantedFire, id: string, start: Start<PlannedRun>, now: Date): FireRow {
  return {
    tenant: wanted.schedule.tenant,
    id,
    scheduleId: wanted.schedule.id,
    dueAt: wanted.dueAt,
    cause: wanted.cause,
    status: 'refusal' in start ? 'FAILED' : 'STARTED',
    taskId: 'task' in start ? start.task.born.id : null,
    runId: 'run' in start ? start.run.asked.id : null,
    backfillId: wanted.backfillId,
    reason: null,
    error: 'refusal' in start ? fireErrorOf(start.refusal) : null,
    firedAt: now,
  }
}

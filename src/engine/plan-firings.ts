import type { ClientBase } from 'pg'
import type { JsonValue } from '../task/json.ts'
import type { PlannedTask } from '../task/plan-tasks.ts'
import type { Refusal } from '../task/refusal.ts'
import { encodeTypeId, ID_PREFIXES, newUuid } from '../task/type-id.ts'
import { isConstant } from '../trigger/check-trigger.ts'
import { type Judged, judgeEvent } from '../trigger/judge-event.ts'
import type { FiringError, SkipReason, TriggerEvent, TriggerState } from '../trigger/trigger-state.ts'
import { fireErrorOf } from './plan-fires.ts'
import { planLoneTasks } from './plan-lone-tasks.ts'
import { type PlannedRun, planRuns } from './plan-runs.ts'
import type { RunTools } from './run-tools.ts'

/** A trigger and an event that it is to look at. */
export interface Firing {
  /** uuid */
  readonly id: string
  readonly trigger: TriggerState
  readonly event: TriggerEvent
}

export interface JudgedFiring extends Firing {
  readonly judged: Judged
}

/** What becomes of it: a task or a run to start, nothing, or what is wrong. */
export type Plan<Run = PlannedRun> =
  | { readonly task: PlannedTask }
  | { readonly run: Run }
  | { readonly skipped: SkipReason }
  | { readonly error: FiringError }

export interface PlannedFiring<Run = PlannedRun> extends Firing {
  readonly plan: Plan<Run>
}

/**
 * Plans what firings of one tenant start, against the task types and workflows as they are now. Nothing is written; one that is refused
 * is a FAILED firing, and the others go on.
 */
export async function planFirings(
  client: ClientBase,
  tools: RunTools,
  tenant: string,
  firings: readonly JudgedFiring[],
  now: Date,
): Promise<PlannedFiring[]> {
  const tasks = firings.flatMap((firing) =>
    firing.judged.kind === 'TASK' ? [{ firing, task: firing.judged.task }] : [],
  )
  const runs = firings.flatMap((firing) => (firing.judged.kind === 'RUN' ? [{ firing, ...firing.judged }] : []))
  const plannedTasks = await planLoneTasks(
    client,
    tools.schemas,
    tenant,
    tasks.map(({ task }) => task),
    now,
  )
  const plannedRuns = await planRuns(
    client,
    tools,
    tenant,
    runs.map(({ firing, workflow, version, input }) => ({
      id: newUuid(),
      workflow,
      version,
      input,
      trigger: startedBy(firing),
    })),
  )
  const starts = new Map<Firing, Plan | { readonly refusal: Refusal }>([
    ...tasks.map(({ firing }, place) => [firing, plannedTasks[place]!] as const),
    ...runs.map(({ firing }, place) => [firing, plannedRuns[place]!] as const),
  ])
  return firings.map((firing) => {
    const { id, trigger, event, judged } = firing
    return { id, trigger, event, plan: planOf(judged, starts.get(firing)) }
  })
}

/** Why a trigger could start nothing, whatever event came; null when it could. A want of room passes, so it does not count. */
export async function refusalOfTarget(
  client: ClientBase,
  tools: RunTools,
  trigger: TriggerState,
  now: Date,
): Promise<Refusal | null> {
  const { target, tenant } = trigger
  const { input } = 'task' in target ? target.task : target.workflow
  const sample = { ...trigger, condition: null, target: withoutExpressions(target) }
  const event = { id: null, key: 'key', payload: {}, sender: null, receivedAt: now }
  const judged = judgeEvent(sample, event, now)
  const [plan] =
    judged.kind === 'TASK'
      ? await planLoneTasks(client, tools.schemas, tenant, [judged.task], now)
      : judged.kind === 'RUN'
        ? await planRuns(client, tools, tenant, [{ ...judged, id: newUuid(), trigger: null }])
        : []
  if (plan === undefined || !('refusal' in plan)) return null
  if (plan.refusal.code !== 'VALIDATION') return plan.refusal
  // What the schema says of the input is known only with an event, unless the input is the same for all.
  if (!isConstant(input)) return null
  const below = 'task' in target ? [] : ['workflow']
  return { ...plan.refusal, issues: plan.refusal.issues.map((one) => ({ ...one, path: [...below, ...one.path] })) }
}

/** A target that any event fills. */
function withoutExpressions(target: TriggerState['target']): TriggerState['target'] {
  if ('workflow' in target) {
    const { input, ...run } = target.workflow
    return { workflow: { ...run, input: isConstant(input) ? input! : {} } }
  }
  const { name, type, input } = target.task
  return { task: { name: isConstant(name) ? name : 'x', type, input: isConstant(input) ? input! : {} } }
}

function planOf(judged: Judged, start: Plan | { readonly refusal: Refusal } | undefined): Plan {
  if (judged.kind === 'SKIP') return { skipped: judged.reason }
  if (judged.kind === 'FAIL') return { error: judged.error }
  if (start === undefined) throw new Error('A firing that is to start something was not planned')
  return 'refusal' in start ? { error: fireErrorOf(start.refusal) } : start
}

/** What a run says of the trigger that started it, with ids as people see them. */
function startedBy({ id, trigger, event }: Firing): JsonValue {
  return {
    kind: event.id === null ? 'MANUAL' : 'EVENT',
    triggerId: encodeTypeId(ID_PREFIXES.trigger, trigger.id),
    firingId: encodeTypeId(ID_PREFIXES.firing, id),
    ...(event.id !== null && { eventId: encodeTypeId(ID_PREFIXES.receivedEvent, event.id) }),
    key: event.key,
  }
}

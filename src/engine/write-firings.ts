import type { ClientBase } from 'pg'
import type { NewEvent, NewTaskEvent } from '../event/event.ts'
import type { SettledFiring } from '../trigger/store/firings.ts'
import { type Applied, limitsToSettle } from './apply.ts'
import type { Actor } from './engine.ts'
import { insertPlanned } from './make-tasks.ts'
import { fireErrorOf } from './plan-fires.ts'
import type { Plan, PlannedFiring } from './plan-firings.ts'
import { insertTurned, type TurnedRun, takeTurnsOf } from './plan-runs.ts'
import { triggerEvent } from './trigger-events.ts'

/** A firing whose run has taken its turn, where the workflow bounds its runs. */
export type TurnedFiring = PlannedFiring<TurnedRun>

/**
 * Takes the turns of the runs that firings start. Where there is no room and the workflow refuses more, the firing has failed.
 *
 * Locks: the turns, by advisory locks in one order; the caller holds the triggers.
 */
export async function takeFiringTurns(
  client: ClientBase,
  tenant: string,
  firings: readonly PlannedFiring[],
): Promise<TurnedFiring[]> {
  const runs = firings.flatMap(({ plan }) => ('run' in plan ? [plan.run] : []))
  const turns = (await takeTurnsOf(client, tenant, runs)).values()
  return firings.map((firing): TurnedFiring => {
    const { plan, ...rest } = firing
    if (!('run' in plan)) return { ...rest, plan }
    const turn = turns.next().value!
    return { ...rest, plan: 'run' in turn ? { run: turn } : { error: fireErrorOf(turn.refusal) } }
  })
}

/** What the caller does with what firings have done: keep it, append the events once it holds every lock, and ring after the commit. */
export interface WrittenFirings extends Pick<Applied, 'hasClaimable' | 'limits'> {
  /** In the order of the firings. */
  readonly settled: readonly SettledFiring[]
  readonly events: NewEvent[]
  /** Ring `runs`. */
  readonly hasRuns: boolean
}

/**
 * Writes the tasks and runs that firings start.
 *
 * @param actor who is named as their creator
 * @param by who is named in the events of the triggers; null when an event fired them
 */
export async function writeFirings(
  client: ClientBase,
  actor: Actor,
  by: string | null,
  firings: readonly TurnedFiring[],
  now: Date,
): Promise<WrittenFirings> {
  const tasks = firings.flatMap(({ plan }) => ('task' in plan ? [plan.task] : []))
  const runs = firings.flatMap(({ plan }) => ('run' in plan ? [plan.run] : []))
  const inserted = await insertPlanned(client, actor, tasks, now, () => ({}))
  await insertTurned(client, actor, runs, now)
  const births = new Map(inserted.events.map((event) => [event.taskId, event]))
  return {
    settled: firings.map(({ id, plan }) => settledOf(id, plan, now)),
    events: firings.flatMap((firing) => eventsOf(by, firing, births)),
    hasClaimable: tasks.some(({ born }) => born.isClaimable),
    hasRuns: runs.length > 0,
    limits: limitsToSettle(
      actor.tenant,
      tasks.map(({ born }) => ({ before: null, after: born })),
    ),
  }
}

function settledOf(id: string, plan: Plan<TurnedRun>, firedAt: Date): SettledFiring {
  const nothing = { id, taskId: null, runId: null, reason: null, error: null, firedAt }
  if ('task' in plan) return { ...nothing, status: 'STARTED', taskId: plan.task.born.id }
  if ('run' in plan) return { ...nothing, status: 'STARTED', runId: plan.run.run.asked.id }
  if ('error' in plan) return { ...nothing, status: 'FAILED', error: plan.error }
  return { ...nothing, status: 'SKIPPED', reason: plan.skipped }
}

function eventsOf(
  by: string | null,
  { id, trigger, event, plan }: TurnedFiring,
  births: ReadonlyMap<string, NewTaskEvent>,
): NewEvent[] {
  const firing = { firingId: id, ...(event.id !== null && { eventId: event.id }) }
  if ('error' in plan) return [triggerEvent(trigger, by, 'TriggerFiringFailed', { ...firing, error: plan.error })]
  if ('skipped' in plan) {
    const { skipped: reason } = plan
    return reason === 'CONDITION' ? [] : [triggerEvent(trigger, by, 'TriggerFiringSkipped', { ...firing, reason })]
  }
  if ('run' in plan) return [triggerEvent(trigger, by, 'TriggerFired', { ...firing, runId: plan.run.run.asked.id })]
  const taskId = plan.task.born.id
  return [triggerEvent(trigger, by, 'TriggerFired', { ...firing, taskId }), births.get(taskId)!]
}

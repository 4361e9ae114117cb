import type { ClientBase } from 'pg'
import type { NewEvent, NewTaskEvent } from '../event/event.ts'
import { type FireRow, failFires } from '../schedule/store/fires.ts'
import type { PlannedTask } from '../task/plan-tasks.ts'
import { type Applied, limitsToSettle } from './apply.ts'
import type { Actor } from './engine.ts'
import { insertPlanned } from './make-tasks.ts'
import { fireErrorOf, type PlannedStart } from './plan-fires.ts'
import { insertTurned, type TurnedRun, takeTurnsOf } from './plan-runs.ts'
import { scheduleEvent } from './schedule-events.ts'

/** A start with the turn that its run has taken, where the workflow bounds its runs. */
export type TurnedStart = PlannedStart<TurnedRun>

/**
 * Takes the turns of the runs of fires that have been recorded. Where there is no room and the workflow refuses more, the fire has failed.
 *
 * Locks: the turns, by advisory locks in one order; the caller holds the schedules.
 */
export async function takeFireTurns(
  client: ClientBase,
  tenant: string,
  starts: readonly PlannedStart[],
): Promise<TurnedStart[]> {
  const runs = starts.flatMap(({ start }) => ('run' in start ? [start.run] : []))
  const turns = (await takeTurnsOf(client, tenant, runs)).values()
  const turned = starts.map((one): TurnedStart => {
    const { wanted, row, start } = one
    if (!('run' in start)) return { wanted, row, start }
    const turn = turns.next().value!
    if ('run' in turn) return { wanted, row, start: { run: turn } }
    const error = fireErrorOf(turn.refusal)
    return { wanted, row: { ...row, status: 'FAILED', runId: null, error }, start: turn }
  })
  const isFull = (one: TurnedStart): boolean => 'refusal' in one.start && one.start.refusal.code === 'RUNS_FULL'
  await failFires(
    client,
    tenant,
    turned.filter(isFull).map(({ row }) => row),
  )
  return turned
}

/** What the caller does for what fires started: append the events once it holds every lock, and ring after the commit. */
export interface WrittenStarts extends Pick<Applied, 'hasClaimable' | 'limits'> {
  readonly events: NewEvent[]
  /** Ring `runs`. */
  readonly hasRuns: boolean
}

/**
 * Writes the tasks and runs of fires that have been recorded.
 *
 * @returns the events of the tasks and of the fires, and whom to wake
 */
export async function writeStarts(
  client: ClientBase,
  actor: Actor,
  starts: readonly TurnedStart[],
  now: Date,
): Promise<WrittenStarts> {
  const started = starts.flatMap(({ wanted, start }) => ('task' in start ? [{ wanted, task: start.task }] : []))
  const runs = starts.flatMap(({ start }) => ('run' in start ? [start.run] : []))
  const births = await writeTasks(client, actor, started, now)
  await insertTurned(client, actor, runs, now)
  return {
    events: starts.flatMap((one) => eventsOf(actor, one, births)),
    hasClaimable: started.some(({ task }) => task.born.isClaimable),
    hasRuns: runs.length > 0,
    limits: limitsToSettle(
      actor.tenant,
      started.map(({ task }) => ({ before: null, after: task.born })),
    ),
  }
}

/** @returns the first events of the tasks, by their ids */
async function writeTasks(
  client: ClientBase,
  actor: Actor,
  started: readonly { readonly wanted: PlannedStart['wanted']; readonly task: PlannedTask }[],
  now: Date,
): Promise<ReadonlyMap<string, NewTaskEvent>> {
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
  return new Map(inserted.events.map((event) => [event.taskId, event]))
}

function eventsOf(
  actor: Actor,
  { wanted: { schedule, cause }, row, start }: TurnedStart,
  births: ReadonlyMap<string, NewTaskEvent>,
): NewEvent[] {
  const who = cause === 'HAND' ? actor.name : null
  const fire = { fireId: row.id, dueAt: row.dueAt.toISOString() }
  if ('refusal' in start) return [scheduleEvent(schedule, who, 'ScheduleFireFailed', { ...fire, error: row.error! })]
  if ('run' in start)
    return [scheduleEvent(schedule, who, 'ScheduleFired', { ...fire, runId: start.run.run.asked.id, cause })]
  const taskId = start.task.born.id
  return [scheduleEvent(schedule, who, 'ScheduleFired', { ...fire, taskId, cause }), births.get(taskId)!]
}

/** Rows of fires that really start something. */
export function rowsStarted(starts: readonly TurnedStart[]): FireRow[] {
  return starts.flatMap(({ row }) => (row.status === 'STARTED' ? [row] : []))
}

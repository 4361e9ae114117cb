import type { ClientBase } from 'pg'
import type { NewEvent } from '../event/event.ts'
import { appendEvents } from '../event/store/append-events.ts'
import { firesOf } from '../schedule/fires.ts'
import { type PlannedFire, planTurn, type Turn, wakeTimeOf } from '../schedule/plan-turn.ts'
import type { ScheduleState } from '../schedule/schedule-state.ts'
import { type FireRow, readQueueHeads, recordFires, settleQueued } from '../schedule/store/fires.ts'
import { lockDueSchedules, readRunning, readStillRunning, writeSchedules } from '../schedule/store/schedules.ts'
import { isFinished } from '../task/status.ts'
import { transition } from '../task/transition.ts'
import { newUuid } from '../task/type-id.ts'
import { type Message, tellRuns } from '../workflow/store/inbox.ts'
import { type Applied, applyDecisions, joinLimits, ringBells } from './apply.ts'
import type { Decision } from './decision.ts'
import type { Actor } from './engine.ts'
import { lockCascade } from './lock-cascade.ts'
import { type PlannedStart, planStarts, type WantedFire } from './plan-fires.ts'
import type { RunEngine, RunTools } from './run-tools.ts'
import { scheduleEvent } from './schedule-events.ts'
import { rowsStarted, takeFireTurns, writeStarts } from './start-fires.ts'
import { ringRuns } from './step-runs.ts'
import { transact } from './transact.ts'

/** Most schedules that one transaction holds. */
const BATCH = 50
/** Most running tasks, and runs, that one transaction cancels for the fires that replace them. */
const MAX_CANCELLED = 1_000

/** Who makes the tasks of fires, as they show it. */
const SCHEDULER = 'scheduler'

/**
 * Sees to every schedule that is due: records its fires and makes their tasks and runs in one transaction, and sets its next due time. Any
 * number of schedulers may do so at once: each schedule is held by one of them, and each due time can be recorded once.
 *
 * @returns how many fires were seen to
 */
export async function fireSchedules(engine: RunEngine): Promise<number> {
  let total = 0
  for (;;) {
    const fired = await transact(engine, (client) => fireBatch(client, engine.runs))
    if (fired === null) return total
    ringBells(engine, fired)
    ringRuns(engine, { hasMore: fired.hasRuns })
    total += fired.count
  }
}

interface Looked {
  readonly schedule: ScheduleState
  readonly turn: Turn
}

async function fireBatch(
  client: ClientBase,
  tools: RunTools,
): Promise<(Applied & { count: number; hasRuns: boolean }) | null> {
  const due = await lockDueSchedules(client, BATCH)
  const tenant = due.schedules[0]?.tenant
  if (tenant === undefined) return null
  // One tenant at a time: events come last, after the locks of all that follows.
  const schedules = due.schedules.filter((schedule) => schedule.tenant === tenant)
  const { now } = due
  const watched = schedules.filter(({ overlapPolicy, queued }) => overlapPolicy !== 'ALLOW' || queued > 0)
  const running = await readRunning(
    client,
    tenant,
    watched.map(({ id }) => id),
  )
  const { looked, broken } = look(schedules, running, now)
  const actor: Actor = { tenant, name: SCHEDULER }

  const queueHeads = await readQueueHeads(
    client,
    tenant,
    idsOf(looked, ({ startsQueued }) => startsQueued),
  )
  const starts = await planStarts(
    client,
    tools,
    tenant,
    looked.flatMap((one) => wantedOf(one, queueHeads)),
    now,
  )
  const { recorded, events, states } = await record(client, looked, starts, now)
  const written = await takeFireTurns(client, tenant, recorded)
  // Only a fire that really starts something takes the place of another: a backfill may have had its due time.
  const starting = new Set(rowsStarted(written).map(({ scheduleId }) => scheduleId))
  const replaced = looked.filter(({ schedule, turn }) => turn.cancelsRunning && starting.has(schedule.id))
  const replacedIds = replaced.map(({ schedule }) => schedule.id)
  const stopsRuns = await cancelRuns(client, tenant, replacedIds)
  const cancelled = await planCancels(client, tenant, replacedIds, now)
  const made = await writeStarts(client, actor, written, now)
  await writeSchedules(client, [...states, ...broken.map(({ schedule }) => pausedOf(schedule))])

  const applied = await applyDecisions(client, null, now, cancelled)
  const complaints = broken.map(({ schedule, reason }) =>
    scheduleEvent(pausedOf(schedule), null, 'SchedulePaused', { reason }),
  )
  await appendEvents(client, [...made.events, ...events, ...complaints])
  return {
    ...applied,
    hasEvents: true,
    hasRuns: made.hasRuns || stopsRuns,
    hasClaimable: applied.hasClaimable || made.hasClaimable,
    limits: joinLimits(tenant, applied.limits, made.limits),
    count: looked.reduce((sum, { turn }) => sum + turn.fires.length, 0),
  }
}

/** A timing that cannot be read any more (a zone that a new release of the zone data lacks) holds up nobody but itself. */
function look(schedules: readonly ScheduleState[], running: ReadonlySet<string>, now: Date) {
  const looked: Looked[] = []
  const broken: { schedule: ScheduleState; reason: string }[] = []
  for (const schedule of schedules) {
    try {
      looked.push({ schedule, turn: planTurn(schedule, firesOf(schedule.timing), running.has(schedule.id), now) })
    } catch (error) {
      broken.push({ schedule, reason: error instanceof Error ? error.message : String(error) })
    }
  }
  return { looked, broken }
}

function pausedOf(schedule: ScheduleState): ScheduleState {
  return { ...schedule, status: 'PAUSED', version: schedule.version + 1, nextFireAt: null, wakeAt: null }
}

function idsOf(looked: readonly Looked[], is: (turn: Turn) => boolean): string[] {
  return looked.flatMap(({ schedule, turn }) => (is(turn) ? [schedule.id] : []))
}

function wantedOf(
  { schedule, turn }: Looked,
  queueHeads: ReadonlyMap<string, { id: string; dueAt: Date }>,
): WantedFire[] {
  const head = queueHeads.get(schedule.id)
  const about = { schedule, cause: 'TIME', backfillId: null } as const
  return [
    ...(head === undefined ? [] : [{ ...about, dueAt: head.dueAt, fireId: head.id }]),
    ...turn.fires.flatMap(({ act, dueAt }) => (act === 'START' ? [{ ...about, dueAt }] : [])),
  ]
}

/** Records what fires do; a due time that a backfill has taken already is left to it, with its task or run unmade. */
async function record(client: ClientBase, looked: readonly Looked[], starts: readonly PlannedStart[], now: Date) {
  const fresh = starts.filter(({ wanted }) => wanted.fireId === undefined)
  const waited = starts.filter(({ wanted }) => wanted.fireId !== undefined)
  const idle = looked.flatMap(({ schedule, turn }) =>
    turn.fires.flatMap((fire) => (fire.act === 'START' ? [] : [{ schedule, row: idleRow(schedule, fire, now) }])),
  )
  const kept = await recordFires(client, [...fresh.map(({ row }) => row), ...idle.map(({ row }) => row)])
  const tenant = looked[0]?.schedule.tenant ?? ''
  await settleQueued(
    client,
    tenant,
    waited.map(({ row }) => row),
  )
  const idleRecorded = idle.filter(({ row }) => kept.has(row.id))
  const states = looked.map(({ schedule, turn }): ScheduleState => {
    const joined = idleRecorded.filter(({ row }) => row.scheduleId === schedule.id && row.status === 'QUEUED').length
    const queued = schedule.queued - (turn.startsQueued ? 1 : 0) + joined
    const status = turn.nextFireAt === null && schedule.status === 'ACTIVE' ? 'ENDED' : schedule.status
    const next = { ...schedule, status, queued, nextFireAt: turn.nextFireAt }
    return { ...next, wakeAt: wakeTimeOf(next, now) }
  })
  return {
    recorded: [...waited, ...fresh.filter(({ row }) => kept.has(row.id))],
    states,
    events: [...idleRecorded.map(({ schedule, row }) => idleEvent(schedule, row)), ...looked.flatMap(otherEvents)],
  }
}

function idleRow(schedule: ScheduleState, { dueAt, act, reason }: PlannedFire, now: Date): FireRow {
  return {
    tenant: schedule.tenant,
    id: newUuid(),
    scheduleId: schedule.id,
    dueAt,
    cause: 'TIME',
    status: act === 'QUEUE' ? 'QUEUED' : 'SKIPPED',
    taskId: null,
    runId: null,
    backfillId: null,
    reason,
    error: null,
    firedAt: now,
  }
}

function idleEvent(schedule: ScheduleState, row: FireRow): NewEvent {
  const fire = { fireId: row.id, dueAt: row.dueAt.toISOString() }
  return row.status === 'QUEUED'
    ? scheduleEvent(schedule, null, 'ScheduleFireQueued', fire)
    : scheduleEvent(schedule, null, 'ScheduleFireSkipped', { ...fire, reason: row.reason ?? '' })
}

function otherEvents({ schedule, turn }: Looked): NewEvent[] {
  const { missed } = turn
  const hasEnded = turn.nextFireAt === null && schedule.status === 'ACTIVE'
  return [
    ...(missed === null
      ? []
      : [
          scheduleEvent(schedule, null, 'ScheduleFireMissed', {
            from: missed.from.toISOString(),
            until: missed.until.toISOString(),
            count: missed.count,
          }),
        ]),
    ...(hasEnded ? [scheduleEvent(schedule, null, 'ScheduleEnded', null)] : []),
  ]
}

/** Tells runs of these schedules to stop. They are counted before the runs of the fires are made, so that none of those is meant. */
async function cancelRuns(client: ClientBase, tenant: string, scheduleIds: readonly string[]): Promise<boolean> {
  if (scheduleIds.length === 0) return false
  const ids = await readStillRunning(client, 'workflow_run', tenant, scheduleIds, MAX_CANCELLED)
  const command = { kind: 'cancel', reason: TAKES_ITS_PLACE } as const
  await tellRuns(
    client,
    tenant,
    ids.map((runId): Message => ({ runId, command })),
  )
  return ids.length > 0
}

const TAKES_ITS_PLACE = 'The next fire of its schedule takes its place.'

/** Tasks of these schedules, and their parts, on the way to its end. Locks: their tasks, by id. */
async function planCancels(
  client: ClientBase,
  tenant: string,
  scheduleIds: readonly string[],
  now: Date,
): Promise<Decision[]> {
  if (scheduleIds.length === 0) return []
  const roots = await readStillRunning(client, 'task', tenant, scheduleIds, MAX_CANCELLED)
  if (roots.length === 0) return []
  const { tasks } = await lockCascade(client, tenant, roots, { children: true, dependents: false })
  const command = { kind: 'cancel', reason: TAKES_ITS_PLACE } as const
  return [...tasks.values()].flatMap((before): Decision[] => {
    if (isFinished(before.status)) return []
    const decided = transition(before, command, now, 0)
    return decided.kind === 'refused' ? [] : [{ before, transition: decided }]
  })
}

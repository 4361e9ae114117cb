import type { ClientBase } from 'pg'
import { appendEvents } from '../event/store/append-events.ts'
import { firesOf } from '../schedule/fires.ts'
import { type BackfillState, lockDueBackfill, writeBackfill } from '../schedule/store/backfills.ts'
import { recordBackfill } from '../schedule/store/fires.ts'
import { type Applied, ringBells } from './apply.ts'
import type { Actor } from './engine.ts'
import { planStarts } from './plan-fires.ts'
import type { RunEngine, RunTools } from './run-tools.ts'
import { scheduleEvent } from './schedule-events.ts'
import { rowsStarted, takeFireTurns, writeStarts } from './start-fires.ts'
import { ringRuns } from './step-runs.ts'
import { transact } from './transact.ts'

/** Most due times that one transaction sees to. */
const BATCH = 100
/** How often a backfill looks whether one of its tasks or runs has ended. */
const LOOK_MS = 500

/**
 * Carries backfills on: starts as many due times as their cap leaves room for, in order, and ends those that are done. What is left
 * stands in the row, so that a crash costs nothing but time.
 *
 * @returns how many due times were seen to
 */
export async function runBackfills(engine: RunEngine): Promise<number> {
  let total = 0
  for (;;) {
    const done = await transact(engine, (client) => carryOn(client, engine.runs))
    if (done === null) return total
    ringBells(engine, {
      hasEvents: done.hasEvents,
      hasClaimable: done.hasClaimable,
      limits: done.limits,
      hasRevoked: false,
      hasUnsettled: false,
    })
    ringRuns(engine, { hasMore: done.hasRuns })
    total += done.count
  }
}

async function carryOn(
  client: ClientBase,
  tools: RunTools,
): Promise<(Pick<Applied, 'hasEvents' | 'hasClaimable' | 'limits'> & { count: number; hasRuns: boolean }) | null> {
  const due = await lockDueBackfill(client)
  if (due === null) return null
  const { backfill, schedule, running, now } = due
  const { tenant, id } = backfill
  const room = Math.min(Math.max(backfill.maxAtOnce - running, 0), BATCH)
  const { dues, isAll } = nextDues(backfill, room)
  const about = { schedule, cause: 'BACKFILL', backfillId: id } as const
  const starts = await planStarts(
    client,
    tools,
    tenant,
    dues.map((dueAt) => ({ ...about, dueAt })),
    now,
  )
  const recorded = await recordBackfill(
    client,
    starts.map(({ row }) => row),
  )
  const written = await takeFireTurns(
    client,
    tenant,
    starts.filter(({ row }) => recorded.has(row.id)),
  )
  const actor: Actor = { tenant, name: 'scheduler' }
  const made = await writeStarts(client, actor, written, now)

  const started = rowsStarted(written).length
  const next = advance(backfill, {
    reachedAt: isAll ? backfill.untilAt : (dues.at(-1) ?? backfill.reachedAt),
    started,
    failed: written.length - started,
    skipped: dues.length - written.length,
    running: running + started,
    now,
    isAll,
  })
  await writeBackfill(client, next)
  const isDone = next.status === 'COMPLETED'
  const completed = isDone ? [scheduleEvent(schedule, null, 'BackfillCompleted', { backfillId: id })] : []
  await appendEvents(client, [...made.events, ...completed])
  const { hasClaimable, hasRuns, limits } = made
  return { count: dues.length, hasEvents: written.length > 0 || isDone, hasClaimable, hasRuns, limits }
}

function nextDues({ timing, reachedAt, untilAt }: BackfillState, room: number): { dues: Date[]; isAll: boolean } {
  const fires = firesOf(timing)
  const dues: Date[] = []
  let next = fires.after(reachedAt.getTime())
  for (; next !== null && next <= untilAt.getTime() && dues.length < room; next = fires.after(next)) {
    dues.push(new Date(next))
  }
  return { dues, isAll: next === null || next > untilAt.getTime() }
}

function advance(
  before: BackfillState,
  turn: Pick<BackfillState, 'reachedAt' | 'started' | 'skipped' | 'failed' | 'running'> & { now: Date; isAll: boolean },
): BackfillState {
  const { now, isAll, running } = turn
  const isDone = isAll && running === 0
  const seenTo = turn.started + turn.skipped + turn.failed
  const hasRoom = !isAll && seenTo > 0 && running < before.maxAtOnce
  return {
    ...before,
    status: isDone ? 'COMPLETED' : 'RUNNING',
    reachedAt: turn.reachedAt,
    started: before.started + turn.started,
    skipped: before.skipped + turn.skipped,
    failed: before.failed + turn.failed,
    running,
    wakeAt: isDone ? null : new Date(now.getTime() + (hasRoom ? 0 : LOOK_MS)),
    finishedAt: isDone ? now : null,
  }
}

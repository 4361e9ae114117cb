import { countFires, type Fires, lastFires } from './fires.ts'
import { jitterOf } from './jitter.ts'
import type { OverlapPolicy, ScheduleState } from './schedule-state.ts'

/** A due time that nobody saw to for so long after it could have fired was missed. */
export const GRACE_MS = 60_000
/** Most fires of one schedule in one turn: what is left comes with the next. */
export const MAX_FIRES = 100
/** Most fires that wait for what runs to end. */
export const MAX_QUEUED = 1_000
/** How often a schedule looks whether what its queue waits for has ended. */
export const QUEUE_LOOK_MS = 500
/** Missed due times are counted up to here. */
const MAX_COUNTED = 1_000

export interface PlannedFire {
  readonly dueAt: Date
  readonly act: 'START' | 'QUEUE' | 'SKIP'
  /** Why, when it is skipped. */
  readonly reason: string | null
}

/** What a scheduler does for one schedule now. */
export interface Turn {
  /** In the order of their due times. */
  readonly fires: readonly PlannedFire[]
  /** Due times given up because they were missed: the first and the last of them, and how many, counted up to 1,000. */
  readonly missed: { readonly from: Date; readonly until: Date; readonly count: number } | null
  /** Whether the fire that has waited longest starts now. */
  readonly startsQueued: boolean
  /** Whether what runs is cancelled for the fire that starts. */
  readonly cancelsRunning: boolean
  readonly nextFireAt: Date | null
}

/**
 * What is due of a schedule, after its policies. Pure.
 *
 * @param isRunning whether a task or run of the schedule has not ended
 */
export function planTurn(schedule: ScheduleState, fires: Fires, isRunning: boolean, now: Date): Turn {
  const due = dueTimes(schedule, fires, now.getTime())
  const startsQueued = schedule.queued > 0 && !isRunning
  const queued = schedule.queued - (startsQueued ? 1 : 0)
  const planned = overlapping(schedule.overlapPolicy, due.dues, { isRunning: isRunning || startsQueued, queued })
  return {
    fires: planned,
    missed: due.missed,
    startsQueued,
    cancelsRunning: schedule.overlapPolicy === 'CANCEL' && isRunning && planned.some(({ act }) => act === 'START'),
    nextFireAt: due.next === null ? null : new Date(due.next),
  }
}

/** When a scheduler has to look at a schedule; null when it need not. */
export function wakeTimeOf(
  schedule: Pick<ScheduleState, 'id' | 'jitterMs' | 'queued' | 'nextFireAt'>,
  now: Date,
): Date | null {
  const { id, jitterMs, queued, nextFireAt } = schedule
  const times = [
    ...(nextFireAt === null ? [] : [nextFireAt.getTime() + jitterOf(id, nextFireAt.getTime(), jitterMs)]),
    ...(queued === 0 ? [] : [now.getTime() + QUEUE_LOOK_MS]),
  ]
  return times.length === 0 ? null : new Date(Math.min(...times))
}

interface Due {
  readonly dues: readonly number[]
  readonly missed: Turn['missed']
  readonly next: number | null
}

function dueTimes(schedule: ScheduleState, fires: Fires, now: number): Due {
  const { id, jitterMs, nextFireAt } = schedule
  const actsAt = (due: number): number => due + jitterOf(id, due, jitterMs)
  const first = nextFireAt?.getTime() ?? null
  if (first === null || actsAt(first) > now) return { dues: [], missed: null, next: first }
  const { kept, missed, onTime } = makeUp(schedule, fires, first, now - GRACE_MS - jitterMs)
  const dues: number[] = kept.slice(0, MAX_FIRES)
  if (kept.length > MAX_FIRES) return { dues, missed, next: kept[MAX_FIRES]! }
  let next = onTime
  for (; next !== null && actsAt(next) <= now && dues.length < MAX_FIRES; next = fires.after(next)) dues.push(next)
  return { dues, missed, next }
}

/** Sorts out the due times from `first` on that lie before `boundary`, after the policy for missed ones. */
function makeUp(schedule: ScheduleState, fires: Fires, first: number, boundary: number) {
  if (first >= boundary) return { kept: [], missed: null, onTime: first as number | null }
  const before = first - 1
  const until = boundary - 1
  const wanted = { SKIP: 0, ONCE: 1, ALL: schedule.missedCap }[schedule.missedPolicy]
  const latest = lastFires(fires, before, until, wanted + 1)
  const kept = wanted === 0 ? [] : latest.slice(-wanted)
  const onTime = fires.after(until)
  const last = latest.length > wanted ? latest[0]! : null
  if (last === null) return { kept, missed: null, onTime }
  const count = countFires(fires, before, last, MAX_COUNTED)
  return { kept, missed: { from: new Date(first), until: new Date(last), count }, onTime }
}

function overlapping(
  policy: OverlapPolicy,
  dues: readonly number[],
  before: { isRunning: boolean; queued: number },
): PlannedFire[] {
  let { isRunning, queued } = before
  return dues.map((due, place): PlannedFire => {
    const isFree = !isRunning && queued === 0
    const decided = decide(policy, { isFree, queued, isLast: place === dues.length - 1 })
    if (decided.act === 'START') isRunning = true
    if (decided.act === 'QUEUE') queued += 1
    return { dueAt: new Date(due), ...decided }
  })
}

function decide(
  policy: OverlapPolicy,
  { isFree, queued, isLast }: { isFree: boolean; queued: number; isLast: boolean },
): Pick<PlannedFire, 'act' | 'reason'> {
  const start = { act: 'START', reason: null } as const
  switch (policy) {
    case 'ALLOW':
      return start
    case 'CANCEL':
      return isLast ? start : { act: 'SKIP', reason: 'A later fire was due as well and would have cancelled it.' }
    case 'SKIP':
      return isFree ? start : { act: 'SKIP', reason: 'What was started before had not ended.' }
    case 'QUEUE':
      if (isFree) return start
      if (queued >= MAX_QUEUED) return { act: 'SKIP', reason: `${MAX_QUEUED} fires waited before it.` }
      return { act: 'QUEUE', reason: null }
  }
}

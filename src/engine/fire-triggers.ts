import { setImmediate as yieldToOthers } from 'node:timers/promises'
import type { ClientBase } from 'pg'
import { appendEvents } from '../event/store/append-events.ts'
import { afterStarts, boundReached, counted } from '../trigger/bounds.ts'
import { type Judged, judgeEvent } from '../trigger/judge-event.ts'
import {
  type PendingFiring,
  type PendingTrigger,
  readPendingFirings,
  readPendingTriggers,
  type SettledFiring,
  settleFirings,
} from '../trigger/store/firings.ts'
import { lockTriggers, writeFired } from '../trigger/store/triggers.ts'
import type { TriggerState } from '../trigger/trigger-state.ts'
import { type Applied, ringBells } from './apply.ts'
import type { Actor } from './engine.ts'
import { type JudgedFiring, type PlannedFiring, planFirings } from './plan-firings.ts'
import type { RunEngine, RunTools } from './run-tools.ts'
import { ringRuns } from './step-runs.ts'
import { transact } from './transact.ts'
import { type TurnedFiring, takeFiringTurns, writeFirings } from './write-firings.ts'

/** Most triggers that one transaction holds. */
const TRIGGERS = 50
/** Firings that one transaction settles, shared alike by its triggers. */
const FIRINGS = 200
/** After so long the expressions of one trigger, and of all that a transaction holds, wait for their next turn. */
const JUDGING_ONE_MS = 250
const JUDGING_ALL_MS = 1_000

/** Who makes the tasks and runs, as they show it. */
const CREATOR = 'trigger'

/**
 * Settles the firings that events have left pending: each starts its task or run, or is recorded with why it does not. Any number of
 * schedulers may do so at once: a trigger is held by one of them, which keeps to its cool-down and its caps, and takes its events in
 * their order. The triggers take turns, so that many events, or slow expressions, of one do not hold up the others.
 *
 * @returns how many firings were settled
 */
export async function fireTriggers(engine: RunEngine): Promise<number> {
  let total = 0
  for (;;) {
    const settled = await passOver(engine)
    if (settled === 0) return total
    total += settled
  }
}

/** One turn for each trigger that has something pending. */
async function passOver(engine: RunEngine): Promise<number> {
  let settled = 0
  for (let last: PendingTrigger | null = null; ; ) {
    const after: PendingTrigger | null = last
    const batch: Batch | null = await transact(engine, (client) => fireBatch(client, engine.runs, after))
    if (batch === null) return settled
    ringBells(engine, batch)
    ringRuns(engine, { hasMore: batch.hasRuns })
    settled += batch.settled
    last = batch.last
  }
}

interface Batch extends Applied {
  /** The last trigger that had its turn. */
  readonly last: PendingTrigger
  readonly settled: number
  readonly hasRuns: boolean
}

const NOTHING = { hasEvents: false, hasClaimable: false, hasRevoked: false, hasUnsettled: false, hasRuns: false }

/** The next triggers of one tenant: events come last, after the locks of all that follows. */
async function fireBatch(client: ClientBase, tools: RunTools, after: PendingTrigger | null): Promise<Batch | null> {
  const pending = await readPendingTriggers(client, after, TRIGGERS)
  const last = pending.at(-1)
  if (last === undefined) return null
  const { tenant } = last
  const { triggers, now } = await lockTriggers(
    client,
    tenant,
    pending.map(({ triggerId }) => triggerId),
  )
  if (triggers.length === 0) return { ...NOTHING, last, settled: 0 }
  const firings = await readPendingFirings(
    client,
    tenant,
    triggers.map(({ id }) => id),
    Math.floor(FIRINGS / triggers.length),
  )
  const { judged, cutAt } = await judgeAll(triggers, firings, now)
  const planned = withinBounds(await planFirings(client, tools, tenant, judged, now), now)
  const turned = await takeFiringTurns(client, tenant, planned)
  const actor: Actor = { tenant, name: CREATOR }
  const { settled, events, hasClaimable, hasRuns, limits } = await writeFirings(client, actor, null, turned, now)
  await settleFirings(client, tenant, settled)
  await writeFired(client, firedTriggers(turned, settled, now))
  await appendEvents(client, events)
  return {
    ...NOTHING,
    hasEvents: events.length > 0,
    hasClaimable,
    hasRuns,
    limits,
    settled: settled.length,
    last: cutAt === null ? last : { tenant, triggerId: cutAt },
  }
}

interface AllJudged {
  readonly judged: readonly JudgedFiring[]
  /** uuid of the last trigger that had its turn, where time was up before all had. */
  readonly cutAt: string | null
}

/** Judges the firings of each trigger in order, until its time is up, or that of all. */
async function judgeAll(
  triggers: readonly TriggerState[],
  firings: readonly PendingFiring[],
  now: Date,
): Promise<AllJudged> {
  const of = Map.groupBy(firings, ({ triggerId }) => triggerId)
  const judged: JudgedFiring[] = []
  const start = performance.now()
  for (const trigger of triggers) {
    const begun = performance.now()
    for (const { id, event } of of.get(trigger.id) ?? []) {
      judged.push({ id, trigger, event, judged: judge(trigger, event, now) })
      if (performance.now() - begun > JUDGING_ONE_MS) break
    }
    if (performance.now() - start > JUDGING_ALL_MS) return { judged, cutAt: trigger.id }
    await yieldToOthers()
  }
  return { judged, cutAt: null }
}

function judge(trigger: TriggerState, event: PendingFiring['event'], now: Date): Judged {
  if (trigger.isDeleted) return { kind: 'SKIP', reason: 'DELETED' }
  return trigger.status === 'PAUSED' ? { kind: 'SKIP', reason: 'PAUSED' } : judgeEvent(trigger, event, now)
}

/** Skips what the cool-downs and caps of the triggers do not allow, the first events first. */
function withinBounds(firings: readonly PlannedFiring[], now: Date): PlannedFiring[] {
  const states = new Map<string, TriggerState>()
  return firings.map((firing): PlannedFiring => {
    const { trigger, plan } = firing
    if ('skipped' in plan || 'error' in plan) return firing
    const before = states.get(trigger.id) ?? trigger
    const skipped = boundReached(before, now)
    if (skipped !== null) return { ...firing, plan: { skipped } }
    states.set(trigger.id, afterStarts(before, 1, now))
    return firing
  })
}

/** The triggers with what has really come of their firings. */
function firedTriggers(
  firings: readonly TurnedFiring[],
  settled: readonly SettledFiring[],
  now: Date,
): readonly TriggerState[] {
  const ended = firings.map(({ trigger }, place) => ({ trigger, status: settled[place]!.status }))
  return [...Map.groupBy(ended, ({ trigger }) => trigger)].map(([trigger, list]) => {
    const statuses = list.map(({ status }) => status)
    const started = statuses.filter((status) => status === 'STARTED').length
    return { ...afterStarts(trigger, started, now), counts: counted(trigger.counts, statuses) }
  })
}

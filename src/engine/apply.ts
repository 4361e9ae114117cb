import type { ClientBase } from 'pg'
import type { NewEvent } from '../event/event.ts'
import { appendEvents } from '../event/store/append-events.ts'
import type { Moved } from '../task/move.ts'
import { isFinished } from '../task/status.ts'
import { endAttempts } from '../task/store/attempts.ts'
import { writeStates } from '../task/store/write-states.ts'
import type { TaskState } from '../task/task-state.ts'
import { readOpen, settleAfter } from './cascade.ts'
import type { Decision } from './decision.ts'
import type { Engine } from './engine.ts'

/** What a committed transaction means for other processes. */
export interface Applied {
  readonly hasEvents: boolean
  readonly hasClaimable: boolean
  readonly hasRevoked: boolean
  /** A cascade was too long for one transaction: settle-rest goes on with it. */
  readonly hasUnsettled: boolean
}

/** Rows that one statement writes: it finds their values by their place in a list. */
const ROWS_AT_ONCE = 500

/**
 * Writes decisions and all that follows from them: ended attempts, settled dependents and theirs in turn, and last,
 * after every lock is held, the events.
 *
 * @param actor who is named in the events, or null for the system's own doing
 */
export async function applyDecisions(
  client: ClientBase,
  actor: string | null,
  now: Date,
  decisions: readonly Decision[],
): Promise<Applied> {
  const ended = new Map(decisions.flatMap(endedTask))
  const [open] = await Promise.all([readOpen(client, ended), writeDecisions(client, decisions, now)])
  return announceAll(client, actor, decisions, await settleAfter(client, ended, open, now, writeDecisions))
}

/** Goes on with what follows from ends that were written before. All of one tenant, under their locks. */
export async function applyEnds(client: ClientBase, now: Date, ended: readonly TaskState[]): Promise<Applied> {
  const tasks = new Map(ended.map((task) => [task.id, task]))
  const open = await readOpen(client, tasks)
  return announceAll(client, null, [], await settleAfter(client, tasks, open, now, writeDecisions))
}

/** Rings for a transaction that has committed. */
export function ringBells({ channel }: Pick<Engine, 'channel'>, applied: Applied): void {
  if (applied.hasEvents) channel.publish('events')
  if (applied.hasClaimable) channel.publish('claimable')
  if (applied.hasRevoked) channel.publish('revoked')
  if (applied.hasUnsettled) channel.publish('unsettled')
}

async function announceAll(
  client: ClientBase,
  actor: string | null,
  decisions: readonly Decision[],
  cascade: { readonly decisions: readonly Decision[]; readonly isComplete: boolean },
): Promise<Applied> {
  const moves = [...decisions, ...cascade.decisions]
  const events = moves.flatMap((decision) => announcement(decision, actor))
  if (events.length > 0) await appendEvents(client, events)
  return {
    hasEvents: events.length > 0,
    hasClaimable: moves.some(({ transition }) => transition.state.isClaimable),
    hasRevoked: moves.some(
      ({ before, transition }) => before.status === 'RUNNING' && transition.state.status !== 'RUNNING',
    ),
    hasUnsettled: !cascade.isComplete,
  }
}

/** Statements that do not wait for each other share a round trip. */
async function writeDecisions(client: ClientBase, decisions: readonly Decision[], now: Date): Promise<void> {
  for (let from = 0; from < decisions.length; from += ROWS_AT_ONCE) {
    const some = decisions.slice(from, from + ROWS_AT_ONCE)
    const changes = some
      .filter(({ before, transition }) => transition.state !== before)
      .map(({ before, transition, output }) => ({ before, after: transition.state, output: output ?? null }))
    const attempts = some.flatMap(endedAttempt)
    await Promise.all([writeStates(client, changes, now), endAttempts(client, some[0]!.before.tenant, attempts, now)])
  }
}

function endedTask({ before, transition: { state } }: Decision): (readonly [string, TaskState])[] {
  return isFinished(state.status) && !isFinished(before.status) ? [[state.id, state]] : []
}

function endedAttempt({ before, transition, usage }: Decision) {
  const end = transition.kind === 'moved' ? transition.attemptEnd : null
  return end === null ? [] : [{ taskId: before.id, ...end, ...(usage && { usage }) }]
}

function announcement({ transition }: Decision, actor: string | null): NewEvent[] {
  return transition.kind === 'moved' ? [eventOf(transition, actor)] : []
}

function eventOf({ state, event }: Moved, actor: string | null): NewEvent {
  return {
    tenant: state.tenant,
    kind: event.kind,
    taskId: state.id,
    taskType: state.type,
    version: state.version,
    status: state.status,
    attempt: state.attempt,
    actor,
    payload: event.payload,
  }
}

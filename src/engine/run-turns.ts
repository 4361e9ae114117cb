import type { ClientBase } from 'pg'
import type { WhenFull } from '../workflow/definition/definition.ts'
import type { Message } from '../workflow/store/inbox.ts'
import { giveTurns, lockTurns, readTurns } from '../workflow/store/turns.ts'
import type { SteppedRun } from './stepped-run.ts'

/** What a new run asks of a limit that runs of a workflow with the same key share. */
export interface WantedTurn {
  readonly workflowId: string
  readonly key: string
  readonly limit: number
  readonly whenFull: WhenFull
}

/** The same of a run that is about to be made. */
export interface TurnToTake extends WantedTurn {
  /** uuid */
  readonly runId: string
}

/** What becomes of a new run that shares a limit. */
export type TurnTaken =
  | { readonly kind: 'STARTS' }
  /** Its turn comes; messages make room for it. */
  | { readonly kind: 'WAITS'; readonly messages: readonly Message[] }
  | { readonly kind: 'REFUSED'; readonly running: number }

/**
 * Whether runs that are about to be made may start now, each in its turn.
 *
 * One that has the oldest make room picks it among those that stay: those that were told to stop make room for others already.
 *
 * Locks: the turns, by advisory locks in one order, so that of two at once the second sees the first.
 */
export async function takeTurns(
  client: ClientBase,
  tenant: string,
  wanted: readonly TurnToTake[],
): Promise<readonly TurnTaken[]> {
  if (wanted.length === 0) return []
  await lockTurns(client, tenant, wanted)
  const asked = wanted.map((turn) => ({ ...turn, most: mostStaying(turn, wanted.length) }))
  const states = await readTurns(client, tenant, asked)
  const turns = new Map<string, { running: number; readonly staying: string[] }>()
  return wanted.map(({ runId, workflowId, key, limit, whenFull }, place): TurnTaken => {
    const name = `${workflowId} ${key}`
    const { running, staying } = states[place]!
    const state = turns.get(name) ?? { running, staying: [...staying] }
    turns.set(name, state)
    if (state.running < limit) {
      state.running += 1
      state.staying.push(runId)
      return { kind: 'STARTS' }
    }
    if (whenFull === 'REFUSE') return { kind: 'REFUSED', running: state.running }
    const oldestId = whenFull === 'CANCEL_OLDEST' && state.staying.length >= limit ? state.staying.shift() : undefined
    state.staying.push(runId)
    if (oldestId === undefined) return { kind: 'WAITS', messages: [] }
    const reason = 'A newer run took its place.'
    return { kind: 'WAITS', messages: [{ runId: oldestId, command: { kind: 'cancel', reason } }] }
  })
}

/** So many that each of the new runs finds its oldest. */
function mostStaying({ limit, whenFull }: WantedTurn, newRuns: number): number {
  return whenFull === 'CANCEL_OLDEST' ? limit + newRuns : 0
}

/** Gives the turns of runs that have ended to those that wait for them. Locks: the turns, by advisory locks in one order. */
export async function freeTurns(
  client: ClientBase,
  tenant: string,
  ended: readonly Pick<SteppedRun, 'run' | 'plan'>[],
): Promise<readonly Message[]> {
  const turns = ended.flatMap(({ run, plan }) => {
    const limit = plan.definition.limits?.concurrency?.limit
    return run.concurrencyKey === null || limit === undefined
      ? []
      : [{ workflowId: run.workflowId, key: run.concurrencyKey, limit }]
  })
  if (turns.length === 0) return []
  await lockTurns(client, tenant, turns)
  const next = await giveTurns(client, tenant, turns)
  return next.map((runId): Message => ({ runId, command: { kind: 'start' } }))
}

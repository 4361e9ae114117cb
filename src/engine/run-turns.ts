import type { ClientBase } from 'pg'
import type { WhenFull } from '../workflow/definition/definition.ts'
import type { Message } from '../workflow/store/inbox.ts'
import { giveTurns, lockTurns, readTurn } from '../workflow/store/turns.ts'
import type { SteppedRun } from './stepped-run.ts'

/** Who shares a limit of runs: those of a workflow with the same key. */
export interface Turn {
  readonly workflowId: string
  readonly key: string
}

/** What becomes of a new run that shares a limit. */
export type TurnTaken =
  | { readonly kind: 'STARTS' }
  /** Its turn comes; messages make room for it. */
  | { readonly kind: 'WAITS'; readonly messages: readonly Message[] }
  | { readonly kind: 'REFUSED'; readonly running: number }

/**
 * Whether a run that is about to be made may start now.
 *
 * Locks: the turn, by an advisory lock, so that of two at once the second sees the first.
 */
export async function takeTurn(
  client: ClientBase,
  tenant: string,
  turn: Turn,
  { limit, whenFull = 'WAIT' }: { readonly limit: number; readonly whenFull?: WhenFull },
): Promise<TurnTaken> {
  await lockTurns(client, tenant, [turn])
  const { running, oldestId } = await readTurn(client, tenant, turn)
  if (running < limit) return { kind: 'STARTS' }
  if (whenFull === 'REFUSE') return { kind: 'REFUSED', running }
  if (whenFull === 'WAIT') return { kind: 'WAITS', messages: [] }
  const reason = 'A newer run took its place.'
  return { kind: 'WAITS', messages: [{ runId: oldestId!, command: { kind: 'cancel', reason } }] }
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

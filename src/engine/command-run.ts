import type { ClientBase } from 'pg'
import { accepted, type Refusal, type Result, refusedWith } from '../task/refusal.ts'
import type { RunCommand } from '../workflow/run/command.ts'
import type { RunStatus } from '../workflow/run/run-state.ts'
import { type LockedRun, lockRun } from '../workflow/store/runs.ts'
import { ringBells } from './apply.ts'
import type { Actor } from './engine.ts'
import type { RunEngine } from './run-tools.ts'
import { type RunsStepped, ringRuns, stepRuns } from './step-runs.ts'
import { transact } from './transact.ts'

/** A command from outside for one run. */
export interface RunOrder {
  /** uuid */
  readonly runId: string
  readonly command: RunCommand
  /** Why it is refused as the run stands; null when it may be done. Runs under the run's lock. */
  readonly refuse?: (client: ClientBase, run: LockedRun) => Promise<Refusal | null>
}

/** In which statuses a command makes sense. */
const ALLOWED: Partial<Record<RunCommand['kind'], readonly RunStatus[]>> = {
  cancel: ['PENDING', 'RUNNING', 'PAUSED', 'WAITING'],
  pause: ['RUNNING', 'WAITING'],
  resume: ['PAUSED'],
  retry: ['FAILED', 'CANCELLED'],
}

/**
 * Carries out a command for one run in one transaction, after all that has come for it before: lock, decide, write, announce.
 *
 * @returns the run as it stands then, or why nothing has changed
 */
export async function commandRun(
  engine: RunEngine,
  actor: Actor,
  order: RunOrder,
): Promise<Result<{ readonly runId: string; readonly status: RunStatus }>> {
  const outcome = await transact(engine, async (client): Promise<{ refusal: Refusal } | RunsStepped> => {
    const { run, now } = await lockRun(client, actor.tenant, order.runId)
    if (run === null) return { refusal: { code: 'NOT_FOUND', what: 'run', id: order.runId, path: ['id'] } }
    const refusal = illegal(run, order) ?? (await order.refuse?.(client, run)) ?? null
    if (refusal !== null) return { refusal }
    return stepRuns(client, engine.runs, actor, [{ run, commands: [order.command] }], now)
  })
  if ('refusal' in outcome) return refusedWith(outcome.refusal)
  ringBells(engine, outcome.applied)
  // Also for what came while this held the run: those who step runs have passed it by.
  ringRuns(engine, { hasMore: true })
  return accepted({ runId: order.runId, status: outcome.stepped[0]!.outcome.run.status })
}

function illegal({ row }: LockedRun, { command }: RunOrder): Refusal | null {
  const allowed = ALLOWED[command.kind]
  if (allowed === undefined || allowed.includes(row.status)) return null
  return { code: 'ILLEGAL_RUN_COMMAND', runId: row.id, from: row.status, command: command.kind }
}

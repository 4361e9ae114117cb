import type { ClientBase } from 'pg'
import { sendLast } from '../infra/with-transaction.ts'
import type { JsonValue } from '../task/json.ts'
import { newRun } from '../workflow/run/new-run.ts'
import type { Plan } from '../workflow/run/plan.ts'
import type { RunRow } from '../workflow/run/run-state.ts'
import { tellRuns } from '../workflow/store/inbox.ts'
import { insertRuns, type LockedRun } from '../workflow/store/runs.ts'
import type { RunnableVersion } from '../workflow/store/workflows.ts'
import type { Actor } from './engine.ts'
import { RollBack } from './idempotency.ts'
import { checkRunInput, wantedTurnOf } from './plan-runs.ts'
import type { RunTools } from './run-tools.ts'
import { type TurnTaken, takeTurns } from './run-turns.ts'
import { type RunsStepped, stepRuns } from './step-runs.ts'

/** A run that is about to be. */
export interface RunToBegin {
  /** uuid */
  readonly runId: string
  readonly version: Pick<RunnableVersion, 'workflowId' | 'name' | 'number'>
  readonly plan: Plan
  readonly input: JsonValue
  readonly trigger?: JsonValue | null
  /** Of a fork: the run that it takes over from, its own row, and what writes the steps that it begins with. */
  readonly fork?: { readonly fromId: string; readonly row: RunRow; readonly write: () => Promise<void> }
}

/** A run that was made. */
export interface Begun {
  /** null: it waits for its turn. */
  readonly stepped: RunsStepped | null
  /** Whether to ring `runs`. */
  readonly hasNews: boolean
}

/**
 * Makes a run and does its first steps; where the workflow bounds its runs, it waits for its turn.
 *
 * @throws RollBack when the input does not fit, or there is no room and the workflow says to refuse
 */
export async function beginRun(
  client: ClientBase,
  tools: RunTools,
  actor: Actor,
  wanted: RunToBegin,
  now: Date,
): Promise<Begun> {
  const { tenant } = actor
  const { runId, version, plan, input, trigger = null, fork } = wanted
  const { workflowId, name, number } = version
  const issues = checkRunInput(tools, plan.definition, input)
  if (issues.length > 0) throw new RollBack({ code: 'VALIDATION', issues })
  const { concurrencyKey, taken } = await takeTurnOf(client, tools, tenant, wanted)
  const hasTurn = taken === null || taken.kind === 'STARTS'
  const row = fork?.row ?? newRun({ id: runId, workflow: name, version: number })
  const run: LockedRun = { tenant, row: { ...row, input }, workflowId, parent: null, concurrencyKey }
  const forkedFromId = fork?.fromId ?? null
  const made = { ...run, input, forkedFromId, hasTurn, trigger, createdAt: now, createdBy: actor.name }
  sendLast(client, insertRuns(client, [made]))
  await fork?.write()
  if (taken?.kind === 'WAITS') sendLast(client, tellRuns(client, tenant, taken.messages))
  if (!hasTurn) return { stepped: null, hasNews: true }
  const toStep = { run, commands: [{ kind: 'start' } as const], isNew: fork === undefined }
  const stepped = await stepRuns(client, tools, actor, [toStep], now)
  return { stepped, hasNews: stepped.hasMore }
}

/** @throws RollBack when there is no room and the workflow says to refuse */
async function takeTurnOf(
  client: ClientBase,
  tools: RunTools,
  tenant: string,
  { runId, version, plan, input }: RunToBegin,
): Promise<{ readonly concurrencyKey: string | null; readonly taken: TurnTaken | null }> {
  const wanted = wantedTurnOf(tools, version, plan.definition, input)
  if ('refusal' in wanted) throw new RollBack(wanted.refusal)
  const { turn } = wanted
  if (turn === null) return { concurrencyKey: null, taken: null }
  const { key, limit } = turn
  const [taken] = await takeTurns(client, tenant, [{ ...turn, runId }])
  if (taken!.kind === 'REFUSED') throw new RollBack({ code: 'RUNS_FULL', workflow: version.name, key, limit })
  return { concurrencyKey: key, taken: taken! }
}

import type { JsonValue } from '../task/json.ts'
import { accepted, type Refusal, type Result, refusedWith } from '../task/refusal.ts'
import { newUuid } from '../task/type-id.ts'
import { closest } from '../text/closest.ts'
import { forkRun as decideFork } from '../workflow/run/fork-run.ts'
import type { RunRow, StepPath, StepRun } from '../workflow/run/run-state.ts'
import { lockRun, readInputs } from '../workflow/store/runs.ts'
import { copySteps, readAllSteps, writeSteps } from '../workflow/store/step-runs.ts'
import { versionKey } from '../workflow/store/workflows.ts'
import { ringBells } from './apply.ts'
import { type Begun, beginRun } from './begin-run.ts'
import type { Actor } from './engine.ts'
import { refusalOf } from './idempotency.ts'
import type { RunEngine } from './run-tools.ts'
import { ringRuns } from './step-runs.ts'
import { transact } from './transact.ts'

export interface ForkRun {
  /** uuid of a run that has ended */
  readonly runId: string
  /** Step or iteration that is the first to run again. */
  readonly from: StepPath
  /** Instead of the run's. */
  readonly input?: JsonValue
  /** Only says what would be reused and what would run again. */
  readonly isDryRun?: boolean
}

export interface RunForked {
  /** uuid of the new run; null of a dry run */
  readonly runId: string | null
  /** Paths that are taken over as they ended, each with all below it. */
  readonly reused: readonly StepPath[]
  /** Paths that run again, each with all below it; what had not been reached runs as well. */
  readonly again: readonly StepPath[]
}

type Outcome = { readonly refusal: Refusal } | (RunForked & { readonly begun: Begun | null })

/** Starts a new run that takes over what another did up to a step, and goes on from there. The other stays as it is. */
export async function forkRun(engine: RunEngine, actor: Actor, input: ForkRun): Promise<Result<RunForked>> {
  const outcome = await fork(engine, actor, input).catch(refusalOf)
  if ('refusal' in outcome) return refusedWith(outcome.refusal)
  const { begun, ...forked } = outcome
  if (begun?.stepped != null) ringBells(engine, begun.stepped.applied)
  ringRuns(engine, { hasMore: begun?.hasNews ?? false })
  return accepted(forked)
}

function fork(engine: RunEngine, actor: Actor, { runId, from, input, isDryRun = false }: ForkRun): Promise<Outcome> {
  const { tenant } = actor
  const { runs: tools } = engine
  const newId = newUuid()
  return transact(engine, async (client): Promise<Outcome> => {
    // Nobody retries it meanwhile.
    const { run, now } = await lockRun(client, tenant, runId)
    if (run === null) return { refusal: { code: 'NOT_FOUND', what: 'run', id: runId, path: ['id'] } }
    const { workflowId, row } = run
    const version = { workflowId, name: row.workflow, number: row.version }
    const plan = (await tools.plansOf(client, tenant, [version])).get(versionKey(version))!
    const rows = await readAllSteps(client, tenant, runId)
    const given = input ?? (await readInputs(client, tenant, [runId])).get(runId) ?? null
    const context = { ...tools.context, known: {} }
    const outcome = decideFork(plan, { run: row, rows }, { id: newId, from, input: given, now, context })
    if (outcome.kind === 'refused') {
      const refusal = outcome.code === 'RUN_NOT_ENDED' ? notEnded(row, from) : notReached(row, from, rows)
      return { refusal }
    }
    const { reused, again } = outcome
    if (isDryRun) return { runId: null, reused, again, begun: null }
    const maps = outcome.rows.flatMap(({ type, path }) => (type === 'MAP' ? [path] : []))
    const write = async (): Promise<void> => {
      const changes = { rows: outcome.rows, removed: [], emptied: [], cleared: [], items: new Map() }
      await copySteps(client, tenant, { fromId: runId, toId: newId, reused, maps })
      await writeSteps(client, tenant, [{ runId: newId, changes }])
    }
    const wanted = { runId: newId, version, plan, input: given, fork: { fromId: runId, row: outcome.run, write } }
    return { runId: newId, reused, again, begun: await beginRun(client, tools, actor, wanted, now) }
  })
}

function notEnded({ id: runId, status }: RunRow, from: StepPath): Refusal {
  const message = `The run is ${status} and has not ended: wait for its end, or cancel it first.`
  return { code: 'CANNOT_FORK', runId, from, message, path: ['id'] }
}

const MOST_NAMED = 10

function notReached({ id: runId }: RunRow, from: StepPath, rows: readonly StepRun[]): Refusal {
  const paths = rows.map(({ path }) => path)
  const near = closest(from, paths)
  const named = paths.slice(0, MOST_NAMED).join(', ')
  const more = paths.length > MOST_NAMED ? ` and ${paths.length - MOST_NAMED} more` : ''
  const hint = near === undefined ? `it has reached ${named}${more}` : `did you mean "${near}"?`
  const message = `The run has no step or iteration at "${from}" that it has reached: ${paths.length === 0 ? 'it has reached none.' : hint}`
  return { code: 'CANNOT_FORK', runId, from, message, path: ['from'] }
}

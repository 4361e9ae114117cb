import { type ClientBase, DatabaseError } from 'pg'
import { appendEvents } from '../event/store/append-events.ts'
import { sendLast } from '../infra/with-transaction.ts'
import type { StepError } from '../workflow/run/run-state.ts'
import { type Message, tellRuns } from '../workflow/store/inbox.ts'
import { breakRun, type LockedRun, lockRun, lockRunsToStep } from '../workflow/store/runs.ts'
import { versionKey } from '../workflow/store/workflows.ts'
import { ringBells } from './apply.ts'
import type { Actor } from './engine.ts'
import { cancelTasks, endForParent } from './run-effects.ts'
import type { RunEngine } from './run-tools.ts'
import { freeTurns } from './run-turns.ts'
import { type RunsStepped, ringRuns, stepRuns } from './step-runs.ts'
import { transact } from './transact.ts'

/** Most runs that one transaction steps, so that none of them is held long. */
const BATCH = 100

/** Who makes the tasks of runs, as they show it. */
const RUNNER = 'workflows'

/**
 * Steps every run for which something has happened or a time has come. Any number of processes may do so at once: each run is
 * held by one of them.
 *
 * A run that cannot be stepped, by a fault of ours or a value that the database refuses, holds up no other: it ends FAILED, and says so.
 *
 * @param onFault told of each such run
 * @returns how many steps of runs were made
 */
export async function advanceRuns(
  engine: RunEngine,
  onFault: (error: unknown) => void = () => undefined,
): Promise<number> {
  for (let total = 0; ; ) {
    const { count, hasMore } = await advanceBatch(engine).catch(async (error: unknown) => {
      if (isPassing(error)) throw error
      return advanceApart(engine, onFault)
    })
    total += count
    if (!hasMore) return total
  }
}

interface Advanced {
  /** Runs that were stepped. */
  readonly count: number
  /** Whether to look again. What comes meanwhile rings. */
  readonly hasMore: boolean
}

async function advanceBatch(engine: RunEngine): Promise<Advanced> {
  const advanced = await transact(engine, async (client) => {
    const due = await lockRunsToStep(client, BATCH)
    const tenant = due.runs[0]?.tenant
    if (tenant === undefined) return null
    // One tenant at a time: events come last, after the locks of all that follows.
    const runs = due.runs.filter((run) => run.tenant === tenant)
    const stepped = await stepThem(client, engine, runs, due.now)
    return { stepped, hasMore: !due.isAll || runs.length < due.runs.length || stepped.hasMore }
  })
  if (advanced === null) return { count: 0, hasMore: false }
  const { stepped, hasMore } = advanced
  return { count: ring(engine, stepped), hasMore }
}

function stepThem(
  client: ClientBase,
  { runs: tools }: RunEngine,
  runs: readonly LockedRun[],
  now: Date,
): Promise<RunsStepped> {
  const actor: Actor = { tenant: runs[0]!.tenant, name: RUNNER }
  return stepRuns(
    client,
    tools,
    actor,
    runs.map((run) => ({ run })),
    now,
  )
}

function ring(engine: RunEngine, stepped: RunsStepped): number {
  ringBells(engine, stepped.applied)
  ringRuns(engine, stepped)
  return stepped.stepped.length
}

/** The same runs one by one, since one of them cannot be stepped: that one is ended. */
async function advanceApart(engine: RunEngine, onFault: (error: unknown) => void): Promise<Advanced> {
  const due = await transact(engine, async (client) => (await lockRunsToStep(client, BATCH)).runs)
  for (const { tenant, row } of due) {
    const fault = await stepAlone(engine, tenant, row.id).catch((error: unknown) => {
      if (isPassing(error)) throw error
      return { error }
    })
    if (fault === null) continue
    onFault(fault.error)
    await breakOff(engine, tenant, row.id, fault.error)
  }
  return { count: due.length, hasMore: due.length > 0 }
}

async function stepAlone(engine: RunEngine, tenant: string, id: string): Promise<null> {
  const stepped = await transact(engine, async (client) => {
    const { run, now } = await lockRun(client, tenant, id)
    return run === null ? null : stepThem(client, engine, [run], now)
  })
  if (stepped !== null) ring(engine, stepped)
  return null
}

/** Ends a run with all that works for it, and tells those who wait for its end. */
async function breakOff(engine: RunEngine, tenant: string, id: string, cause: unknown): Promise<void> {
  const error: StepError = { code: 'INTERNAL', message: `The run cannot go on: ${messageOf(cause)}` }
  const applied = await transact(engine, async (client) => {
    const { run, now } = await lockRun(client, tenant, id)
    if (run === null) return null
    const { tasks, children } = await breakRun(client, run, error, now)
    const applied = await cancelTasks(client, tenant, tasks, now)
    const { workflowId, row } = run
    const version = { workflowId, number: row.version }
    const plan = (await engine.runs.plansOf(client, tenant, [version])).get(versionKey(version))!
    await tellRuns(client, tenant, [
      ...children.map((runId): Message => ({ runId, command: { kind: 'cancel', reason: null } })),
      ...endForParent(run, { status: 'FAILED', output: null, error }),
      ...(await freeTurns(client, tenant, [{ run, plan }])),
    ])
    const about = { tenant, runId: id, version: row.seq + 1, actor: RUNNER }
    sendLast(client, appendEvents(client, [{ ...about, kind: 'WorkflowRunFailed', payload: { error: { ...error } } }]))
    return applied
  })
  if (applied === null) return
  ringBells(engine, { ...applied, hasEvents: true })
  ringRuns(engine, { hasMore: true })
}

/** What lies with the connection or with rivals, and passes: insufficient resources, intervention by an operator, conflicts. */
function isPassing(error: unknown): boolean {
  if (error instanceof DatabaseError) return /^(08|40|53|55|57|58|XX)/.test(error.code ?? '')
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return /^E[A-Z]+$/.test(code) || /connection|terminated|timeout/i.test(messageOf(error))
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

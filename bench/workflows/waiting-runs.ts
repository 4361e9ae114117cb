import { setTimeout as delay } from 'node:timers/promises'
import { advanceRuns } from '../../src/engine/advance-runs.ts'
import { createWorkflow } from '../../src/engine/create-workflow.ts'
import { createRunTools, type RunEngine } from '../../src/engine/run-tools.ts'
import { sendEvent } from '../../src/engine/send-event.ts'
import { startRun } from '../../src/engine/start-run.ts'
import { openDatabase } from '../../src/infra/database.ts'
import { createSchemaCheck } from '../../src/task/schema-check.ts'
import type { Step } from '../../src/workflow/definition/definition.ts'
import { cloneRows } from '../field/clone-rows.ts'
import { cpuMsOf, cpuMsOfTree } from '../field/cpu.ts'
import { percentile } from '../field/percentile.ts'
import { serving } from './serving.ts'

/** What runs that wait cost while nothing happens, and when something happens to one of them. */
export interface WaitingRuns {
  readonly waiting: number
  /** A look of the scheduler for runs to step, that finds none, in milliseconds. */
  readonly passP50: number
  readonly passP99: number
  /** From sending an event to the end of the run that waited for it, in one process, in milliseconds. */
  readonly wakeP50: number
  readonly wakeP99: number
  /** CPU of an idle server with all roles, and of its PostgreSQL, in milliseconds a second. */
  readonly serverCpuMs: number
  readonly postgresCpuMs: number
}

const ACTOR = { tenant: 'default', name: 'bench' }
const PASSES = 300
const WAKES = 100
const IDLE_SECONDS = 10

/** Half of the runs wait for an event of their own, half for a day. */
export async function measureWaitingRuns(
  { url, postmasterPid }: { url: string; postmasterPid: number },
  { waiting }: { waiting: number },
): Promise<WaitingRuns> {
  const db = openDatabase({ url, size: 4, applicationName: 'bench' })
  const schemas = createSchemaCheck()
  const runs = createRunTools(schemas, () => 'http://localhost/')
  const engine: RunEngine = { db, channel: { publish: () => undefined }, schemas, runs }
  await define(engine, 'for_event', { id: 'wait', type: 'WAIT', event: { key: '${{ input.key }}' } })
  await define(engine, 'for_a_day', { id: 'wait', type: 'WAIT', duration: '1d' })
  await fill(engine, Math.floor(waiting / 2))
  await db.query('VACUUM ANALYZE')
  const passes = await times(PASSES, () => advanceRuns(engine))
  const wakes: number[] = []
  for (let n = 0; n < WAKES; n++) {
    const key = `wake ${n}`
    await start(engine, 'for_event', { key })
    const [ms] = await times(1, async () => {
      await sendEvent(engine, ACTOR, { key })
      await advanceRuns(engine)
    })
    wakes.push(ms!)
  }
  await db.end()
  const idle = await serving(url, { slots: 10 }, async ({ pid }) => {
    await delay(3_000)
    const cpu = async () => ({ server: await cpuMsOf([pid]), postgres: await cpuMsOfTree(postmasterPid) })
    const before = await cpu()
    await delay(IDLE_SECONDS * 1_000)
    const after = await cpu()
    return {
      serverCpuMs: (after.server - before.server) / IDLE_SECONDS,
      postgresCpuMs: (after.postgres - before.postgres) / IDLE_SECONDS,
    }
  })
  return {
    waiting,
    passP50: percentile(passes, 0.5),
    passP99: percentile(passes, 0.99),
    wakeP50: percentile(wakes, 0.5),
    wakeP99: percentile(wakes, 0.99),
    ...idle,
  }
}

async function times(count: number, act: () => Promise<unknown>): Promise<number[]> {
  const found: number[] = []
  for (let n = 0; n < count; n++) {
    const startedAt = performance.now()
    await act()
    found.push(performance.now() - startedAt)
  }
  return found
}

async function define(engine: RunEngine, name: string, step: Step): Promise<void> {
  const made = await createWorkflow(engine, ACTOR, { definition: { name, steps: [step] } })
  if (!made.ok) throw new Error(JSON.stringify(made.refusal))
}

async function start(engine: RunEngine, workflow: string, input: { key: string }): Promise<string> {
  const started = await startRun(engine, ACTOR, { workflow, input })
  if (!started.ok) throw new Error(JSON.stringify(started.refusal))
  return started.value.runId
}

/** Copies of a run of each kind that came in through the front door. */
async function fill(engine: RunEngine, count: number): Promise<void> {
  if (count === 0) return
  for (const workflow of ['for_event', 'for_a_day']) {
    const id = await start(engine, workflow, { key: 'pattern' })
    const runId = `md5('${workflow} ' || n)::uuid`
    const awaitedId = `CASE WHEN p."awaited_id" IS NOT NULL THEN md5('awaited ${workflow} ' || n)::uuid END`
    const clone = (table: string, where: string, vary: Record<string, string>) =>
      cloneRows(engine.db, { table, where, vary }, { from: 1, count })
    await clone('workflow_run', `id = '${id}'`, { id: runId })
    await clone('step_run', `run_id = '${id}'`, { run_id: runId, awaited_id: awaitedId })
    await clone('step_wait', `run_id = '${id}'`, {
      run_id: runId,
      id: `md5('awaited ${workflow} ' || n)::uuid`,
      key: `'key ' || n`,
    })
  }
}

import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { createWorkflow } from '../../src/engine/create-workflow.ts'
import type { RunEngine } from '../../src/engine/run-tools.ts'
import { startRun } from '../../src/engine/start-run.ts'
import { newUuid } from '../../src/task/type-id.ts'
import { ACTOR, addWorker } from '../support/engine.ts'
import { engineFixture } from '../support/engine-fixture.ts'
import { EVERY_STEP, INNER } from '../support/every-step.ts'
import { type Failpoint, failingPool } from '../support/failing-pool.ts'
import { outcomeOf } from '../support/run-outcome.ts'
import { goRound } from '../support/run-world.ts'
import { isFullSize } from '../support/size.ts'

const { engine, database, rowsOf } = await engineFixture()
const workerId = await addWorker(engine, ['work', 'webhook_request'], 1_000)
for (const definition of [INNER, EVERY_STEP]) await createWorkflow(engine, ACTOR, { definition })

/** Of every so many failpoints one is tried; each number is coprime to the statements of a call, as a rule. */
const STRIDE = isFullSize ? 1 : 23

/** Runs the workflow to its end, on connections that are cut once, and says what came of it. */
async function runThrough(failpoint: Failpoint | null) {
  const failing = failingPool(database.url, database.pool, failpoint)
  const idempotencyKey = newUuid()
  let on: RunEngine = { ...engine, db: failing.pool }
  const through = async <T>(act: () => Promise<T>): Promise<T> => {
    try {
      return await act()
    } catch {
      // The process that was cut off is gone; another goes on.
      on = engine
      return act()
    }
  }
  const call = { workflow: 'every_step', input: { n: 1 }, idempotencyKey }
  const started = await through(() => startRun(on, ACTOR, call))
  if (!started.ok) throw new Error(JSON.stringify(started.refusal))
  const { runId } = started.value
  for (let round = 0; round < 200; round++) {
    const isIdle = !(await through(() => goRound(on, database.pool, workerId)))
    if ((await rowsOf(`SELECT FROM workflow_run WHERE id = '${runId}' AND finished_at IS NOT NULL`)).length > 0) break
    if (isIdle) await pass(runId)
  }
  await failing.end()
  return { ...(await outcomeOf(rowsOf, runId)), statements: failing.statements.length, wasCut: on === engine }
}

/** Lets time pass until the run is due. */
async function pass(runId: string): Promise<void> {
  await rowsOf(
    `UPDATE step_run SET wait_until = now() - interval '1 s' WHERE run_id = '${runId}' AND wait_until IS NOT NULL`,
  )
  await rowsOf(`UPDATE workflow_run SET wake_at = now() - interval '1 s' WHERE id = '${runId}' AND wake_at IS NOT NULL`)
  await delay(2)
}

test('comes to the same end wherever the connection is cut, and does nothing twice', async () => {
  const whole = await runThrough(null)
  expect(whole.run).toMatchObject({
    status: 'COMPLETED',
    output: { each: [10, 20, 30], heard: { ok: true, n: 1 }, called: { called: true }, child: 30 },
  })
  expect(whole.steps.filter(({ path }) => path === 'passed')).toMatchObject([{ status: 'SKIPPED' }])
  expect(whole.tasks.every(({ count }) => count === 1)).toBe(true)
  const { statements, wasCut: _, ...expected } = whole
  let cuts = 0
  for (let statement = 1; statement <= statements; statement += STRIDE) {
    for (const when of ['before', 'after'] as const) {
      const { statements: __, wasCut, ...outcome } = await runThrough({ statement, when })
      expect(outcome, `${when} statement ${statement}`).toEqual(expected)
      if (wasCut) cuts += 1
    }
  }
  console.log(`${statements} statements, ${cuts} cuts`)
  expect(cuts).toBeGreaterThan(10)
}, 3_600_000)

import { describe, expect, test } from 'vitest'
import { commandRun } from '../../src/engine/command-run.ts'
import type { Step } from '../../src/workflow/definition/definition.ts'
import { readOpenSteps, readStepsAtHand } from '../../src/workflow/store/step-runs.ts'
import { ACTOR } from '../support/engine.ts'
import { engineFixture } from '../support/engine-fixture.ts'
import { runsOf } from '../support/runs.ts'

const { engine, rowsOf, database } = await engineFixture()
const runs = await runsOf(engine)

const WIDTH = 200
const steps = Array.from({ length: WIDTH }, (_, place): Step => ({ id: `s${place}`, type: 'TASK', task: 'work' }))
const waiting = (id: string) =>
  rowsOf(`SELECT path FROM step_run WHERE run_id = '${id}' AND turn IS NOT NULL ORDER BY turn`)

describe('a run with more steps than may work', () => {
  test('is stepped from what works and the first of those that wait', async () => {
    await runs.define({ name: 'wide', steps })
    const id = await runs.start('wide')
    expect((await waiting(id)).map(({ path }) => path)).toEqual(steps.slice(10).map((step) => step.id))
    const { steps: atHand, more } = (
      await readStepsAtHand(database.pool, ACTOR.tenant, [{ runId: id, mostTurns: 11 }])
    ).get(id)!
    expect([...atHand.keys()].toSorted()).toEqual(
      steps
        .slice(0, 21)
        .map((step) => step.id)
        .toSorted(),
    )
    expect(more).toEqual(new Set(['']))
    expect((await readOpenSteps(database.pool, ACTOR.tenant, [id])).get(id)!.size).toBe(WIDTH)
    await runs.settle(() => 'ok')
    const [run] = await rowsOf(`SELECT status, output FROM workflow_run WHERE id = '${id}'`)
    expect(run).toEqual({ status: 'COMPLETED', output: Object.fromEntries(steps.map((step) => [step.id, 'ok'])) })
    const tasks = await rowsOf(`SELECT step_path FROM task WHERE run_id = '${id}' ORDER BY id`)
    expect(new Set(tasks.map((task) => task.step_path)).size).toBe(WIDTH)
    expect(tasks).toHaveLength(WIDTH)
  })

  test('leaves nothing behind when it is cancelled', async () => {
    const id = await runs.start('wide')
    await commandRun(runs.engine, ACTOR, { runId: id, command: { kind: 'cancel', reason: null } })
    await runs.settle()
    expect(await rowsOf(`SELECT status FROM workflow_run WHERE id = '${id}'`)).toEqual([{ status: 'CANCELLED' }])
    expect(await rowsOf(`SELECT status, count(*)::int FROM step_run WHERE run_id = '${id}' GROUP BY 1`)).toEqual([
      { status: 'CANCELLED', count: 10 },
    ])
  })

  test('leaves nothing behind when it cannot be stepped', async () => {
    const id = await runs.start('wide')
    // Nothing of ours writes such a row.
    await rowsOf(`UPDATE step_run SET step_id = 'gone' WHERE run_id = '${id}' AND path = 's0'`)
    await runs.settle()
    expect(await rowsOf(`SELECT status FROM workflow_run WHERE id = '${id}'`)).toEqual([{ status: 'FAILED' }])
    expect(await rowsOf(`SELECT path FROM step_run WHERE run_id = '${id}' AND finished_at IS NULL`)).toEqual([])
  })
})

import type { ClientBase, QueryConfig } from 'pg'
import { beforeAll, describe, expect, test } from 'vitest'
import { commandRun } from '../../src/engine/command-run.ts'
import { PLAN_BY_INDEX } from '../../src/engine/transact.ts'
import { newUuid } from '../../src/task/type-id.ts'
import type { Step } from '../../src/workflow/definition/definition.ts'
import { takeMessages } from '../../src/workflow/store/inbox.ts'
import { lockRunsToStep } from '../../src/workflow/store/runs.ts'
import { readOpenSteps, readStepsAtHand, writeSteps } from '../../src/workflow/store/step-runs.ts'
import { ACTOR } from '../support/engine.ts'
import { engineFixture } from '../support/engine-fixture.ts'
import { type Runs, runsOf } from '../support/runs.ts'

const { engine, rowsOf, database } = await engineFixture()
let runs: Runs
beforeAll(async () => {
  runs = await runsOf(engine)
  // Plans must not depend on when somebody looked at the tables.
  for (const table of ['step_run', 'run_inbox', 'workflow_run']) {
    await database.pool.query(`ALTER TABLE "${table}" SET (autovacuum_enabled = false)`)
  }
})

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

/** The indexes that a store's function reads inboxes and steps by; a whole table that is read counts as its name. */
async function readBy(call: (client: ClientBase) => Promise<unknown>): Promise<string[]> {
  const texts: string[] = []
  const query = async (statement: string | QueryConfig) => {
    texts.push(typeof statement === 'string' ? statement : statement.text)
    return { rows: [], rowCount: 0 }
  }
  await call({ query } as unknown as ClientBase)
  const client = await database.pool.connect()
  try {
    await client.query(['BEGIN', ...PLAN_BY_INDEX.map((one) => `SET LOCAL ${one}`)].join('; '))
    const found = new Set<string>()
    for (const text of texts) {
      const { rows } = await client.query(`EXPLAIN (GENERIC_PLAN) ${text}`)
      const plan = rows.map((row) => row['QUERY PLAN']).join('\n')
      const scans = plan.matchAll(
        /(?:Index (?:Only )?Scan (?:Backward )?using|Seq Scan on|Bitmap Index Scan on) (\w+)/g,
      )
      for (const [, name] of scans) if (/^run_inbox|^step_run|wake/.test(name!)) found.add(name!)
    }
    await client.query('ROLLBACK')
    return [...found].toSorted()
  } finally {
    client.release()
  }
}

const id = newUuid()
const nothing = { rows: [], removed: [], emptied: [], cleared: [], items: new Map() }

test.each([
  ['runs to step', (client: ClientBase) => lockRunsToStep(client, 100), ['run_inbox_pkey', 'workflow_run_wake_idx']],
  ['what came', (client: ClientBase) => takeMessages(client, 'default', [id]), ['run_inbox_run_idx']],
  [
    'steps at hand',
    (client: ClientBase) => readStepsAtHand(client, 'default', [{ runId: id, mostTurns: 11 }]),
    ['step_run_open_idx', 'step_run_turn_idx'],
  ],
  [
    'open steps',
    (client: ClientBase) => readOpenSteps(client, 'default', [id]),
    ['step_run_open_idx', 'step_run_turn_idx'],
  ],
  [
    'a queue that is emptied',
    (client: ClientBase) => writeSteps(client, 'default', [{ runId: id, changes: { ...nothing, emptied: ['a'] } }]),
    ['step_run_turn_idx'],
  ],
] as const)('%s: found by index', async (_, call, indexes) => {
  expect(await readBy(call)).toEqual([...indexes])
})

import { beforeEach, expect, test } from 'vitest'
import { advanceRuns } from '../../src/engine/advance-runs.ts'
import { commandRun } from '../../src/engine/command-run.ts'
import { deleteFinishedRuns } from '../../src/engine/delete-finished-runs.ts'
import { deleteFinishedTasks } from '../../src/engine/delete-finished-tasks.ts'
import { retryTask } from '../../src/engine/retry-task.ts'
import type { Step } from '../../src/workflow/definition/definition.ts'
import { ACTOR } from '../support/engine.ts'
import { engineFixture } from '../support/engine-fixture.ts'
import { pick, seededRandom } from '../support/random.ts'
import { runsOf } from '../support/runs.ts'
import { sized } from '../support/size.ts'

const { engine, rowsOf, database } = await engineFixture({ size: 12 })
const runs = await runsOf(engine)
await runs.define({
  name: 'one',
  steps: [{ id: 'a', type: 'TASK', task: 'work', input: { n: '${{ input.n }}' } }] as Step[],
})
await runs.define({
  name: 'holding',
  steps: [{ id: 'child', type: 'SUBWORKFLOW', workflow: 'one', input: { n: 1 } }] as Step[],
})
await runs.define({
  name: 'spreading',
  steps: [
    {
      id: 'each',
      type: 'MAP',
      items: 'input.list',
      steps: [{ id: 'a', type: 'TASK', task: 'work' }],
    },
    { id: 'wait', type: 'WAIT', event: { key: 'never' } },
    { id: 'ask', type: 'APPROVAL', message: 'ok?', approvers: { role: 'VIEWER' } },
  ],
})
beforeEach(async () => {
  for (const table of ['run_inbox', 'task', 'workflow_run']) await rowsOf(`DELETE FROM ${table}`)
})

const { signal } = new AbortController()
const TOMORROW = new Date(Date.now() + 86_400_000)
const clean = (more = {}) => deleteFinishedRuns(engine, { before: TOMORROW, signal, ...more })
const idsOf = async () => (await rowsOf('SELECT id FROM workflow_run ORDER BY id')).map(({ id }) => id)
const cancel = (runId: string) => commandRun(engine, ACTOR, { runId, command: { kind: 'cancel', reason: null } })

test('deletes what finished long enough ago with all that belongs to it, in batches of any size', async () => {
  const old = [
    await runs.start('one', { n: 1 }),
    await runs.start('spreading', { list: [1, 2, 3] }),
    await runs.start('one', { n: 1 }),
  ]
  for (let round = 0; round < 3; round++) await runs.settle()
  await cancel(old[1]!)
  await runs.settle()
  const young = await runs.start('one', { n: 1 })
  const open = await runs.start('spreading', { list: [1] })
  await runs.work()
  await runs.settle()
  await rowsOf(
    `UPDATE workflow_run SET finished_at = finished_at - interval '1 hour' WHERE id IN ('${old.join("','")}')`,
  )
  const before = new Date(Date.now() - 600_000)
  expect(await clean({ before, batch: 2 })).toBe(3)
  expect(await idsOf()).toEqual([young, open].sort())
  for (const table of ['step_run', 'map_item', 'approval', 'step_wait']) {
    const left = (await rowsOf(`SELECT DISTINCT run_id FROM ${table}`)).map(({ run_id: id }) => id)
    expect([open, young], table).toEqual(expect.arrayContaining(left))
  }
  // Its tasks go by their own rule.
  expect(await rowsOf(`SELECT FROM task WHERE run_id = '${old[0]}'`)).toHaveLength(1)
})

test('keeps a run while its parent is there, and lets both go together', async () => {
  const parent = await runs.start('holding')
  await runs.settle()
  expect(await idsOf()).toHaveLength(2)
  await rowsOf(`UPDATE workflow_run SET finished_at = finished_at - interval '1 hour' WHERE id <> '${parent}'`)
  expect(await clean({ before: new Date(Date.now() - 600_000) })).toBe(0)
  expect(await clean()).toBe(2)
})

test('comes to the end of what it may delete past what it may not, and past runs of many steps', async () => {
  const parents = [await runs.start('holding'), await runs.start('holding')]
  await runs.settle()
  await rowsOf(`UPDATE workflow_run SET finished_at = now() + interval '9 days' WHERE id IN ('${parents.join("','")}')`)
  for (let count = 0; count < 3; count++) await runs.start('one', { n: 1 })
  await runs.settle()
  expect(await clean({ batch: 2, mostSteps: 1 })).toBe(3)
  expect(await idsOf()).toHaveLength(4)
})

test('a task is not deleted before its run has taken its end in', async () => {
  const runId = await runs.start('one', { n: 7 })
  await runs.work(() => 42)
  const cleanTasks = () => deleteFinishedTasks(engine, { before: TOMORROW, signal })
  expect(await cleanTasks()).toBe(0)
  await advanceRuns(engine)
  expect(await rowsOf(`SELECT status, output FROM workflow_run WHERE id = '${runId}'`)).toMatchObject([
    { status: 'COMPLETED' },
  ])
  expect(await rowsOf(`SELECT output FROM step_run WHERE run_id = '${runId}'`)).toEqual([{ output: 42 }])
  expect(await cleanTasks()).toBe(1)
  expect(await idsOf()).toEqual([runId])
})

test('what comes for a run that is gone is deleted, and holds up nobody', async () => {
  const runId = await runs.start('one', { n: 1 })
  await runs.work(() => new Error('no'))
  await runs.settle()
  expect(await clean()).toBe(1)
  const [task] = await rowsOf(`SELECT id FROM task WHERE run_id = '${runId}'`)
  await retryTask(engine, ACTOR, { taskId: task.id })
  await runs.work()
  expect(await rowsOf('SELECT FROM run_inbox')).toHaveLength(1)
  await clean()
  expect(await rowsOf('SELECT FROM run_inbox')).toEqual([])
})

test('while runs start, end, and are retried and cancelled, nothing open loses a row that it needs', async () => {
  const random = seededRandom(Date.now())
  let isOver = false
  const starts = async () => {
    for (let count = 0; count < sized(40, 400); count++) {
      const runId = await runs.start(pick(random, ['one', 'holding']), { n: count })
      if (random() < 0.2) await cancel(runId)
    }
  }
  const retries = async () => {
    while (!isOver) {
      const failed = await rowsOf(`SELECT id FROM workflow_run WHERE status IN ('FAILED', 'CANCELLED') LIMIT 5`)
      for (const { id } of failed) {
        const answer = await commandRun(engine, ACTOR, { runId: id, command: { kind: 'retry' } })
        if (!answer.ok) expect(['NOT_FOUND', 'ILLEGAL_RUN_COMMAND']).toContain(answer.refusal.code)
      }
    }
  }
  const works = async () => {
    while (!isOver) {
      // A run that is cancelled takes the tasks that are worked on along.
      await runs
        .settle(() => (random() < 0.2 ? new Error('no') : 1))
        .catch((error: Error) => {
          if (!error.message.includes('STALE_LEASE')) throw error
        })
    }
  }
  const deletes = async () => {
    while (!isOver) {
      await clean({ batch: 3 })
      await deleteFinishedTasks(engine, { before: TOMORROW, signal, batch: 3 })
    }
  }
  const others = Promise.all([retries(), works(), deletes(), deletes()])
  await starts()
  isOver = true
  await others
  await runs.settle()
  // Whatever is left has come to its end: nothing waits for a task or a child that is not there.
  const stuck = `SELECT r.status, s.path, s.error FROM workflow_run r LEFT JOIN step_run s ON s.run_id = r.id AND s.finished_at IS NULL
    WHERE r.finished_at IS NULL`
  expect(await rowsOf(stuck)).toEqual([])
  expect(await rowsOf(`SELECT error FROM step_run WHERE error->>'code' = 'TASK_DELETED'`)).toEqual([])
  await clean()
  expect(await idsOf()).toEqual([])
  const { rows } = await database.pool.query('SELECT count(*)::int AS steps FROM step_run')
  expect(rows).toEqual([{ steps: 0 }])
})

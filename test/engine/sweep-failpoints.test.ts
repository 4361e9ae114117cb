import { expect } from 'vitest'
import { advanceRuns } from '../../src/engine/advance-runs.ts'
import { cancelTask } from '../../src/engine/cancel-task.ts'
import { commandRun } from '../../src/engine/command-run.ts'
import { createWorkflow } from '../../src/engine/create-workflow.ts'
import { deleteFinishedRuns } from '../../src/engine/delete-finished-runs.ts'
import { deleteFinishedTasks } from '../../src/engine/delete-finished-tasks.ts'
import { endAttempts } from '../../src/engine/end-attempts.ts'
import { missDeadlines } from '../../src/engine/miss-deadlines.ts'
import { rescueLost } from '../../src/engine/rescue-lost.ts'
import { returnUnheld } from '../../src/engine/return-unheld.ts'
import { startRun } from '../../src/engine/start-run.ts'
import { trimLog } from '../../src/engine/trim-log.ts'
import { wakeDue } from '../../src/engine/wake-due.ts'
import { ACTOR, addWorker } from '../support/engine.ts'
import { failpointFixture } from '../support/failpoints.ts'
import { completing } from '../support/verbs.ts'

const { database, engine, verbs, running, waitingFor, testScenarios } = await failpointFixture()

testScenarios({
  'wake-due': async () => {
    const over = await running()
    const scheduled = await verbs.createOne({ queue: 'none', scheduledFor: new Date(Date.now() + 3_600_000) })
    const ids = [over.id, scheduled]
    await database.pool.query("UPDATE task SET wake_at = now() - interval '1 second' WHERE id = ANY ($1)", [ids])
    return { act: (on) => wakeDue(on), expected: { [over.id]: 'RETRYING', [scheduled]: 'READY' } }
  },
  'rescue-lost': async () => {
    const workerId = await addWorker(engine, ['work'])
    const task = await running({}, workerId)
    await database.pool.query("UPDATE worker SET heartbeat_at = now() - interval '1 hour' WHERE id = $1", [workerId])
    return { act: (on) => rescueLost(on), expected: { [task.id]: 'READY' } }
  },
  'return-unheld': async () => {
    const workerId = await addWorker(engine, ['work'])
    const [unknown, known] = [await running({}, workerId), await running({}, workerId)]
    const held = [{ taskId: known.id, epoch: known.epoch }]
    return {
      act: (on) => returnUnheld(on, ACTOR, { workerId, held }),
      expected: { [unknown.id]: 'READY', [known.id]: 'RUNNING' },
    }
  },
  'delete-finished-tasks': async () => {
    const parent = await running()
    const child = await running({ parentId: parent.id })
    await endAttempts(engine, ACTOR, [completing(parent), completing(child)])
    const dependent = await waitingFor(child.id)
    const needed = await running()
    await endAttempts(engine, ACTOR, [completing(needed)])
    const open = await waitingFor(needed.id)
    await cancelTask(engine, ACTOR, { taskId: dependent })
    const before = new Date(Date.now() + 3_600_000)
    return {
      act: (on) => deleteFinishedTasks(on, { before, signal: new AbortController().signal }),
      expected: { [needed.id]: 'COMPLETED', [open]: 'READY' },
      isForgetting: true,
    }
  },
  'delete-finished-runs': async () => {
    const definition = { name: 'one', steps: [{ id: 'a', type: 'TASK', task: 'work' }] } as const
    await createWorkflow(engine, ACTOR, { definition })
    const startOne = () => startRun(engine, ACTOR, { workflow: 'one' })
    for (let count = 0; count < 3; count++) await startOne()
    await database.pool.query(`UPDATE task SET queue = 'none' WHERE run_id IS NOT NULL`)
    const { rows } = await database.pool.query('SELECT id FROM workflow_run')
    for (const { id } of rows.slice(1))
      await commandRun(engine, ACTOR, { runId: id, command: { kind: 'cancel', reason: null } })
    await advanceRuns(engine)
    const before = new Date(Date.now() + 3_600_000)
    return {
      act: async (on) => {
        await deleteFinishedRuns(on, { before, signal: new AbortController().signal })
        if (on !== engine) return
        const left = await database.pool.query(
          'SELECT DISTINCT run_id AS id FROM step_run UNION SELECT id FROM workflow_run',
        )
        expect(left.rows).toEqual([{ id: rows[0].id }])
      },
      expected: {},
      isForgetting: true,
    }
  },
  'trim-log': async () => {
    const id = await verbs.createOne({ queue: 'none' })
    await database.pool.query("UPDATE event SET at = now() - interval '1 hour'")
    const before = new Date(Date.now() - 60_000)
    return {
      act: (on) => trimLog(on, 'event', { before, signal: new AbortController().signal }),
      expected: { [id]: 'READY' },
      isForgetting: true,
    }
  },
  'miss-deadlines': async () => {
    const ids = await verbs.create({ queue: 'none' }, { queue: 'none' })
    await database.pool.query("UPDATE task SET deadline = now() - interval '1 second' WHERE id = ANY ($1)", [ids])
    return { act: (on) => missDeadlines(on), expected: { [ids[0]!]: 'READY', [ids[1]!]: 'READY' } }
  },
})

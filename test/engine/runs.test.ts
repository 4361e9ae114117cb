import { beforeAll, describe, expect, test } from 'vitest'
import { advanceRuns } from '../../src/engine/advance-runs.ts'
import { commandRun } from '../../src/engine/command-run.ts'
import { decideApproval } from '../../src/engine/decide-approval.ts'
import { forkRun } from '../../src/engine/fork-run.ts'
import { insertTurned, planRuns, takeTurnsOf } from '../../src/engine/plan-runs.ts'
import { sendEvent } from '../../src/engine/send-event.ts'
import { transact } from '../../src/engine/transact.ts'
import { newUuid } from '../../src/task/type-id.ts'
import type { Step, WorkflowDefinition } from '../../src/workflow/definition/definition.ts'
import { ACTOR } from '../support/engine.ts'
import { engineFixture } from '../support/engine-fixture.ts'
import { type Runs, runsOf } from '../support/runs.ts'

const { engine, rowsOf, database } = await engineFixture()
let runs: Runs
beforeAll(async () => {
  runs = await runsOf(engine)
})

const task = (id: string, more: Partial<Step> = {}): Step => ({ id, type: 'TASK', task: 'work', ...more }) as Step
const flow = (name: string, steps: readonly Step[], more: Partial<WorkflowDefinition> = {}) => ({
  name,
  steps,
  ...more,
})
const fail = (): never => {
  throw new Error('It was refused')
}
const runOf = async (id: string) => (await rowsOf(`SELECT * FROM workflow_run WHERE id = '${id}'`))[0]
const stepsOf = async (id: string) =>
  Object.fromEntries(
    (await rowsOf(`SELECT path, status FROM step_run WHERE run_id = '${id}' ORDER BY path`)).map(({ path, status }) => [
      path,
      status,
    ]),
  )

describe('a run', () => {
  test('carries out its steps as tasks, one after the other, and gives what the last gave', async () => {
    await runs.define(
      flow('chain', [
        task('a', { input: { n: '${{ input.n }}' } as never }),
        task('b', { after: ['a'], input: { n: '${{ steps.a.output + 1.0 }}' } as never }),
      ]),
    )
    const id = await runs.start('chain', { n: 1 })
    expect(await stepsOf(id)).toEqual({ a: 'RUNNING' })
    await runs.settle(({ input }) => (input as { n: number }).n * 10)
    expect(await stepsOf(id)).toEqual({ a: 'COMPLETED', b: 'COMPLETED' })
    expect(await runOf(id)).toMatchObject({ status: 'COMPLETED', output: 110 })
    const kinds = await rowsOf(`SELECT kind, version FROM event WHERE run_id = '${id}' ORDER BY version`)
    expect(kinds.map(({ kind }) => kind)).toEqual([
      'WorkflowRunStarted',
      'StepStarted',
      'StepCompleted',
      'StepStarted',
      'StepCompleted',
      'WorkflowRunCompleted',
    ])
    expect(kinds.map(({ version }) => version)).toEqual([1, 2, 3, 4, 5, 6])
    expect(await rowsOf('SELECT * FROM run_inbox')).toEqual([])
  })

  test('fails with its step, whose task says why', async () => {
    await runs.define(flow('broken', [task('a'), task('b', { after: ['a'] })]))
    const id = await runs.start('broken')
    await runs.settle(() => new Error('no luck'))
    expect(await runOf(id)).toMatchObject({ status: 'FAILED', error: { code: 'BROKEN' } })
    await commandRun(runs.engine, ACTOR, { runId: id, command: { kind: 'retry' } })
    await runs.settle()
    expect(await runOf(id)).toMatchObject({ status: 'COMPLETED', attempt: 2, error: null })
  })

  test('goes through a list and gives its results in order', async () => {
    const each: Step = {
      id: 'each',
      type: 'MAP',
      items: 'input.items',
      steps: [task('double', { input: { n: '${{ item }}' } as never })],
    }
    await runs.define(flow('map', [each]))
    const items = Array.from({ length: 250 }, (_, n) => n)
    const id = await runs.start('map', { items })
    await runs.settle(({ input }) => (input as { n: number }).n * 2)
    expect(await runOf(id)).toMatchObject({ status: 'COMPLETED', output: items.map((n) => n * 2) })
  })

  test('waits for an event that matches, without a task', async () => {
    const wait: Step = {
      id: 'paid',
      type: 'WAIT',
      event: { key: 'paid ${{ input.order }}', where: 'event.amount > 10' },
    }
    await runs.define(flow('order', [wait]))
    const id = await runs.start('order', { order: 7 })
    expect(await runOf(id)).toMatchObject({ status: 'WAITING' })
    await sendEvent(runs.engine, ACTOR, { key: 'paid 7', payload: { amount: 5 } })
    await runs.settle()
    expect(await runOf(id)).toMatchObject({ status: 'WAITING' })
    await sendEvent(runs.engine, ACTOR, { key: 'paid 7', payload: { amount: 50 } })
    await runs.settle()
    expect(await runOf(id)).toMatchObject({ status: 'COMPLETED', output: { amount: 50 } })
    expect(await rowsOf('SELECT * FROM step_wait')).toEqual([])
  })

  test('waits for a time, in its row alone', async () => {
    await runs.define(flow('nap', [{ id: 'nap', type: 'WAIT', duration: '1h' }]))
    const id = await runs.start('nap')
    await runs.settle()
    expect(await runOf(id)).toMatchObject({ status: 'WAITING' })
    await database.pool.query(`UPDATE step_run SET wait_until = now() - interval '1 s' WHERE run_id = $1`, [id])
    await database.pool.query(`UPDATE workflow_run SET wake_at = now() - interval '1 s' WHERE id = $1`, [id])
    await runs.settle()
    expect(await runOf(id)).toMatchObject({ status: 'COMPLETED' })
  })

  test('asks people, and takes each answer once', async () => {
    const ask: Step = {
      id: 'ask',
      type: 'APPROVAL',
      message: 'Release ${{ input.version }}?',
      approvers: { principals: ['ada', 'bob'] },
      need: 2,
    }
    await runs.define(flow('release', [ask]))
    const id = await runs.start('release', { version: '1.2' })
    const [approval] = await rowsOf(`SELECT * FROM approval WHERE run_id = '${id}'`)
    expect(approval).toMatchObject({ status: 'OPEN', message: 'Release 1.2?', need: 2 })
    const decide = async (name: string) => {
      const decided = await decideApproval(
        runs.engine,
        { ...ACTOR, name, role: 'DEVELOPER' },
        { approvalId: approval.id, approved: true },
      )
      return decided.ok ? 'ok' : decided.refusal.code
    }
    expect([
      await decide('eve'),
      await decide('ada'),
      await decide('ada'),
      await decide('bob'),
      await decide('bob'),
    ]).toEqual(['NOT_AN_APPROVER', 'ok', 'ALREADY_DECIDED', 'ok', 'APPROVAL_CLOSED'])
    expect(await runOf(id)).toMatchObject({ status: 'COMPLETED', output: { approved: true } })
    expect(await rowsOf(`SELECT status FROM approval WHERE run_id = '${id}'`)).toEqual([{ status: 'APPROVED' }])
  })

  test('starts a run of another workflow and takes its output; cancelling reaches it', async () => {
    await runs.define(flow('inner', [task('work')]))
    await runs.define(flow('outer', [{ id: 'sub', type: 'SUBWORKFLOW', workflow: 'inner' }]))
    const id = await runs.start('outer')
    await runs.settle(() => 'done')
    expect(await runOf(id)).toMatchObject({ status: 'COMPLETED', output: 'done' })
    const other = await runs.start('outer')
    await advanceRuns(runs.engine)
    await commandRun(runs.engine, ACTOR, { runId: other, command: { kind: 'cancel', reason: 'enough' } })
    await runs.settle()
    expect((await runOf(other)).status).toBe('CANCELLED')
    expect(await rowsOf(`SELECT status FROM workflow_run WHERE parent_run_id = '${other}'`)).toEqual([
      { status: 'CANCELLED' },
    ])
  })

  test('fails a step whose task type or workflow is not there', async () => {
    await runs.define(flow('stranger', [task('a', { task: 'nobody_serves' } as never)]))
    const id = await runs.start('stranger')
    await runs.settle()
    expect(await runOf(id)).toMatchObject({ status: 'FAILED', error: { code: 'UNKNOWN_TASK_TYPE' } })
    await runs.define(flow('orphan', [{ id: 'sub', type: 'SUBWORKFLOW', workflow: 'nothing' }]))
    const orphan = await runs.start('orphan')
    await runs.settle()
    expect(await runOf(orphan)).toMatchObject({ status: 'FAILED', error: { code: 'UNKNOWN_WORKFLOW' } })
  })

  test('has its turn when another with its key has ended', async () => {
    await runs.define(flow('turns', [task('a')], { limits: { concurrency: { limit: 1, key: '${{ input.repo }}' } } }))
    const [first, second, other] = [
      await runs.start('turns', { repo: 'x' }),
      await runs.start('turns', { repo: 'x' }),
      await runs.start('turns', { repo: 'y' }),
    ]
    const statuses = async () => Promise.all([first, second, other].map(async (id) => (await runOf(id!)).status))
    expect(await statuses()).toEqual(['RUNNING', 'PENDING', 'RUNNING'])
    await runs.settle()
    expect(await statuses()).toEqual(['COMPLETED', 'COMPLETED', 'COMPLETED'])
  })

  test('makes room for newer ones: each cancels the oldest that was not told to stop yet', async () => {
    const concurrency = { limit: 1, whenFull: 'CANCEL_OLDEST' as const }
    await runs.define(flow('newest', [task('a')], { limits: { concurrency } }))
    const ids = [await runs.start('newest'), await runs.start('newest'), await runs.start('newest')]
    await runs.settle()
    const statuses = await Promise.all(ids.map(async (id) => (await runOf(id)).status))
    expect(statuses).toEqual(['CANCELLED', 'CANCELLED', 'COMPLETED'])
  })

  test('makes room for newer ones that come at once, as far as the limit goes', async () => {
    const concurrency = { limit: 2, whenFull: 'CANCEL_OLDEST' as const }
    await runs.define(flow('newest_two', [task('a')], { limits: { concurrency } }))
    const old = await runs.start('newest_two')
    const asked = [1, 2, 3].map(() => ({
      id: newUuid(),
      workflow: 'newest_two',
      version: null,
      input: {},
      trigger: null,
    }))
    await transact(runs.engine, async (client) => {
      const planned = await planRuns(client, runs.engine.runs, ACTOR.tenant, asked)
      const turned = await takeTurnsOf(
        client,
        ACTOR.tenant,
        planned.map((one) => ('run' in one ? one.run : fail())),
      )
      await insertTurned(
        client,
        ACTOR,
        turned.map((one) => ('run' in one ? one : fail())),
        new Date(),
      )
    })
    await runs.settle()
    const statuses = await Promise.all([old, ...asked.map(({ id }) => id)].map(async (id) => (await runOf(id)).status))
    expect(statuses).toEqual(['CANCELLED', 'CANCELLED', 'COMPLETED', 'COMPLETED'])
  })

  test('that cannot be stepped ends, and holds up no other', async () => {
    await runs.define(flow('fine', [task('a')]))
    const fine = await runs.start('fine')
    const bad = await runs.start('fine')
    // Nothing of ours writes such a row.
    await rowsOf(`UPDATE step_run SET step_id = 'gone' WHERE run_id = '${bad}'`)
    await runs.settle(() => 'ok')
    expect(await runOf(fine)).toMatchObject({ status: 'COMPLETED', output: 'ok' })
    expect(await runOf(bad)).toMatchObject({ status: 'FAILED', error: { code: 'INTERNAL' } })
    expect(await rowsOf('SELECT * FROM run_inbox')).toEqual([])
    expect(await rowsOf(`SELECT kind FROM event WHERE run_id = '${bad}' ORDER BY version DESC LIMIT 1`)).toEqual([
      { kind: 'WorkflowRunFailed' },
    ])
  })

  test('fails a step whose event key is too long', async () => {
    await runs.define(flow('long_key', [{ id: 'w', type: 'WAIT', event: { key: '${{ input.key }}' } }]))
    const id = await runs.start('long_key', { key: 'k'.repeat(600) })
    expect(await runOf(id)).toMatchObject({ status: 'FAILED', error: { code: 'INVALID_KEY' } })
  })

  test('is forked from a step with another input: what came before is taken over', async () => {
    await runs.define(
      flow('forked', [
        task('a', { input: { n: '${{ input.n }}' } as never }),
        {
          id: 'each',
          type: 'MAP',
          after: ['a'],
          items: '[1.0, 2.0]',
          steps: [task('m', { input: { n: '${{ item }}' } as never })],
        },
        task('b', { after: ['each'], input: { n: '${{ steps.a.output + input.n }}' } as never }),
      ]),
    )
    const byInput = ({ input }: { input: unknown }) => (input as { n: number }).n * 10
    const id = await runs.start('forked', { n: 1 })
    expect(await forkRun(runs.engine, ACTOR, { runId: id, from: 'b' })).toMatchObject({
      refusal: { code: 'CANNOT_FORK' },
    })
    await runs.settle(byInput)
    expect(await runOf(id)).toMatchObject({ status: 'COMPLETED', output: 110 })
    const dry = await forkRun(runs.engine, ACTOR, { runId: id, from: 'b', input: { n: 2 }, isDryRun: true })
    expect(dry).toEqual({ ok: true, value: { runId: null, reused: ['a', 'each'], again: ['b'] } })
    const forked = await forkRun(runs.engine, ACTOR, { runId: id, from: 'b', input: { n: 2 } })
    await runs.settle(byInput)
    const { runId } = (forked as { value: { runId: string } }).value
    expect(await runOf(runId)).toMatchObject({ status: 'COMPLETED', output: 120, forked_from_id: id, input: { n: 2 } })
    expect(await rowsOf(`SELECT step_path FROM task WHERE run_id = '${runId}'`)).toEqual([{ step_path: 'b' }])
    const iteration = await forkRun(runs.engine, ACTOR, { runId: id, from: 'each[1]' })
    await runs.settle(byInput)
    const again = (iteration as { value: { runId: string } }).value.runId
    expect(
      (await rowsOf(`SELECT step_path FROM task WHERE run_id = '${again}' ORDER BY 1`)).map((row) => row.step_path),
    ).toEqual(['b', 'each[1].m'])
    expect(await runOf(again)).toMatchObject({ status: 'COMPLETED', output: 110 })
  })
})

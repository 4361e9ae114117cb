import { expect, test } from 'vitest'
import { appendLeasedLog } from '../../src/engine/append-leased-log.ts'
import { appendLog } from '../../src/engine/append-log.ts'
import { cancelTask } from '../../src/engine/cancel-task.ts'
import { claimTasks } from '../../src/engine/claim-tasks.ts'
import { createTasks } from '../../src/engine/create-tasks.ts'
import { endAttempts } from '../../src/engine/end-attempts.ts'
import { pauseTask } from '../../src/engine/pause-task.ts'
import { registerWorker } from '../../src/engine/register-worker.ts'
import { reportProgress } from '../../src/engine/report-progress.ts'
import { resumeTask } from '../../src/engine/resume-task.ts'
import { retryTask } from '../../src/engine/retry-task.ts'
import { updateTask } from '../../src/engine/update-task.ts'
import { newUuid } from '../../src/task/type-id.ts'
import { ACTOR } from '../support/engine.ts'
import { failpointFixture } from '../support/failpoints.ts'
import { completing, failingEnd, parkingEnd, releasing } from '../support/verbs.ts'

const { engine, verbs, running, waitingFor, attempt, testScenarios } = await failpointFixture()

testScenarios({
  'create-tasks': async () => {
    const task = await running()
    const key = newUuid()
    const tasks = [
      { key: 'a', name: key, type: 'work', queue: 'none', parentId: task.id },
      { name: key, type: 'work', queue: 'none', dependsOn: [{ key: 'a' }, { taskId: task.id }] },
    ]
    return {
      act: (on) => createTasks(on, ACTOR, { tasks, idempotencyKey: key }),
      get expected() {
        return { [task.id]: 'RUNNING' }
      },
    }
  },
  'create-tasks: a debounced one again': async () => {
    const unique = { key: newUuid(), mode: 'DEBOUNCE', periodMs: 3_600_000 } as const
    const call = (input: number) => ({ tasks: [{ name: 'x', type: 'work', queue: 'none', input }], unique })
    const first = await createTasks(engine, ACTOR, call(0))
    if (!first.ok) throw new Error(first.refusal.code)
    return {
      act: (on) => createTasks(on, ACTOR, { ...call(1), idempotencyKey: unique.key }),
      expected: { [first.value.taskIds[0]!]: 'SCHEDULED' },
    }
  },
  'claim-tasks': async () => {
    const queue = newUuid()
    const id = await verbs.createOne({ queue })
    const { workerId } = verbs
    return {
      act: (on) => claimTasks(on, { tenant: 'default', workerId, queue, types: ['work'], limit: 5 }),
      expected: { [id]: 'RUNNING' },
    }
  },
  'claim-tasks for a request that can come again': async () => {
    const queue = newUuid()
    const id = await verbs.createOne({ queue })
    const { workerId } = verbs
    return {
      act: (on) => claimTasks(on, { tenant: 'default', workerId, queue, types: ['work'], limit: 5, requestId: queue }),
      expected: { [id]: 'RUNNING' },
    }
  },
  'append-leased-log': async () => {
    const { id, epoch } = await running()
    const line = { taskId: id, epoch, level: 'info', message: 'hello', fields: { a: 1 } } as const
    const { workerId } = verbs
    return {
      act: (on) => appendLeasedLog(on, ACTOR, { workerId, requestId: id, lines: [line] }),
      expected: { [id]: 'RUNNING' },
    }
  },
  'end-attempts: over the graph': async () => {
    const task = await running()
    const { workerId } = verbs
    return {
      act: (on) => endAttempts(on, ACTOR, [{ ...completing(task, '{"a":1}'), workerId }]),
      expected: { [task.id]: 'COMPLETED' },
    }
  },
  'end-attempts: complete with data for a dependent': async () => {
    const task = await running()
    const dependent = await waitingFor(task.id, 'DATA')
    return {
      act: (on) => endAttempts(on, ACTOR, [completing(task, '{"a":1}')]),
      expected: { [task.id]: 'COMPLETED', [dependent]: 'READY' },
    }
  },
  'end-attempts: complete with a condition behind it': async () => {
    const task = await running()
    const dependent = (condition: string) =>
      verbs.createOne({ queue: 'none', dependsOn: [{ taskId: task.id, kind: 'CONDITIONAL', condition }] })
    const [met, unmet] = [await dependent('output.a == 1'), await dependent('output.a == 2')]
    const behind = await waitingFor(unmet)
    return {
      act: (on) => endAttempts(on, ACTOR, [completing(task, '{"a":1}')]),
      expected: { [task.id]: 'COMPLETED', [met]: 'READY', [unmet]: 'SKIPPED', [behind]: 'SKIPPED' },
    }
  },
  'end-attempts: fail through a chain, release and park': async () => {
    const tasks = [await running(), await running(), await running()] as const
    const second = await waitingFor(tasks[0].id)
    const third = await waitingFor(second)
    const later = new Date(Date.now() + 3_600_000)
    return {
      act: (on) =>
        endAttempts(on, ACTOR, [failingEnd(tasks[0], false), releasing(tasks[1]), parkingEnd(tasks[2], later)]),
      expected: {
        [tasks[0].id]: 'FAILED',
        [second]: 'SKIPPED',
        [third]: 'SKIPPED',
        [tasks[1].id]: 'READY',
        [tasks[2].id]: 'WAITING',
      },
    }
  },
  'report-progress': async () => {
    const task = await running()
    return {
      act: (on) => reportProgress(on, ACTOR, [{ taskId: task.id, epoch: 1, fraction: 0.5, message: 'half' }]),
      expected: { [task.id]: 'RUNNING' },
    }
  },
  'append-log': async () => {
    const { id } = await running()
    const line = { taskId: id, attempt: 1, level: 'info', message: 'hello', fields: { a: 1 } } as const
    return { act: (on) => appendLog(on, ACTOR, [line]), expected: { [id]: 'RUNNING' } }
  },
  'cancel-task with children and dependents': async () => {
    const task = await running()
    const child = await verbs.createOne({ queue: 'none', parentId: task.id })
    const dependent = await waitingFor(child)
    const cascade = { children: true, dependents: true }
    return {
      act: (on) => cancelTask(on, ACTOR, { taskId: task.id, cascade }),
      expected: { [task.id]: 'CANCELLED', [child]: 'CANCELLED', [dependent]: 'CANCELLED' },
    }
  },
  'pause-task': async () => {
    const id = await verbs.createOne({ queue: 'none' })
    return { act: (on) => pauseTask(on, ACTOR, { taskId: id }), expected: { [id]: 'PAUSED' } }
  },
  'resume-task': async () => {
    const id = await verbs.createOne({ queue: 'none' })
    await pauseTask(engine, ACTOR, { taskId: id })
    return { act: (on) => resumeTask(on, ACTOR, { taskId: id }), expected: { [id]: 'READY' } }
  },
  'retry-task': async () => {
    const id = await verbs.createOne({ queue: 'none' })
    await cancelTask(engine, ACTOR, { taskId: id })
    return { act: (on) => retryTask(on, ACTOR, { taskId: id }), expected: { [id]: 'READY' } }
  },
  'update-task': async () => {
    const id = await verbs.createOne({ queue: 'none' })
    const update = { name: 'renamed', priority: 'HIGH', labels: { team: 'core' } } as const
    return { act: (on) => updateTask(on, ACTOR, { taskId: id, update }), expected: { [id]: 'READY' } }
  },
  'register-worker': async () => {
    const types = [
      { name: `t${newUuid().slice(-12)}`, description: null, inputSchema: null, outputSchema: null, defaults: {} },
    ]
    const names = types.map(({ name }) => name)
    const worker = {
      tenant: 'default',
      id: newUuid(),
      name: 'w',
      host: 'h',
      pid: 1,
      version: null,
      types: names,
      labels: {},
      slots: 1,
      leaseMs: 1_000_000,
    }
    return { act: (on) => registerWorker(on, worker, types), expected: {} }
  },
})

test('an answer that was lost after the commit is found again by the idempotency key', async () => {
  const call = { tasks: [{ name: 'once', type: 'work', queue: 'none' }], idempotencyKey: newUuid() }
  const { statements } = await attempt(
    { act: (on) => createTasks(on, ACTOR, { ...call, idempotencyKey: newUuid() }), expected: {} },
    null,
  )
  const { error } = await attempt(
    { act: (on) => createTasks(on, ACTOR, call), expected: {} },
    { statement: statements.length, when: 'after' },
  )
  expect(error).toBeInstanceOf(Error)
  const again = await createTasks(engine, ACTOR, call)
  expect(again).toMatchObject({ ok: true, value: { isReplay: true } })
})

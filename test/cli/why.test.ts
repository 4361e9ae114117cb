import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { admitTasks } from '../../src/engine/admit-tasks.ts'
import { createClient } from '../../src/sdk/client.ts'
import type { CreateTaskInput } from '../../src/sdk/generated/operations.ts'
import { unwrap } from '../../src/sdk/unwrap.ts'
import { encodeTypeId, newUuid } from '../../src/task/type-id.ts'
import { cli } from '../support/cli.ts'
import { type HandWorker, startHandWorker } from '../support/hand-worker.ts'
import { type LiveGraph, startLiveGraph } from '../support/live-graph.ts'
import { addTaskType } from '../support/tasks.ts'
import { until } from '../support/until.ts'

let graph: LiveGraph
let worker: HandWorker
beforeAll(async () => {
  graph = await startLiveGraph()
  worker = await startHandWorker(graph.engine, ['work'])
  await addTaskType(graph.pool, 'lonely')
})
beforeEach(() => graph.pool.query('DELETE FROM task'))
afterAll(() => graph.stop())

const make = async (input: Partial<CreateTaskInput> = {}) =>
  unwrap(await createClient({ url: graph.url }).createTask({ input: { name: 'held', type: 'work', ...input } })).task.id
const why = async (id: string, ...more: string[]) => cli(['task', 'why', id, ...more], { url: graph.url })
const words = async (id: string) => {
  const { out, exitCode, err } = await why(id)
  expect([exitCode, err]).toEqual([0, ''])
  return out
}

describe('task why', () => {
  test('names each thing that holds a task, since when, and who has what it waits for', async () => {
    const first = await make({ name: 'first', concurrencyKey: 'k' })
    await admitTasks(graph.engine, 'default', ['key:k'])
    await worker.start(first)
    const second = await make({ concurrencyKey: 'k' })
    const held = await words(second)
    expect(held).toMatch(
      /^held READY task_\w+ work\nIt does not run, since 20\S+Z \(.*\):\n• As many tasks with the concurrency key "k" run as may: 1\./,
    )
    expect(held).toContain(`has slots: ${first} first: RUNNING, started `)
    expect(held).toMatch(/\n {2}holds it since 20\S+Z/)
    expect(await words(await make({ dependsOn: [{ taskId: first }] }))).toMatch(
      new RegExp(`PENDING .*\n.*\n• It waits for another task to complete.\n +${first} first: RUNNING, started `),
    )
    expect(await words(first)).toMatch(
      /It is not waiting: attempt 1 runs, since .*\nOn the worker worker_\w+ test \(ACTIVE\), last sign of life /,
    )
  })

  test('tells times, pauses, missing workers, and that a task only waits its turn', async () => {
    const later = new Date(Date.now() + 3_600_000).toISOString()
    expect(await words(await make({ scheduledFor: later }))).toMatch(
      /SCHEDULED[^•]*• It is scheduled for 20\S+\n +goes on in (1h|59m)/,
    )
    expect(await words(await make({ type: 'lonely' }))).toContain(
      '• No live worker serves the type "lonely". Start one.',
    )
    const ready = await make({ timeouts: { queue: 'PT5M' } })
    expect(await words(ready)).toMatch(
      /It waits for nothing but its turn, since .* \(priority MEDIUM\)\.\nIf nothing happens before, the clock moves it in [45]m/,
    )
    await cli(['queue', 'pause', '--all', '--reason', 'repair'], { url: graph.url })
    expect(await words(ready)).toContain('• Everything is paused (repair); resumeClaims lets it go on.')
    await cli(['queue', 'resume', '--all'], { url: graph.url })
  })

  test('tells how a task ended, and why it is not retried', async () => {
    const done = await make()
    await worker.start(done)
    await worker.complete(done)
    expect(await words(done)).toMatch(/COMPLETED .*\nIt is not waiting: it completed .*, after 1 attempt and /)
    const failed = await make()
    await worker.start(failed)
    await worker.fail(failed, 'broken')
    expect(await words(failed)).toMatch(
      /it failed .*\nAttempt 1: \w+: broken\nIt is not retried, because another attempt would not help\. By hand: task-mgmt task retry task_/,
    )
    const cancelled = await make()
    await cli(['task', 'cancel', cancelled, '--reason', 'not needed'], { url: graph.url })
    expect(await words(cancelled)).toMatch(/it was cancelled .*: not needed\n$/)
    expect(JSON.parse((await why(done, '--json')).out)).toMatchObject({ id: done, status: 'COMPLETED', blockedBy: [] })
  })

  test('tells of the last failure while it waits for the next attempt', async () => {
    const id = await make({ retry: { maxAttempts: 5, initial: 'PT1H', jitter: 0 } })
    await worker.start(id)
    await worker.failOnce(id, 'flaky')
    expect(await words(id)).toMatch(
      /RETRYING[^•]*• An attempt failed; the next starts at .*\n +goes on in (1h|59m).*\n.*\nAttempt 1 of 5 failed with \w+: flaky\.\n/,
    )
  })

  test('watches the answer change until the task has ended', async () => {
    const before = await make({ name: 'before' })
    const id = await make({ dependsOn: [{ taskId: before }] })
    let text = ''
    const ended = cli(['task', 'why', id, '--watch'], {
      url: graph.url,
      onOutput: (part) => {
        text += part
      },
    })
    await until(() => text.includes('• It waits for another task'))
    await worker.start(before)
    await worker.complete(before)
    await until(() => text.includes('nothing but its turn'))
    await worker.start(id)
    await worker.complete(id)
    expect((await ended).exitCode).toBe(0)
    expect(text).toMatch(/it completed [^•]*$/)
  })

  test('ends with 3 when there is no such task, also when it is to be watched', async () => {
    const nobody = encodeTypeId('task', newUuid())
    for (const more of [[], ['--watch']]) {
      const { exitCode, err } = await why(nobody, ...more)
      expect([exitCode, err]).toEqual([3, expect.stringContaining(`There is no task ${nobody}`)])
    }
  })
})

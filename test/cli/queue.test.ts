import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { encodeTypeId } from '../../src/task/type-id.ts'
import { cli } from '../support/cli.ts'
import { startHandWorker } from '../support/hand-worker.ts'
import { type LiveGraph, startLiveGraph } from '../support/live-graph.ts'
import { addTask, addTaskType } from '../support/tasks.ts'

let graph: LiveGraph
beforeAll(async () => {
  graph = await startLiveGraph()
  await startHandWorker(graph.engine, ['work'])
})
beforeEach(() => graph.pool.query('DELETE FROM task'))
afterAll(() => graph.stop())

const run = (...argv: string[]) => cli(['queue', ...argv], { url: graph.url })

describe('queue stats', () => {
  test('shows a line for each queue, then READY tasks by type, priority and age', async () => {
    await addTask(graph.pool, { type: 'work', priority: 'HIGH', ready_at: new Date(Date.now() - 90_000) })
    await addTask(graph.pool, { type: 'work', queue: 'mail' })
    await run('pause', '--type', 'work', '--reason', 'repair')
    const { out, exitCode } = await run('stats')
    expect(exitCode).toBe(0)
    expect(out).toMatch(/^Strategy PRIORITY_FIRST\n\nQUEUE +READY +BLOCKED +RUNNING .*IN\/MIN +OUT\/MIN +STATE\n/)
    expect(out).toMatch(/\ndefault +1 +0 +0 .* 1m ago +0\.2 +0 +open\n/)
    expect(out).toMatch(/\nall +2 +0 /)
    expect(out).toMatch(/\nwork +2 +1m ago +none for mail +type work, now by .*: repair\n/)
    expect(out).toMatch(/\nHIGH +1\n/)
    expect(out).toMatch(/\nless than 10m +1\n/)
    const json = JSON.parse((await run('stats', '--queue', 'mail', '--json')).out)
    expect(json).toMatchObject({ all: { name: 'mail', claimable: { value: 1, isExact: true } } })
    await run('resume', '--type', 'work')
  })

  test('says that there is nothing', async () => {
    expect((await run('stats')).out).toMatch(/\nall +0 +0 /)
  })
})

describe('queue holdups', () => {
  test('lists what holds up the most, in words', async () => {
    expect((await run('holdups')).out).toBe('Nothing holds up any task.\n')
    await addTaskType(graph.pool, 'lonely')
    const lonely = encodeTypeId('task', await addTask(graph.pool, { type: 'lonely' }))
    const limits = JSON.stringify([{ key: 'key:ada', slots: 1 }])
    for (let n = 0; n < 2; n++)
      await addTask(graph.pool, { type: 'work', is_claimable: false, blocked_on: 'key:ada', limits })
    const { out, exitCode } = await run('holdups')
    expect(exitCode).toBe(0)
    expect(out).toMatch(
      /^TASKS +DIRECTLY +WAIT FOR +OLDEST +NEXT +FOR EXAMPLE\n2 +2 +concurrency key ada, 1 at once +now +task_/,
    )
    expect(out).toMatch(new RegExp(`\n1 +1 +a worker for lonely +now +${lonely}\n`))
    expect(JSON.parse((await run('holdups', '--limit', '1', '--json')).out).holdups).toHaveLength(1)
  })
})

import { beforeEach, describe, expect, it } from 'vitest'
import type { JsonValue } from '../../../src/task/json.ts'
import { TaskFailure } from '../../../src/worker/handler.ts'
import { templateRuns } from './template-runs.ts'

const { users, start } = await templateRuns()

describe('data-processing', () => {
  beforeEach(() => {
    users.handlers = {
      integration_task: ({ action, batches }): JsonValue =>
        action === 'extract' ? { batches: [[1], [2], [3]] } : { action: action!, batches: batches ?? null },
      custom: ({ batch }) => {
        const [first] = batch as number[]
        if (first === 2) throw new TaskFailure('BAD_BATCH', 'not numbers', { retryable: false })
        return first! * 10
      },
      evaluation_task: () => ({ score: 90 }),
    }
  })

  it('extracts, transforms each batch, loads them in order and evaluates', async () => {
    const run = await start('data-processing', { tolerateFailures: 1 }, { source: 'orders', target: 'warehouse' })
    expect(await run.until()).toMatchObject({
      status: 'COMPLETED',
      output: { batches: 3, failed: 1, loaded: { batches: [10, 30] }, evaluation: { score: 90 } },
    })
  })

  it('loads nothing when too many batches fail, and takes out what is found wrong', async () => {
    const failing = await start('data-processing', {}, { source: 'orders', target: 'warehouse' })
    expect(await failing.until()).toMatchObject({ status: 'FAILED', error: { code: 'BAD_BATCH' } })
    expect(users.asked.filter(([, { action }]) => action === 'load')).toEqual([])
    users.handlers.evaluation_task = () => {
      throw new TaskFailure('WRONG', 'sums differ', { retryable: false })
    }
    const undone = await start('data-processing', { tolerateFailures: 1 }, { source: 'orders', target: 'warehouse' })
    expect(await undone.until()).toMatchObject({ status: 'FAILED', error: { code: 'WRONG' } })
    expect(users.asked.at(-1)).toMatchObject(['integration_task', { action: 'unload', loaded: { batches: [10, 30] } }])
  })
})

import { describe, expect, it } from 'vitest'
import type { Step } from '../../../src/workflow/definition/definition.ts'
import { Driver } from './driver.ts'

const task = (id: string, more: Partial<Step> = {}): Step => ({ id, type: 'TASK', task: 'work', ...more }) as Step
const run = (...steps: Step[]) => new Driver({ name: 'w', steps }).start()

describe('steps of a scope', () => {
  it('start when those before them have ended', () => {
    const driver = run(task('a'), task('b', { after: ['a'] }), task('c', { after: ['a', 'b'] }))
    expect(driver.working).toEqual(['a'])
    driver.complete('a', 1)
    expect(driver.working).toEqual(['b'])
    driver.complete('b', 2)
    driver.complete('c', 3)
    expect(driver.run).toMatchObject({ status: 'COMPLETED', output: 3 })
  })

  it('a failure stops the rest and fails the run', () => {
    const driver = run(task('a'), task('b'), task('c', { after: ['a'] }))
    driver.fail('a')
    expect(driver.run.status).toBe('RUNNING')
    expect(driver.working).toEqual([])
    driver.stopped('b')
    expect(driver.run).toMatchObject({ status: 'FAILED', error: { code: 'TASK_FAILED' } })
    expect(driver.statuses).toEqual({ a: 'FAILED', b: 'CANCELLED' })
  })

  it('map', () => {
    const driver = new Driver(
      {
        name: 'w',
        steps: [
          {
            id: 'each',
            type: 'MAP',
            items: 'input.list',
            maxParallel: 2,
            steps: [task('t', { input: { x: '${{ item }}' } } as never)],
          },
          task('last', { after: ['each'], input: '${{ steps.each.output }}' } as never),
        ],
      },
      { input: { list: [1, 2, 3] } },
    ).start()
    expect(driver.working).toEqual(['each[0].t', 'each[1].t'])
    driver.complete('each[1].t', 'one')
    driver.complete('each[0].t', 'zero')
    driver.complete('each[2].t', 'two')
    expect([...driver.outside.values()][0]!.effect).toMatchObject({ path: 'last', input: ['zero', 'one', 'two'] })
  })
})

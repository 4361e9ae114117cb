import { describe, expect, it } from 'vitest'
import type { Step } from '../../../src/workflow/definition/definition.ts'
import { begin, task } from './begin.ts'

describe('steps beside each other', () => {
  it('start when all before them have ended, and the run gives the output of the last', () => {
    const driver = begin([task('a'), task('b'), task('c', { after: ['a', 'b'] })])
    driver.complete('a')
    expect(driver.working).toEqual(['b'])
    driver.complete('b')
    driver.complete('c', 3)
    expect(driver.run).toMatchObject({ status: 'COMPLETED', output: 3 })
  })

  it('without steps end at once', () => {
    expect(begin([]).run).toMatchObject({ status: 'COMPLETED', output: null })
  })
})

describe('a guard', () => {
  it('that does not hold skips the step, and what only hangs on it', () => {
    const driver = begin([task('a', { when: 'input > 5.0' }), task('b', { after: ['a'] }), task('c')], 3)
    expect(driver.statuses).toEqual({ a: 'SKIPPED', b: 'SKIPPED', c: 'RUNNING' })
  })

  it('that cannot be judged fails the step', () => {
    expect(begin([task('a', { when: 'input.x > 5.0' })], {}).run.error?.code).toBe('EXPRESSION')
  })

  it('sees what came before', () => {
    const driver = begin([
      task('a', { onFailure: 'CONTINUE' }),
      task('b', { after: ['a'], when: "steps.a.status == 'FAILED' && steps.a.error.code == 'TASK_FAILED'" }),
      task('c', { after: ['a'], when: 'has(steps.a.output)' }),
    ])
    driver.fail('a')
    expect(driver.statuses).toEqual({ a: 'FAILED', b: 'RUNNING', c: 'SKIPPED' })
  })
})

describe('limits', () => {
  it('hold for what works, not for what waits; the next is the first in the definition', () => {
    const waits: Step[] = ['w', 'v'].map((id) => ({ id, type: 'WAIT', duration: '1h' }))
    const driver = begin([...waits, task('a'), task('b'), task('c')], null, { limits: { maxParallelSteps: 2 } })
    expect(driver.working).toEqual(['a', 'b'])
    expect([driver.status('w'), driver.status('v')]).toEqual(['WAITING', 'WAITING'])
    driver.complete('b')
    expect(driver.working).toEqual(['a', 'c'])
  })

  it('count what was told to stop and has not', () => {
    const first: Step = { id: 'p', type: 'PARALLEL', join: 'ANY', steps: [task('a'), task('b')] }
    const driver = begin([first, task('c')], null, { limits: { maxParallelSteps: 2 } })
    driver.complete('p.a')
    expect(driver.working).toEqual(['c'])
    driver.stopped('p.b')
    driver.complete('c')
    expect(driver.run.status).toBe('COMPLETED')
  })
})

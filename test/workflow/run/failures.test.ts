import { describe, expect, it } from 'vitest'
import type { Step } from '../../../src/workflow/definition/definition.ts'
import { begin, sequence, task } from './begin.ts'

describe('when a step has failed', () => {
  const steps = (onFailure: string): Step[] => [task('a', { onFailure }), task('b', { after: ['a'] }), task('c')]

  it.each(['FAIL', 'RETRY', 'COMPENSATE'])('%s stops what is beside it, and then fails what holds it', (onFailure) => {
    const driver = begin(steps(onFailure))
    driver.fail('a')
    expect([driver.run.status, driver.working]).toEqual(['RUNNING', []])
    driver.stopped('c')
    expect(driver.run.status).toBe('FAILED')
    expect(driver.statuses).toEqual({ a: 'FAILED', c: 'CANCELLED' })
  })

  it('SKIP counts it as skipped, with what only hangs on it', () => {
    const driver = begin(steps('SKIP'))
    driver.fail('a')
    expect(driver.statuses).toEqual({ a: 'SKIPPED', b: 'SKIPPED', c: 'RUNNING' })
    expect(driver.rows.get('a')!.error?.code).toBe('TASK_FAILED')
  })

  it('CONTINUE goes on with what comes after it', () => {
    const driver = begin(steps('CONTINUE'))
    driver.fail('a')
    expect(driver.statuses).toEqual({ a: 'FAILED', b: 'RUNNING', c: 'RUNNING' })
  })
})

describe('retries of a step', () => {
  const retry = { maxAttempts: 3, strategy: 'exponential', initial: '10s', jitter: 0, nonRetryableCodes: ['BAD'] }

  it('follow after a back-off, with all it holds afresh', () => {
    const driver = begin([sequence('s', [task('a'), task('b')], { retry })])
    driver.complete('s.a')
    driver.fail('s.b')
    expect(driver.rows.get('s')).toMatchObject({ status: 'WAITING', attempt: 1, error: { code: 'TASK_FAILED' } })
    driver.pass(9_999)
    expect(driver.working).toEqual([])
    driver.pass(1)
    expect(driver.working).toEqual(['s.a'])
    driver.fail('s.a')
    driver.pass(20_000)
    driver.complete('s.a')
    driver.fail('s.b')
    expect(driver.run).toMatchObject({ status: 'FAILED', error: { code: 'TASK_FAILED' } })
    expect(driver.rows.get('s')!.attempt).toBe(3)
  })

  it.each([
    ['of a code that is not to be retried', 'BAD', {}],
    ['of an expression', 'EXPRESSION', { when: 'input.nothing' }],
  ])('do not follow a failure %s', (_name, code, more) => {
    const driver = begin([{ id: 'a', type: 'CUSTOM', handler: 'h', retry, ...more } as Step], {})
    if (driver.working.length > 0) driver.fail('a', code)
    expect(driver.run).toMatchObject({ status: 'FAILED', error: { code } })
  })
})

describe('a time-out', () => {
  it('of a task stops it, and fails the step when it has stopped', () => {
    const driver = begin([task('a', { timeout: '1m', retry: { maxAttempts: 3 } })])
    driver.pass(60_000)
    expect([driver.status('a'), driver.working]).toEqual(['RUNNING', []])
    driver.stopped('a')
    expect(driver.run).toMatchObject({ status: 'FAILED', error: { code: 'STEP_TIMEOUT' } })
  })

  it('counts all attempts together', () => {
    const step = {
      id: 'a',
      type: 'CUSTOM',
      handler: 'h',
      timeout: '15s',
      retry: { maxAttempts: 9, strategy: 'fixed', initial: '10s', jitter: 0 },
    }
    const driver = begin([step as Step])
    driver.fail('a')
    driver.pass(10_000)
    driver.fail('a')
    driver.pass(5_000)
    expect(driver.run).toMatchObject({ status: 'FAILED', error: { code: 'STEP_TIMEOUT' } })
  })

  it('of a container stops all in it', () => {
    const driver = begin([
      sequence('s', [sequence('t', [task('a')])], { timeout: '1m', onFailure: 'CONTINUE' }),
      task('b', { after: ['s'] }),
    ])
    driver.pass(60_000)
    driver.stopped('s.t.a')
    expect(driver.statuses).toEqual({ s: 'FAILED', 's.t': 'CANCELLED', 's.t.a': 'CANCELLED', b: 'RUNNING' })
  })

  it('of the run fails it, once all has stopped', () => {
    const driver = begin([task('a'), { id: 'w', type: 'WAIT', duration: '9d' }], null, { limits: { timeout: '1h' } })
    driver.pass(3_600_000)
    driver.stopped('a')
    expect(driver.run).toMatchObject({ status: 'FAILED', error: { code: 'RUN_TIMEOUT' } })
    expect(driver.statuses).toEqual({ a: 'CANCELLED', w: 'CANCELLED' })
  })
})

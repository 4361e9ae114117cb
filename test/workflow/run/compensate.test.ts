import { describe, expect, it } from 'vitest'
import type { Step } from '../../../src/workflow/definition/definition.ts'
import { begin, sequence, task } from './begin.ts'

describe('compensation', () => {
  const undo = (id: string, input?: unknown) => ({
    compensate: { id: `${id}_undo`, type: 'TASK', task: 'undo', ...(input ? { input } : {}) },
  })

  it('undoes what had completed, the latest first, one at a time, and sees its output', () => {
    const driver = begin([
      task('hotel', undo('hotel', '${{ steps.hotel.output }}')),
      task('flight', undo('flight')),
      task('car', { after: ['hotel', 'flight'], onFailure: 'COMPENSATE' }),
    ])
    driver.complete('flight')
    driver.complete('hotel', 'room 7')
    driver.fail('car', 'NO_CAR')
    expect(driver.working).toEqual(['hotel_undo'])
    expect(driver.effects.at(-1)).toMatchObject({ input: 'room 7' })
    driver.fail('hotel_undo')
    expect(driver.working).toEqual(['flight_undo'])
    driver.complete('flight_undo')
    expect(driver.run).toMatchObject({ status: 'FAILED', error: { code: 'NO_CAR' } })
    expect(driver.statuses).toMatchObject({ hotel_undo: 'FAILED', flight_undo: 'COMPLETED' })
  })

  it('reaches into what had completed, and into what succeeded while it was being stopped', () => {
    const driver = begin([
      { id: 'm', type: 'MAP', items: [1, 2], steps: [task('t', undo('t'))] },
      task('late', undo('late')),
      task('bad', { after: ['m'], onFailure: 'COMPENSATE' }),
    ])
    driver.complete('m[1].t')
    driver.complete('m[0].t')
    driver.fail('bad')
    driver.complete('late')
    for (const path of ['late_undo', 'm[0].t_undo', 'm[1].t_undo']) {
      expect(driver.working).toEqual([path])
      driver.complete(path)
    }
    expect(driver.run.status).toBe('FAILED')
  })

  it('keeps to that order when everything comes in one call', () => {
    const driver = begin([
      task('a', undo('a')),
      task('b', undo('b')),
      task('c', undo('c')),
      task('d', { onFailure: 'COMPENSATE' }),
    ])
    const completed = ['b', 'a', 'c'].map((path) => driver.end(path, { status: 'COMPLETED', output: null }))
    driver.send(...completed, driver.end('d', { status: 'FAILED', error: { code: 'NO', message: 'No.' } }))
    for (const path of ['c_undo', 'a_undo', 'b_undo']) {
      expect(driver.working).toEqual([path])
      driver.complete(path)
    }
  })

  it('of an inner scope leaves the outer alone, and is not done twice', () => {
    const driver = begin([
      task('a', undo('a')),
      sequence('s', [task('b', undo('b')), task('c', { onFailure: 'COMPENSATE' })], {
        after: ['a'],
        onFailure: 'COMPENSATE',
      }),
    ])
    driver.complete('a')
    driver.complete('s.b')
    driver.fail('s.c')
    driver.complete('s.b_undo')
    expect(driver.working).toEqual(['a_undo'])
    driver.complete('a_undo')
    expect(driver.run.status).toBe('FAILED')
  })

  it('leaves alone what a retry has forgotten', () => {
    const join = { retry: { maxAttempts: 2, initial: '1s', jitter: 0 }, onFailure: 'COMPENSATE' }
    const steps = [task('a', undo('a')), task('b')]
    const driver = begin([{ id: 'p', type: 'PARALLEL', steps, ...join } as Step])
    driver.complete('p.a')
    driver.fail('p.b')
    driver.pass(1_000)
    driver.fail('p.a')
    driver.stopped('p.b')
    expect([driver.run.status, driver.status('p.a_undo')]).toEqual(['FAILED', undefined])
  })

  it('under way goes on when a scope around it fails', () => {
    const driver = begin([
      sequence('s', [task('a', undo('a')), task('b', { onFailure: 'COMPENSATE' })], { retry: { maxAttempts: 9 } }),
      task('c', { onFailure: 'COMPENSATE' }),
    ])
    driver.complete('s.a')
    driver.fail('s.b')
    driver.fail('c', 'FIRST')
    expect(driver.working).toEqual(['s.a_undo'])
    driver.complete('s.a_undo')
    expect(driver.run).toMatchObject({ status: 'FAILED', error: { code: 'FIRST' } })
    expect(driver.status('s')).toBe('FAILED')
  })

  it('ends with a cancel', () => {
    const driver = begin([task('a', undo('a')), task('b', { after: ['a'], onFailure: 'COMPENSATE' })])
    driver.complete('a')
    driver.fail('b')
    driver.send({ kind: 'cancel', reason: 'leave it' })
    driver.stopped('a_undo')
    expect(driver.run).toMatchObject({ status: 'CANCELLED', error: { message: 'leave it' } })
  })
})

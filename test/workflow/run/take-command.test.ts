import { describe, expect, it } from 'vitest'
import type { Step } from '../../../src/workflow/definition/definition.ts'
import { begin, sequence, task } from './begin.ts'
import { Driver } from './driver.ts'

describe('control of a run', () => {
  it('pause lets what runs end, and starts nothing; resume goes on', () => {
    const driver = begin([task('a'), task('b', { after: ['a'] })])
    driver.send({ kind: 'pause' })
    driver.complete('a')
    expect([driver.run.status, driver.working]).toEqual(['PAUSED', []])
    driver.send({ kind: 'resume' })
    expect([driver.run.status, driver.working]).toEqual(['RUNNING', ['b']])
  })

  it('cancel reaches everything, and ends when all has stopped', () => {
    const driver = begin([
      task('a'),
      sequence('s', [task('b')]),
      { id: 'w', type: 'WAIT', event: { key: 'k' } },
      task('c', { after: ['a'] }),
    ])
    driver.send({ kind: 'cancel', reason: null })
    driver.send({ kind: 'cancel', reason: 'again' })
    driver.stopped('a')
    expect(driver.run.status).toBe('RUNNING')
    driver.stopped('s.b')
    expect(driver.run).toMatchObject({ status: 'CANCELLED', error: null })
    expect(driver.statuses).toEqual({ a: 'CANCELLED', s: 'CANCELLED', 's.b': 'CANCELLED', w: 'CANCELLED' })
    expect(driver.outside.size).toBe(0)
  })

  it('a command that comes twice or too late changes nothing', () => {
    const driver = begin([task('a'), task('b', { after: ['a'] })])
    const end = driver.end('a', { status: 'COMPLETED', output: 1 })
    driver.send(end, end, { kind: 'start' })
    const { seq } = driver.run
    driver.send(end, { kind: 'resume' }, { kind: 'retry' })
    expect([driver.run.seq, driver.output('a'), driver.working]).toEqual([seq, 1, ['b']])
  })

  it('retry goes on from what failed or was stopped, and keeps what completed', () => {
    const driver = begin([
      task('a'),
      task('b', { after: ['a'] }),
      task('c', { after: ['b'] }),
      { id: 'm', type: 'MAP', items: [1, 2], steps: [task('t')] },
    ])
    driver.complete('a', 'kept')
    driver.complete('m[0].t', 'kept too')
    driver.fail('b')
    driver.stopped('m[1].t')
    expect(driver.run.status).toBe('FAILED')
    driver.send({ kind: 'retry' })
    expect(driver.run).toMatchObject({ status: 'RUNNING', attempt: 2, error: null })
    expect(driver.working.toSorted()).toEqual(['b', 'm[1].t'])
    for (const path of ['b', 'c', 'm[1].t']) driver.complete(path, path)
    expect(driver.run).toMatchObject({ status: 'COMPLETED', output: { c: 'c', m: ['kept too', 'm[1].t'] } })
    expect(driver.rows.get('b')!.attempt).toBe(2)
  })

  it('retry of what was compensated begins afresh', () => {
    const driver = begin([
      task('a', { compensate: { id: 'u', type: 'TASK', task: 'undo' } }),
      task('b', { after: ['a'], onFailure: 'COMPENSATE' }),
    ])
    driver.complete('a')
    driver.fail('b')
    driver.complete('u')
    driver.send({ kind: 'retry' })
    expect([driver.working, driver.statuses]).toEqual([['a'], { a: 'RUNNING' }])
  })

  it('retry keeps what succeeded while it was being stopped, and what holds it ends with that', () => {
    const held: Step[] = [
      sequence('s', [task('a')]),
      { id: 'm', type: 'MAP', items: [1], steps: [task('b')] },
      { id: 'p', type: 'PARALLEL', steps: [task('c')] },
      { id: 'q', type: 'PARALLEL', join: 'ANY', steps: [task('d'), { id: 'w', type: 'WAIT', duration: '1h' }] },
      { id: 'l', type: 'LOOP', until: 'true', maxIterations: 3, steps: [task('e')] },
    ]
    const driver = begin([...held, task('bad')])
    driver.fail('bad')
    for (const path of ['s.a', 'm[0].b', 'p.c', 'q.d', 'l[0].e']) driver.complete(path, path)
    expect(driver.run.status).toBe('FAILED')
    driver.send({ kind: 'retry' })
    expect(driver.working).toEqual(['bad'])
    driver.complete('bad')
    expect(driver.run.output).toEqual({
      s: 's.a',
      m: ['m[0].b'],
      p: { c: 'p.c' },
      q: { d: 'q.d' },
      l: 'l[0].e',
      bad: null,
    })
  })

  it('retry of what had nothing to be undone keeps what completed', () => {
    const driver = begin([task('a'), task('b', { after: ['a'], onFailure: 'COMPENSATE' })])
    driver.complete('a')
    driver.fail('b')
    driver.send({ kind: 'retry' })
    expect([driver.working, driver.status('a')]).toEqual([['b'], 'COMPLETED'])
  })

  it('a run that is cancelled before there was room for it ends', () => {
    const driver = new Driver({ name: 'w', steps: [task('a')] })
    driver.send({ kind: 'cancel', reason: 'not any more' }, { kind: 'start' })
    expect([driver.run.status, driver.statuses]).toEqual(['CANCELLED', {}])
  })
})

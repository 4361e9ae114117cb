import { describe, expect, it } from 'vitest'
import type { Step } from '../../../../src/workflow/definition/definition.ts'
import { asked, begin, task } from '../begin.ts'

describe('a CONDITION', () => {
  const steps: Step[] = [
    { id: 'big', type: 'CONDITION', if: 'input > 10.0', then: ['full'], else: ['quick'] },
    task('full'),
    task('audit', { after: ['full'] }),
    task('quick'),
    task('report', { after: ['audit', 'quick'] }),
  ]

  it('picks a path; the other is skipped with what hangs on it, and a step after both runs once', () => {
    const driver = begin(steps, 3)
    expect(driver.working).toEqual(['quick'])
    driver.complete('quick')
    expect(driver.statuses).toMatchObject({ big: 'COMPLETED', full: 'SKIPPED', audit: 'SKIPPED', report: 'RUNNING' })
    driver.complete('report')
    expect(driver.run.status).toBe('COMPLETED')
  })

  it('that names only one path leads on along its plain edges', () => {
    const driver = begin([
      { id: 'c', type: 'CONDITION', if: 'false', then: ['a'] },
      task('a'),
      task('b', { after: ['c'] }),
    ])
    expect(driver.working).toEqual(['b'])
    expect(driver.status('a')).toBe('SKIPPED')
  })

  it('runs a step that it did not choose and another step leads to', () => {
    const driver = begin([
      { id: 'c', type: 'CONDITION', if: 'true', then: ['a'], else: ['b'] },
      task('a'),
      task('b', { after: ['a'] }),
    ])
    driver.complete('a')
    expect(driver.working).toEqual(['b'])
  })
})

describe('a PARALLEL', () => {
  const three = [task('a'), task('b'), task('c')]
  const parallel = (more: object): Step => ({ id: 'p', type: 'PARALLEL', steps: three, ...more }) as Step

  it('completes with all, and gives their outputs by id', () => {
    const driver = begin([parallel({})])
    for (const id of ['b', 'a', 'c']) driver.complete(`p.${id}`, id)
    expect(driver.run).toMatchObject({ status: 'COMPLETED', output: { a: 'a', b: 'b', c: 'c' } })
  })

  it('fails with the first failure, once the others have stopped', () => {
    const driver = begin([parallel({})])
    driver.fail('p.b')
    expect(driver.status('p')).toBe('RUNNING')
    driver.stopped('p.a')
    driver.complete('p.c', 'just before it was stopped')
    expect(driver.statuses).toEqual({ p: 'FAILED', 'p.a': 'CANCELLED', 'p.b': 'FAILED', 'p.c': 'COMPLETED' })
  })

  it('with ANY completes with the first success, and stops the others', () => {
    const driver = begin([parallel({ join: 'ANY' })])
    driver.fail('p.a')
    driver.complete('p.b', 1)
    expect(driver.working).toEqual([])
    driver.stopped('p.c')
    expect(driver.run).toMatchObject({ status: 'COMPLETED', output: { b: 1 } })
  })

  it('with N of M fails when too few are left', () => {
    const driver = begin([parallel({ join: { atLeast: 2 } })])
    driver.fail('p.a')
    driver.fail('p.b', 'TASK_FAILED', 'No disk.')
    driver.stopped('p.c')
    expect(driver.run.error).toMatchObject({
      code: 'JOIN_OUT_OF_REACH',
      message: expect.stringContaining('b: No disk.'),
    })
  })

  it('starts no more at a time than it may', () => {
    const driver = begin([parallel({ maxParallel: 2 })])
    expect(driver.working).toEqual(['p.a', 'p.b'])
    driver.complete('p.b')
    expect(driver.working).toEqual(['p.a', 'p.c'])
  })

  it('without steps completes', () => {
    expect(begin([parallel({ steps: [] })]).run).toMatchObject({ status: 'COMPLETED', output: {} })
  })
})

describe('a SEQUENTIAL', () => {
  it('runs its steps in turn; one that is skipped passes the turn on', () => {
    const driver = begin([{ id: 's', type: 'SEQUENTIAL', steps: [task('a'), task('b', { when: 'false' }), task('c')] }])
    driver.complete('s.a')
    expect(driver.working).toEqual(['s.c'])
    driver.complete('s.c', 'last')
    expect(driver.run.output).toBe('last')
  })

  it('stops at the first failure', () => {
    const driver = begin([{ id: 's', type: 'SEQUENTIAL', steps: [task('a'), task('b')] }])
    driver.fail('s.a')
    expect(driver.statuses).toEqual({ s: 'FAILED', 's.a': 'FAILED' })
  })

  it('skips what a CONDITION in it did not choose, and goes on', () => {
    const condition: Step = { id: 'c', type: 'CONDITION', if: 'false', then: ['a'], else: ['b'] }
    const driver = begin([{ id: 's', type: 'SEQUENTIAL', steps: [condition, task('a'), task('b'), task('d')] }])
    expect(driver.working).toEqual(['s.b'])
    driver.complete('s.b')
    expect(driver.working).toEqual(['s.d'])
  })
})

describe('a LOOP', () => {
  const loop = (more: object): Step =>
    ({
      id: 'l',
      type: 'LOOP',
      steps: [task('t', { input: { index: '${{ index }}', previous: '${{ previous }}' } })],
      ...more,
    }) as Step

  it('runs so many times; each iteration sees its number and the output before', () => {
    const driver = begin([loop({ times: 'input' })], 2)
    expect(asked(driver, 'l[0].t')).toMatchObject({ input: { index: 0, previous: null } })
    driver.complete('l[0].t', 'first')
    expect(asked(driver, 'l[1].t')).toMatchObject({ input: { index: 1, previous: 'first' } })
    driver.complete('l[1].t', 'second')
    expect(driver.run).toMatchObject({ status: 'COMPLETED', output: 'second' })
  })

  it('runs while its condition holds, which is looked at before', () => {
    const driver = begin([loop({ while: 'previous == null || previous.more', maxIterations: 9 })])
    driver.complete('l[0].t', { more: true })
    driver.complete('l[1].t', { more: false })
    expect(driver.run).toMatchObject({ status: 'COMPLETED', output: { more: false } })
    expect(begin([loop({ while: 'false', maxIterations: 9 })]).run).toMatchObject({ status: 'COMPLETED', output: null })
  })

  it('runs until its condition holds, which sees its steps', () => {
    const driver = begin([loop({ until: 'steps.t.output.done', maxIterations: 9 })])
    driver.complete('l[0].t', { done: false })
    driver.complete('l[1].t', { done: true })
    expect(driver.run.status).toBe('COMPLETED')
  })

  it('that would go on past its bound fails', () => {
    const driver = begin([loop({ until: 'false', maxIterations: 1 })])
    driver.complete('l[0].t')
    expect(driver.run.error?.code).toBe('LOOP_LIMIT')
  })

  it('fails with an iteration', () => {
    const driver = begin([loop({ times: 3 })])
    driver.fail('l[0].t')
    expect(driver.statuses).toEqual({ l: 'FAILED', 'l[0]': 'FAILED', 'l[0].t': 'FAILED' })
  })

  it('of iterations that end at once ends, in more calls than one', () => {
    const driver = begin([loop({ times: 5_000, steps: [{ id: 'c', type: 'CONDITION', if: 'index > 4000' }] })])
    expect(driver.run).toMatchObject({ status: 'COMPLETED', output: true })
  })

  it('whose number of times is none fails', () => {
    expect(begin([loop({ times: 'input' })], 1.5).run.error?.code).toBe('INVALID_TIMES')
  })
})

describe('a MAP', () => {
  const map = (more: object): Step =>
    ({ id: 'm', type: 'MAP', items: 'input', steps: [task('t', { input: '${{ item }}' })], ...more }) as Step

  it('gives the outputs in the order of the elements, whatever ends first', () => {
    const driver = begin([map({ maxParallel: 2 })], ['x', null, 'z'])
    expect(driver.working).toEqual(['m[0].t', 'm[1].t'])
    expect(asked(driver, 'm[1].t')).toMatchObject({ input: null })
    driver.complete('m[1].t', 'second')
    expect(asked(driver, 'm[2].t')).toMatchObject({ input: 'z' })
    driver.complete('m[2].t', 'third')
    driver.complete('m[0].t', 'first')
    expect(driver.run.output).toEqual(['first', 'second', 'third'])
  })

  it('tolerates so many failures, whose output is null', () => {
    const driver = begin([map({ tolerateFailures: 1 })], [1, 2, 3])
    driver.fail('m[1].t')
    driver.complete('m[0].t', 'a')
    driver.complete('m[2].t', 'c')
    expect(driver.run).toMatchObject({ status: 'COMPLETED', output: ['a', null, 'c'] })
  })

  it('fails with one more, and stops the rest', () => {
    const driver = begin([map({ tolerateFailures: 1 })], [1, 2, 3, 4])
    driver.fail('m[1].t')
    driver.fail('m[0].t')
    expect(driver.working).toEqual([])
    driver.stopped('m[2].t')
    driver.stopped('m[3].t')
    expect(driver.run).toMatchObject({ status: 'FAILED', error: { code: 'TASK_FAILED' } })
  })

  it('has as many under way as the run may have, where it says nothing', () => {
    expect(begin([map({})], Array(30).fill(0)).working).toHaveLength(10)
  })

  it('of an empty list completes; of what is no list fails', () => {
    expect(begin([map({})], []).run).toMatchObject({ status: 'COMPLETED', output: [] })
    expect(begin([map({})], 'x').run.error?.code).toBe('NOT_A_LIST')
  })

  it('in a MAP sees its own element, and that of the outer one by a step of it', () => {
    const inner = {
      id: 'n',
      type: 'MAP',
      items: 'item',
      steps: [task('t', { input: { index: '${{ index }}', item: '${{ item }}' } })],
    }
    const driver = begin([map({ steps: [inner] })], [[1], [2, 3]])
    expect(asked(driver, 'm[1].n[1].t')).toMatchObject({ input: { index: 1, item: 3 } })
    for (const path of driver.working) driver.complete(path, path)
    expect(driver.run.output).toEqual([['m[0].n[0].t'], ['m[1].n[0].t', 'm[1].n[1].t']])
  })
})

import { describe, expect, it } from 'vitest'
import type { Step } from '../../../src/workflow/definition/definition.ts'
import { Driver } from './driver.ts'

const task = (id: string, more: object = {}): Step => ({ id, type: 'TASK', task: 'work', ...more }) as Step

/** a → b → c, and d by itself. */
const steps = [
  task('a'),
  task('b', { after: ['a'], input: { got: '${{ steps.a.output }}', by: '${{ input.by }}' } }),
  task('c', { after: ['b'] }),
  task('d'),
]

function ended(): Driver {
  const driver = new Driver({ name: 'w', steps }, { input: { by: 'ann' } }).start()
  for (const id of ['a', 'b', 'c', 'd']) driver.complete(id, `${id} of the first`)
  return driver
}

describe('a fork', () => {
  it('reuses what came before, and runs the step and what comes after it again, with the new input', () => {
    const { driver, outcome } = ended().fork('b', { by: 'bob' })
    expect(outcome).toMatchObject({ kind: 'forked', reused: ['a', 'd'], again: ['b', 'c'] })
    driver.send({ kind: 'start' })
    expect([...driver.outside.values()].map(({ effect }) => effect)).toMatchObject([
      { path: 'b', input: { got: 'a of the first', by: 'bob' } },
    ])
    driver.complete('b', 1)
    driver.complete('c', 2)
    expect(driver.run).toMatchObject({ status: 'COMPLETED', output: { c: 2, d: 'd of the first' } })
  })

  it('of a run that was compensated begins afresh, for nothing of it is left', () => {
    const undone = task('a', { compensate: { id: 'u', type: 'TASK', task: 'undo' } })
    const driver = new Driver({
      name: 'w',
      steps: [undone, task('b', { after: ['a'], onFailure: 'COMPENSATE' })],
    }).start()
    driver.complete('a')
    driver.fail('b')
    driver.complete('u')
    const { driver: forked, outcome } = driver.fork('b')
    expect(outcome).toMatchObject({ reused: [], again: ['a', 'b', 'u'] })
    forked.send({ kind: 'start' })
    expect(forked.working).toEqual(['a'])
  })

  it('of a run that has not ended is refused', () => {
    const driver = new Driver({ name: 'w', steps }).start()
    expect(driver.fork('a').outcome).toEqual({ kind: 'refused', code: 'RUN_NOT_ENDED' })
  })

  it('from a step that was not reached is refused', () => {
    const driver = new Driver({ name: 'w', steps }).start()
    driver.fail('a')
    driver.stopped('d')
    expect(driver.fork('b').outcome).toEqual({ kind: 'refused', code: 'STEP_NOT_REACHED' })
  })

  it('from one iteration of a MAP keeps the others', () => {
    const each: Step = {
      id: 'each',
      type: 'MAP',
      items: ['x', 'y', 'z'],
      steps: [task('t', { input: '${{ item }}' }), task('u', { after: ['t'] })],
    }
    const driver = new Driver({ name: 'w', steps: [each, task('end', { after: ['each'] })] }).start()
    for (const id of ['t', 'u']) for (const at of [0, 1, 2]) driver.complete(`each[${at}].${id}`, `${id}${at}`)
    driver.complete('end')
    const { driver: forked, outcome } = driver.fork('each[1]')
    expect(outcome).toMatchObject({ reused: ['each[0]', 'each[2]'], again: ['each[1]', 'end'] })
    forked.send({ kind: 'start' })
    expect([...forked.outside.values()].map(({ effect }) => effect)).toMatchObject([{ path: 'each[1].t', input: 'y' }])
    forked.complete('each[1].t', 'new')
    forked.complete('each[1].u', 'newer')
    expect(forked.output('each')).toEqual(['u0', 'newer', 'u2'])
  })

  it('from an iteration of a LOOP drops those after it', () => {
    const loop: Step = {
      id: 'loop',
      type: 'LOOP',
      times: 3,
      steps: [task('t', { input: '${{ previous }}' }), task('u', { after: ['t'] })],
    }
    const driver = new Driver({ name: 'w', steps: [loop] }).start()
    for (const at of [0, 1, 2]) for (const id of ['t', 'u']) driver.complete(`loop[${at}].${id}`, `${id}${at}`)
    const { driver: forked, outcome } = driver.fork('loop[1].u')
    expect(outcome).toMatchObject({ reused: ['loop[0]', 'loop[1].t'], again: ['loop[2]', 'loop[1].u'] })
    forked.send({ kind: 'start' })
    expect(forked.working).toEqual(['loop[1].u'])
    forked.complete('loop[1].u', 'new')
    expect([...forked.outside.values()].map(({ effect }) => effect)).toMatchObject([
      { path: 'loop[2].t', input: 'new' },
    ])
  })
})

import { describe, expect, it } from 'vitest'
import type { Step } from '../../../src/workflow/definition/definition.ts'
import { task } from './begin.ts'
import { Driver } from './driver.ts'

const fan = (count: number, more: (place: number) => object = () => ({})): Step[] =>
  Array.from({ length: count }, (_, place) => task(`s${place}`, more(place)))

/** A run of which each call is given one step of each queue. */
function beginScarce(steps: readonly Step[], maxParallelSteps: number): Driver {
  return new Driver({ name: 'w', steps, limits: { maxParallelSteps } }, { mostTurns: 1 }).start()
}

/** Lets all that works succeed, the oldest first, until nothing does. @returns paths of tasks in the order in which they were made */
function finish(driver: Driver): string[] {
  for (let next = driver.working[0]; next !== undefined; next = driver.working[0]) driver.complete(next)
  return driver.effects.flatMap((effect) => (effect.kind === 'createTask' ? [effect.path] : []))
}

const turnsOf = (driver: Driver) => [...driver.openRows.values()].filter(({ turn }) => turn !== null)

describe('steps that wait for room in a run', () => {
  it('start in the order of the definition, however few of them a call is given', () => {
    const driver = beginScarce(fan(30), 3)
    expect(turnsOf(driver)).toHaveLength(27)
    expect(finish(driver)).toEqual(fan(30).map(({ id }) => id))
    expect(driver.run.status).toBe('COMPLETED')
  })

  it('are passed by no later one when those before them are skipped', () => {
    const steps = fan(30, (place) => (place % 3 === 0 ? {} : { when: 'false' }))
    const driver = beginScarce([task('first'), ...steps, task('last')], 1)
    const kept = steps.filter((_, place) => place % 3 === 0).map(({ id }) => id)
    expect(finish(driver)).toEqual(['first', ...kept, 'last'])
  })

  it('hold up nothing that takes no room', () => {
    const waits = fan(3).map(({ id }): Step => ({ id: `${id}_wait`, type: 'WAIT', event: { key: id } }))
    const driver = beginScarce([...fan(20), ...waits], 2)
    expect(waits.map(({ id }) => driver.status(id))).toEqual(['WAITING', 'WAITING', 'WAITING'])
  })

  it('hold up none of another container that has room', () => {
    const parallel = (id: string): Step => ({
      id,
      type: 'PARALLEL',
      maxParallel: 1,
      steps: fan(10).map((step) => ({ ...step, id: `${id}_${step.id}` })),
    })
    const driver = beginScarce([parallel('a'), parallel('b')], 2)
    expect(driver.working).toEqual(['a.a_s0', 'b.b_s0'])
    finish(driver)
    expect(driver.run.status).toBe('COMPLETED')
  })

  it('are gone, all of them, when their run is cancelled', () => {
    const driver = beginScarce(fan(30), 3)
    driver.send({ kind: 'cancel', reason: null })
    expect(turnsOf(driver)).toEqual([])
    for (const path of ['s0', 's1', 's2']) driver.stopped(path)
    expect([driver.run.status, driver.openRows.size, driver.rows.size]).toEqual(['CANCELLED', 0, 3])
  })

  it('are gone when enough of their PARALLEL have succeeded, and come again when it is tried again', () => {
    const parallel: Step = { id: 'p', type: 'PARALLEL', join: { atLeast: 5 }, retry: { maxAttempts: 2 }, steps: fan(8) }
    const driver = beginScarce([parallel], 2)
    for (const path of ['p.s0', 'p.s1', 'p.s2', 'p.s3']) driver.fail(path)
    expect(turnsOf(driver)).toEqual([])
    driver.stopped('p.s4')
    expect(driver.status('p')).toBe('WAITING')
    driver.pass(60_000)
    finish(driver)
    driver.stopped('p.s5')
    expect([driver.run.status, driver.openRows.size]).toEqual(['COMPLETED', 0])
  })
})

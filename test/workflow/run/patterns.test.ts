import { describe, expect, it } from 'vitest'
import type { Step } from '../../../src/workflow/definition/definition.ts'
import { begin, task } from './begin.ts'
import type { Driver } from './driver.ts'

/**
 * The twenty basic and advanced control-flow patterns of the Workflow Patterns Initiative, by their numbers there.
 *
 * @see http://www.workflowpatterns.com/patterns/control/
 */
interface Pattern {
  readonly number: number
  readonly name: string
  readonly steps: readonly Step[]
  readonly input?: null | Record<string, never[] | number | boolean | string[]>
  /** What shows it: a run that has started. */
  readonly shows: (driver: Driver) => void
}

const condition = (id: string, holds: string, then: string[], otherwise: string[] = []): Step => ({
  id,
  type: 'CONDITION',
  if: holds,
  then,
  else: otherwise,
})

const event = (id: string, key: string, more: object = {}): Step =>
  ({ id, type: 'WAIT', event: { key }, ...more }) as Step

const happens = (driver: Driver, path: string, payload = {}) =>
  driver.send({ kind: 'event', path, id: driver.awaitedAt(path), event: payload })

const PATTERNS: readonly Pattern[] = [
  {
    number: 1,
    name: 'sequence',
    steps: [task('a'), task('b', { after: ['a'] })],
    shows(driver) {
      expect(driver.working).toEqual(['a'])
      driver.complete('a')
      expect(driver.working).toEqual(['b'])
      driver.complete('b')
    },
  },
  {
    number: 2,
    name: 'parallel split',
    steps: [task('a'), task('b', { after: ['a'] }), task('c', { after: ['a'] })],
    shows(driver) {
      driver.complete('a')
      expect(driver.working).toEqual(['b', 'c'])
      driver.complete('b')
      driver.complete('c')
    },
  },
  {
    number: 3,
    name: 'synchronisation',
    steps: [task('a'), task('b'), task('c', { after: ['a', 'b'] })],
    shows(driver) {
      driver.complete('b')
      expect(driver.working).toEqual(['a'])
      driver.complete('a')
      expect(driver.working).toEqual(['c'])
      driver.complete('c')
    },
  },
  {
    number: 4,
    name: 'exclusive choice',
    steps: [condition('choice', 'input.ok', ['a'], ['b']), task('a'), task('b')],
    input: { ok: false },
    shows(driver) {
      expect([driver.working, driver.status('a')]).toEqual([['b'], 'SKIPPED'])
      driver.complete('b')
    },
  },
  {
    number: 5,
    name: 'simple merge',
    steps: [condition('choice', 'input.ok', ['a'], ['b']), task('a'), task('b'), task('merge', { after: ['a', 'b'] })],
    input: { ok: true },
    shows(driver) {
      driver.complete('a')
      expect(driver.working).toEqual(['merge'])
      driver.complete('merge')
    },
  },
  {
    number: 6,
    name: 'multi-choice',
    steps: [
      task('a', { when: 'input.n > 1.0' }),
      task('b', { when: 'input.n > 2.0' }),
      task('c', { when: 'input.n > 3.0' }),
    ],
    input: { n: 3 },
    shows(driver) {
      expect([driver.working, driver.status('c')]).toEqual([['a', 'b'], 'SKIPPED'])
      driver.complete('a')
      driver.complete('b')
    },
  },
  {
    number: 7,
    name: 'structured synchronising merge',
    steps: [
      task('a', { when: 'input.n > 1.0' }),
      task('b', { when: 'input.n > 2.0' }),
      task('c', { when: 'input.n > 3.0' }),
      task('merge', { after: ['a', 'b', 'c'] }),
    ],
    input: { n: 3 },
    shows(driver) {
      driver.complete('a')
      expect(driver.working).toEqual(['b'])
      driver.complete('b')
      expect(driver.working).toEqual(['merge'])
      driver.complete('merge')
    },
  },
  {
    number: 9,
    name: 'structured discriminator',
    steps: [
      { id: 'race', type: 'PARALLEL', join: 'ANY', steps: [task('a'), task('b')] },
      task('next', { after: ['race'] }),
    ],
    shows(driver) {
      driver.complete('race.b')
      driver.stopped('race.a')
      expect(driver.working).toEqual(['next'])
      driver.complete('next')
      expect(driver.events.filter((one) => one.kind === 'StepStarted' && one.path === 'next')).toHaveLength(1)
    },
  },
  {
    number: 10,
    name: 'arbitrary cycles, as a LOOP with a CONDITION in it',
    steps: [
      {
        id: 'cycle',
        type: 'LOOP',
        until: 'steps.check.output.good',
        maxIterations: 5,
        steps: [
          condition('first', 'index == 0', ['draft'], ['revise']),
          task('draft'),
          task('revise'),
          task('check', { after: ['draft', 'revise'] }),
        ],
      },
    ],
    shows(driver) {
      driver.complete('cycle[0].draft')
      driver.complete('cycle[0].check', { good: false })
      expect(driver.working).toEqual(['cycle[1].revise'])
      driver.complete('cycle[1].revise')
      driver.complete('cycle[1].check', { good: true })
    },
  },
  {
    number: 11,
    name: 'implicit termination',
    steps: [task('a'), task('b'), task('c', { after: ['a'] })],
    shows(driver) {
      driver.complete('a')
      driver.complete('c')
      expect(driver.run.status).toBe('RUNNING')
      driver.complete('b')
    },
  },
  {
    number: 13,
    name: 'multiple instances with a priori design-time knowledge',
    steps: [{ id: 'each', type: 'MAP', items: [1, 2, 3], steps: [task('t')] }, task('next', { after: ['each'] })],
    shows(driver) {
      expect(driver.working).toEqual(['each[0].t', 'each[1].t', 'each[2].t'])
      for (const path of driver.working) driver.complete(path)
      driver.complete('next')
    },
  },
  {
    number: 14,
    name: 'multiple instances with a priori run-time knowledge',
    steps: [task('list'), { id: 'each', type: 'MAP', after: ['list'], items: 'steps.list.output', steps: [task('t')] }],
    shows(driver) {
      driver.complete('list', ['x', 'y'])
      expect(driver.working).toEqual(['each[0].t', 'each[1].t'])
      for (const path of driver.working) driver.complete(path)
    },
  },
  {
    number: 15,
    name: 'multiple instances without a priori knowledge, one after the other, or in rounds of a MAP',
    steps: [
      {
        id: 'rounds',
        type: 'LOOP',
        until: 'size(steps.more.output) == 0',
        maxIterations: 100,
        steps: [
          { id: 'each', type: 'MAP', items: 'previous == null ? input.first : previous', steps: [task('t')] },
          task('more', { after: ['each'] }),
        ],
      },
    ],
    input: { first: ['x'] },
    shows(driver) {
      driver.complete('rounds[0].each[0].t')
      driver.complete('rounds[0].more', ['y', 'z'])
      expect(driver.working).toEqual(['rounds[1].each[0].t', 'rounds[1].each[1].t'])
      for (const path of driver.working) driver.complete(path)
      driver.complete('rounds[1].more', [])
    },
  },
  {
    number: 16,
    name: 'deferred choice',
    steps: [
      { id: 'choice', type: 'PARALLEL', join: 'ANY', steps: [event('paid', 'paid'), event('withdrawn', 'withdrawn')] },
      task('ship', { after: ['choice'], when: 'has(steps.choice.output.paid)' }),
      task('close', { after: ['choice'], when: 'has(steps.choice.output.withdrawn)' }),
    ],
    shows(driver) {
      happens(driver, 'choice.paid')
      expect([driver.status('choice.withdrawn'), driver.working]).toEqual(['CANCELLED', ['ship']])
      driver.complete('ship')
    },
  },
  {
    number: 17,
    name: 'interleaved parallel routing of single steps',
    steps: [{ id: 'any', type: 'PARALLEL', maxParallel: 1, steps: [task('a'), task('b')] }],
    shows(driver) {
      expect(driver.working).toEqual(['any.a'])
      driver.complete('any.a')
      expect(driver.working).toEqual(['any.b'])
      driver.complete('any.b')
    },
  },
  {
    number: 18,
    name: 'milestone, as a guard at the moment of the start',
    steps: [
      task('open'),
      event('deadline', 'deadline', { after: ['open'] }),
      event('asked', 'asked', { after: ['open'] }),
      task('change', { after: ['asked'], when: "steps.deadline.status != 'COMPLETED'" }),
    ],
    shows(driver) {
      driver.complete('open')
      happens(driver, 'deadline')
      happens(driver, 'asked')
      expect(driver.status('change')).toBe('SKIPPED')
    },
  },
  {
    number: 19,
    name: 'cancel task',
    steps: [
      { id: 'either', type: 'PARALLEL', join: 'ANY', steps: [task('work'), event('stop', 'stop')] },
      task('next', { after: ['either'] }),
    ],
    shows(driver) {
      happens(driver, 'either.stop')
      driver.stopped('either.work')
      expect([driver.status('either.work'), driver.working]).toEqual(['CANCELLED', ['next']])
      driver.complete('next')
    },
  },
  {
    number: 20,
    name: 'cancel case',
    steps: [task('a'), { id: 's', type: 'SEQUENTIAL', steps: [task('b')] }],
    shows(driver) {
      driver.send({ kind: 'cancel', reason: null })
      driver.stopped('a')
      driver.stopped('s.b')
    },
  },
]

/** Patterns that a definition cannot express, and why. */
const NOT_EXPRESSED: readonly { readonly number: number; readonly name: string; readonly why: string }[] = [
  {
    number: 8,
    name: 'multi-merge',
    why: 'A step runs once in its scope, so that its path names one run and its output is one value. What has to run once per branch stands in each branch, or in a MAP or SUBWORKFLOW.',
  },
  {
    number: 12,
    name: 'multiple instances without synchronisation',
    why: 'A MAP ends when all its iterations have, so that nothing of a run is left behind when it ends. Steps that need not wait stand beside it; work that is to outlive the run is a task or run of its own.',
  },
]

describe('control-flow patterns', () => {
  it.each(PATTERNS)('$number, $name', ({ number, steps, input = null, shows }) => {
    const driver = begin(steps, input)
    shows(driver)
    expect(driver.run.status).toBe(number === 20 ? 'CANCELLED' : 'COMPLETED')
    expect(driver.outside.size).toBe(0)
  })

  it('are the twenty, each expressed or with the reason why not', () => {
    const numbers = [...PATTERNS, ...NOT_EXPRESSED].map(({ number }) => number).sort((a, b) => a - b)
    expect(numbers).toEqual(Array.from({ length: 20 }, (_, place) => place + 1))
    for (const { why } of NOT_EXPRESSED) expect(why.length).toBeGreaterThan(40)
  })
})

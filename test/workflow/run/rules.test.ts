import { describe, expect, it } from 'vitest'
import type { Step } from '../../../src/workflow/definition/definition.ts'
import { begin, task } from './begin.ts'
import { Driver } from './driver.ts'

const sequence = (id: string, steps: Step[], more: object = {}): Step =>
  ({ id, type: 'SEQUENTIAL', steps, ...more }) as Step

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

describe('input and output of a run', () => {
  it('an input that does not fit fails it before anything starts', () => {
    const driver = begin([task('a')], { n: 'x' }, { input: { type: 'object', properties: { n: { type: 'number' } } } })
    expect(driver.run).toMatchObject({
      status: 'FAILED',
      error: { code: 'INPUT_INVALID', message: "The run's input.n must be number." },
    })
    expect(driver.statuses).toEqual({})
  })

  it('`result` makes the output, which has to fit', () => {
    const more = { result: { got: '${{ steps.a.output }}', of: '${{ run.workflow }}' }, context: { k: 1 } }
    const driver = begin([task('a')], null, more)
    driver.complete('a', 5)
    expect(driver.run.output).toEqual({ got: 5, of: 'w' })
    const misfit = begin([task('a')], null, { output: { type: 'string' } })
    misfit.complete('a', 5)
    expect(misfit.run).toMatchObject({ status: 'FAILED', error: { code: 'OUTPUT_INVALID' } })
  })

  it('of several last steps the output is an object by their ids', () => {
    const driver = begin([task('a'), task('b', { onFailure: 'CONTINUE' }), task('c', { when: 'false' })])
    driver.complete('a', 1)
    driver.fail('b')
    expect(driver.run.output).toEqual({ a: 1 })
  })
})

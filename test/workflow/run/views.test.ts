import { describe, expect, it } from 'vitest'
import type { JsonValue } from '../../../src/task/json.ts'
import { createSchemaCheck } from '../../../src/task/schema-check.ts'
import type { Step } from '../../../src/workflow/definition/definition.ts'
import { criticalPath } from '../../../src/workflow/run/critical-path.ts'
import { refusalOfDecision } from '../../../src/workflow/run/decision.ts'
import { explainRun } from '../../../src/workflow/run/explain-run.ts'
import { newRun } from '../../../src/workflow/run/new-run.ts'
import { runGraph } from '../../../src/workflow/run/run-graph.ts'
import { timelineOf } from '../../../src/workflow/run/timeline.ts'
import { begin, task } from './begin.ts'
import type { Driver } from './driver.ts'

const explained = (driver: Driver) => explainRun(driver.plan, { run: driver.run, steps: driver.openRows })

describe('why a run waits', () => {
  it('is told for all that is open', () => {
    const steps: Step[] = [
      task('a'),
      { id: 'child', type: 'SUBWORKFLOW', workflow: 'x' },
      task('full'),
      { id: 'until', type: 'WAIT', duration: '1h' },
      { id: 'event', type: 'WAIT', event: { key: 'k' }, timeout: '2h' },
      { id: 'ok', type: 'APPROVAL', message: '?', approvers: { principals: ['ann'] } },
      {
        id: 'p',
        type: 'PARALLEL',
        maxParallel: 1,
        steps: [
          { id: 'w1', type: 'WAIT', duration: '1h' },
          { id: 'w2', type: 'WAIT', duration: '1h' },
        ],
      },
      { id: 'm', type: 'MAP', items: [1, 2, 3], maxParallel: 1, steps: [{ id: 'w3', type: 'WAIT', duration: '1h' }] },
      task('join', { after: ['a', 'until', 'gone'] }),
      task('gone', { when: 'false' }),
    ]
    const driver = begin(steps, null, { limits: { maxParallelSteps: 2 } })
    expect(explained(driver).map((why) => ('path' in why ? `${why.path} ${why.kind}` : why.kind))).toEqual([
      'a TASK',
      'child CHILD_RUN',
      'full RUN_LIMIT',
      'until TIME',
      'event EVENT',
      'ok APPROVAL',
      'p.w1 TIME',
      'p.w2 HOLDER_LIMIT',
      'm ELEMENTS',
      'm[0].w3 TIME',
      'gone RUN_LIMIT',
    ])
    driver.complete('a')
    driver.send({ kind: 'pause' })
    const whys = explained(driver)
    expect(whys[0]).toEqual({ kind: 'PAUSE' })
    expect(whys).toContainEqual({ kind: 'STEPS', path: 'join', after: ['until', 'gone'] })
    expect(whys).toContainEqual({ kind: 'EVENT', path: 'event', key: 'k', until: new Date('2030-01-01T02:00:00Z') })
  })

  it('is told of what was told to stop, and of retries', () => {
    const driver = begin([task('a'), { id: 'h', type: 'CUSTOM', handler: 'h', retry: { initial: '1m', jitter: 0 } }])
    driver.fail('h')
    expect(explained(driver)).toContainEqual(expect.objectContaining({ kind: 'RETRY', path: 'h', attempt: 1 }))
    driver.send({ kind: 'cancel', reason: null })
    expect(explained(driver)).toMatchObject([{ kind: 'STOP', path: 'a' }])
    driver.stopped('a')
    expect(explained(driver)).toEqual([])
  })

  it('is room, before it has started', () => {
    const { plan } = begin([task('a')])
    const run = newRun({ id: '1', workflow: 'w', version: 1 })
    expect(explainRun(plan, { run, steps: new Map() })).toEqual([{ kind: 'ROOM' }])
  })
})

describe('the graph of a run', () => {
  it('has its nodes, nested, with their status, and its edges', () => {
    const driver = begin([
      { id: 'c', type: 'CONDITION', if: 'true', then: ['m'], else: ['b'] },
      { id: 'm', type: 'MAP', items: [1, 2], steps: [task('t'), task('u', { after: ['t'] })] },
      task('b'),
      task('z', { after: ['m', 'b'] }),
    ])
    driver.complete('m[0].t')
    const { nodes, edges } = runGraph(driver.plan, driver.run, driver.rows)
    expect(nodes.map(({ id, inside, status }) => `${id} in ${inside}: ${status}`)).toEqual([
      'c in null: COMPLETED',
      'm in null: RUNNING',
      'm[0] in m: RUNNING',
      'm[0].t in m[0]: COMPLETED',
      'm[0].u in m[0]: RUNNING',
      'm[1] in m: RUNNING',
      'm[1].t in m[1]: RUNNING',
      'm[1].u in m[1]: PENDING',
      'b in null: SKIPPED',
      'z in null: PENDING',
    ])
    expect(edges).toContainEqual({ from: 'c', to: 'b', kind: 'ELSE' })
    expect(edges).toContainEqual({ from: 'm[1].t', to: 'm[1].u', kind: 'AFTER' })
    expect(nodes[1]!.iterations).toEqual({ total: 2, begun: 2, ended: 0, failed: 0 })
  })

  it('draws what a LOOP or MAP holds once, where no iteration is given, and what was never reached as stopped', () => {
    const driver = begin([task('a'), { id: 'm', type: 'MAP', after: ['a'], items: [1], steps: [task('t')] }])
    driver.fail('a')
    const { nodes } = runGraph(driver.plan, driver.run, driver.rows)
    expect(nodes.map(({ id, inside, status }) => `${id} in ${inside}: ${status}`)).toEqual([
      'a in null: FAILED',
      'm in null: CANCELLED',
      'm[].t in m: CANCELLED',
    ])
  })
})

describe('times of a run', () => {
  /** a (10 s), then b (5 s) beside a LOOP of two times c (10 s), then d (1 s). */
  function timed(): Driver {
    const driver = begin([
      task('a'),
      task('b', { after: ['a'] }),
      { id: 'l', type: 'LOOP', times: 2, after: ['a'], steps: [task('c')] },
      task('d', { after: ['b', 'l'] }),
    ])
    const ends: [number, string][] = [
      [10, 'a'],
      [5, 'b'],
      [5, 'l[0].c'],
      [10, 'l[1].c'],
      [1, 'd'],
    ]
    for (const [seconds, path] of ends) {
      driver.pass(seconds * 1_000)
      driver.complete(path)
    }
    return driver
  }

  it('the critical path is the chain that decided how long it took', () => {
    const { plan, run, rows, now } = timed()
    expect(criticalPath(plan, run, { rows, now })).toEqual({
      steps: [
        { path: 'a', durationMs: 10_000 },
        { path: 'l[0].c', durationMs: 10_000 },
        { path: 'l[1].c', durationMs: 10_000 },
        { path: 'd', durationMs: 1_000 },
      ],
      lengthMs: 31_000,
      wallMs: 31_000,
      workMs: 36_000,
    })
  })

  it('the timeline has a bar for each step that started', () => {
    const bars = timelineOf(timed().rows.values())
    expect(bars.map(({ path, depth }) => `${depth} ${path}`)).toEqual([
      '0 a',
      '0 b',
      '0 l',
      '1 l[0]',
      '2 l[0].c',
      '1 l[1]',
      '2 l[1].c',
      '0 d',
    ])
  })
})

describe('a decision', () => {
  const form = { type: 'object', required: ['why'] }
  const approvers = { principals: ['ann', 'bob'], role: 'ADMIN' } as const
  const driver = begin([{ id: 'a', type: 'APPROVAL', message: '?', approvers, need: 2, form }])
  const schemas = createSchemaCheck()
  const refusal = (by: string, hasRole = false, given: JsonValue = { why: 'so' }) =>
    refusalOfDecision({ plan: driver.plan, schemas }, driver.rows.get('a')!, {
      approved: true,
      by,
      form: given,
      hasRole: () => hasRole,
    })?.code

  it('is taken of approvers, once each, while it is awaited', () => {
    expect([refusal('ann'), refusal('eve'), refusal('eve', true)]).toEqual([undefined, 'NOT_AN_APPROVER', undefined])
    expect(refusal('ann', false, {})).toBe('FORM_INVALID')
    driver.decide('a', 'ann')
    expect(refusal('ann')).toBe('ALREADY_DECIDED')
    driver.decide('a', 'bob')
    expect(refusal('eve', true)).toBe('NOT_AWAITED')
  })
})

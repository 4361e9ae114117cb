import { describe, expect, test } from 'vitest'
import { sendEvent } from '../../src/engine/send-event.ts'
import { ACTOR } from '../support/engine.ts'
import { graphFixture } from '../support/graph-fixture.ts'
import { flow, graphRuns, task } from '../support/graph-runs.ts'

const { graph } = await graphFixture()
const runs = await graphRuns(graph)

describe('a run in the graph', () => {
  test('shows its error, and that of the step, with the expression and the place in it', async () => {
    await runs.define(flow('broken', [task('a', { input: { n: '${{ input.gone.deep }}' } as never })]))
    const id = await runs.execute('broken')
    const run = await runs.read(
      id,
      'status error { code message expression { text line column } } step(path: "a") { status error { code } task { id } }',
    )
    expect(run).toMatchObject({
      status: 'FAILED',
      error: { code: 'EXPRESSION', expression: { text: expect.stringContaining('input.gone.deep') } },
      step: { status: 'FAILED', error: { code: 'EXPRESSION' }, task: null },
    })
  })

  test('says what it waits for: a time, an event', async () => {
    await runs.define(
      flow('waits', [
        { id: 'nap', type: 'WAIT', duration: '1h' },
        { id: 'heard', type: 'WAIT', event: { key: 'go ${{ run.id }}' }, timeout: '2h' },
      ]),
    )
    const id = await runs.execute('waits')
    const run = await runs.read(
      id,
      `status nextTransitionAt blockedBy { kind path until eventKey message } progress { waiting }
       nap: step(path: "nap") { status waitsUntil } heard: step(path: "heard") { waitsForEvent timeoutAt }`,
    )
    expect(run).toMatchObject({
      status: 'WAITING',
      nextTransitionAt: run.nap.waitsUntil,
      progress: { waiting: 2 },
      blockedBy: [
        { kind: 'TIME', path: 'nap', until: run.nap.waitsUntil },
        { kind: 'EVENT', path: 'heard', until: run.heard.timeoutAt, eventKey: run.heard.waitsForEvent },
      ],
    })
    await sendEvent(graph.engine, ACTOR, { key: run.heard.waitsForEvent, payload: { n: 1 } })
    await runs.settle()
    expect(await runs.read(id, 'step(path: "heard") { status output }')).toEqual({
      step: { status: 'COMPLETED', output: { n: 1 } },
    })
  })

  test('is drawn as nodes and edges with where they stand, its critical path and timeline', async () => {
    await runs.define(
      flow('drawn', [
        task('a'),
        { id: 'if', type: 'CONDITION', after: ['a'], if: 'steps.a.output > 1.0', then: ['yes'], else: ['no'] },
        task('yes'),
        task('no'),
        { id: 'each', type: 'MAP', after: ['yes', 'no'], items: '[1.0, 2.0, 3.0]', steps: [task('one')] },
      ]),
    )
    const id = await runs.execute('drawn')
    const graphOf =
      'graph { isComplete nodes { id inside status type iterations { total begun ended } } edges { from to kind } }'
    const early = await runs.read(id, graphOf)
    expect(early.graph.nodes.map(({ id: at, status }: { id: string; status: string }) => `${at} ${status}`)).toEqual([
      'a RUNNING',
      'if PENDING',
      'yes PENDING',
      'no PENDING',
      'each PENDING',
      'each[].one PENDING',
    ])
    expect(early.graph.edges).toContainEqual({ from: 'if', to: 'no', kind: 'ELSE' })
    await runs.settle(() => 2)
    const late = await runs.read(
      id,
      `${graphOf} few: graph(iterations: 1) { isComplete nodes { id } }
       criticalPath { steps { path duration } length wallTime workTime isComplete }
       timeline { isComplete bars { path depth startedAt finishedAt } } short: timeline(limit: 2) { isComplete bars { path } }`,
    )
    const statusOf = Object.fromEntries(
      late.graph.nodes.map(({ id: at, status }: { id: string; status: string }) => [at, status]),
    )
    expect(statusOf).toMatchObject({ yes: 'COMPLETED', no: 'SKIPPED', 'each[2].one': 'COMPLETED' })
    expect(late.graph.nodes).toContainEqual(
      expect.objectContaining({ id: 'each', iterations: { total: 3, begun: 3, ended: 3 } }),
    )
    expect(late.few.isComplete).toBe(false)
    expect(late.few.nodes.filter(({ id: at }: { id: string }) => at.startsWith('each['))).toEqual([
      { id: 'each[2]' },
      { id: 'each[2].one' },
    ])
    expect(late.criticalPath.steps.map(({ path }: { path: string }) => path)).toEqual(
      expect.arrayContaining(['a', 'if', 'yes']),
    )
    expect(late.criticalPath).toMatchObject({ length: expect.stringMatching(/^PT/), isComplete: true })
    expect(late.timeline.bars[0]).toMatchObject({ path: 'a', depth: 0 })
    expect(late.short).toMatchObject({ isComplete: false, bars: [{ path: 'a' }, { path: 'if' }] })
    const wrong = await graph.ask('query ($id: ID!) { workflowRun(id: $id) { graph(iterations: 0) { isComplete } } }', {
      id,
    })
    expect(wrong.errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT')
  })
})

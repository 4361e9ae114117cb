import { beforeAll, describe, expect, test } from 'vitest'
import { advanceRuns } from '../../src/engine/advance-runs.ts'
import { startRun } from '../../src/engine/start-run.ts'
import { ACTOR } from '../support/engine.ts'
import { uuidIn } from '../support/graph-fixture.ts'
import { flow, type GraphRuns, graphRuns, task } from '../support/graph-runs.ts'
import { type Answers, subscribing, take } from '../support/subscribing.ts'

const { graph, connect } = await subscribing()
let runs: GraphRuns
beforeAll(async () => {
  runs = await graphRuns(graph)
  await runs.define(flow('chain', [task('a'), task('b', { after: ['a'] })]))
})

const EVENTS = `subscription ($after: Cursor, $filter: EventFilter) { events(after: $after, filter: $filter) { __typename
  ... on EventBatch { cursor caughtUp events { __typename id
    ... on WorkflowRunEvent { runId seq } ... on StepEvent { stepPath stepType attempt } } } } }`

/** Events of a feed until one of a kind has come, with the cursor after them. */
async function until(feed: Answers, kind: string) {
  // biome-ignore lint/suspicious/noExplicitAny: events of any kind
  const events: any[] = []
  for (;;) {
    const batch = (await take(feed)).events
    events.push(...batch.events)
    if (events.some(({ __typename }) => __typename === kind)) return { events, cursor: batch.cursor }
  }
}

describe('events of a run', () => {
  test('come in order with their numbers, and only those of the run', async () => {
    const id = await runs.execute('chain')
    const filter = { runId: { eq: id } }
    const { cursor } = await runs.read(id, 'cursor')
    await runs.execute('chain')
    await runs.settle()
    const { events } = await until(
      connect().iterate({ query: EVENTS, variables: { after: cursor, filter } }) as Answers,
      'WorkflowRunCompleted',
    )
    expect(events.map(({ __typename, stepPath, seq }) => [seq, __typename, stepPath])).toEqual([
      [3, 'StepCompleted', 'a'],
      [4, 'StepStarted', 'b'],
      [5, 'StepCompleted', 'b'],
      [6, 'WorkflowRunCompleted', undefined],
    ])
    expect(events.every(({ runId }) => runId === id)).toBe(true)
    const run = await runs.read(
      id,
      'seq all: events(first: 100) { hasMore events { __typename ... on WorkflowRunEvent { seq run { status } } ... on StepEvent { step { path status } } } } two: events(first: 2) { hasMore cursor events { __typename } }',
    )
    expect(run.seq).toBe(6)
    expect(run.all.events.map(({ seq }: { seq: number }) => seq)).toEqual([1, 2, 3, 4, 5, 6])
    expect(run.all.events[1]).toMatchObject({
      __typename: 'StepStarted',
      run: { status: 'COMPLETED' },
      step: { path: 'a', status: 'COMPLETED' },
    })
    expect(run.two).toMatchObject({
      hasMore: true,
      events: [{ __typename: 'WorkflowRunStarted' }, { __typename: 'StepStarted' }],
    })
    const { data } = await graph.ask(
      'query ($id: ID!, $after: Cursor) { workflowRun(id: $id) { events(first: 1, after: $after) { events { __typename } } } }',
      { id, after: run.two.cursor },
    )
    expect(data.workflowRun.events.events).toEqual([{ __typename: 'StepCompleted' }])
  })

  test('go on after a cut from the cursor, nothing lost, nothing twice', async () => {
    const id = await runs.execute('chain')
    const filter = { runId: { eq: id } }
    const { cursor } = await runs.read(id, 'cursor')
    const first = connect().iterate({ query: EVENTS, variables: { after: cursor, filter } }) as Answers
    await take(first)
    await runs.work()
    await advanceRuns(graph.engine)
    const half = await until(first, 'StepStarted')
    await first.return?.()
    await runs.settle()
    const rest = await until(
      connect().iterate({ query: EVENTS, variables: { after: half.cursor, filter } }) as Answers,
      'WorkflowRunCompleted',
    )
    expect([...half.events, ...rest.events].map(({ seq }) => seq)).toEqual([3, 4, 5, 6])
  })

  test('tell what went wrong, what is waited for, and who answered', async () => {
    await runs.define(
      flow('told', [
        { id: 'nap', type: 'WAIT', duration: '1h' },
        { id: 'heard', type: 'WAIT', event: { key: 'k' }, timeout: '1h' },
        { id: 'ok', type: 'APPROVAL', message: 'ok?', approvers: { role: 'VIEWER' } },
        task('bad', { retry: { maxAttempts: 1 }, onFailure: 'CONTINUE' }),
        task('never', { when: 'false' }),
      ]),
    )
    const id = await runs.execute('told')
    await runs.settle(() => new Error('no luck'))
    const { step } = await runs.read(id, 'step(path: "ok") { approval { id } }')
    await graph.ask(`mutation { decideApproval(input: { id: "${step.approval.id}", approved: true }) { __typename } }`)
    await runs.command('pauseWorkflowRun', { id })
    await runs.command('resumeWorkflowRun', { id })
    await runs.command('cancelWorkflowRun', { id, reason: 'enough' })
    await runs.settle()
    await runs.command('retryWorkflowRun', { id })
    const { events } = await runs.read(
      id,
      `events(first: 100) { events { __typename ... on StepEvent { stepPath }
        ... on StepFailed { error { code message } } ... on StepSkipped { error { code } } ... on WaitStarted { until eventKey }
        ... on ApprovalDecided { by approved } ... on WorkflowRunCancelled { reason } ... on WorkflowRunRetried { attempt again } } }`,
    )
    const all = events.events
    expect(all).toContainEqual({
      __typename: 'WaitStarted',
      stepPath: 'nap',
      until: expect.any(String),
      eventKey: null,
    })
    expect(all).toContainEqual({ __typename: 'WaitStarted', stepPath: 'heard', until: null, eventKey: 'k' })
    expect(all).toContainEqual({ __typename: 'ApprovalRequested', stepPath: 'ok' })
    expect(all).toContainEqual({
      __typename: 'ApprovalDecided',
      stepPath: 'ok',
      by: expect.any(String),
      approved: true,
    })
    expect(all).toContainEqual({
      __typename: 'StepFailed',
      stepPath: 'bad',
      error: { code: 'BROKEN', message: 'no luck' },
    })
    expect(all).toContainEqual({ __typename: 'StepSkipped', stepPath: 'never', error: null })
    expect(all).toContainEqual({ __typename: 'WorkflowRunPaused' })
    expect(all).toContainEqual({ __typename: 'WorkflowRunResumed' })
    expect(all).toContainEqual({ __typename: 'WorkflowRunCancelled', reason: 'enough' })
    expect(all).toContainEqual({ __typename: 'WorkflowRunRetried', attempt: 2, again: expect.arrayContaining(['nap']) })
  })

  test('are found by their kind', async () => {
    const { data } = await graph.ask(
      '{ events(first: 100, filter: { kind: { in: [WORKFLOW_RUN_STARTED] } }) { events { __typename ... on WorkflowRunStarted { run { workflow { name } } } } } }',
    )
    const { events } = data.events
    expect(events.length).toBeGreaterThan(3)
    expect(new Set(events.map((event: { __typename: string }) => event.__typename))).toEqual(
      new Set(['WorkflowRunStarted']),
    )
    expect(events[0].run.workflow.name).toBe('chain')
  })

  test('of a page take no statement for each', async () => {
    const read = (first: number) =>
      graph.statementsOf(async () => {
        const { errors } = await graph.ask(
          `{ events(first: ${first}, filter: { kind: { in: [STEP_STARTED, STEP_COMPLETED] } }) { events { ... on StepEvent { run { status workflow { name } } step { path status task { id } } } } } }`,
        )
        expect(errors).toBeUndefined()
      })
    expect((await read(10)).length).toBe((await read(2)).length)
  })
})

describe('a run that is watched', () => {
  const WATCH =
    'subscription ($id: ID!) { workflowRunUpdated(id: $id) { id status seq progress { ended } steps(first: 10) { nodes { path status } } } }'

  test('is shown as it stands, then each time it or a step of it moves, until it ends', async () => {
    const id = await runs.execute('chain')
    const watched = connect().iterate({ query: WATCH, variables: { id } }) as Answers
    const states = [(await take(watched)).workflowRunUpdated]
    expect(states[0]).toMatchObject({
      id,
      status: 'RUNNING',
      seq: 2,
      steps: { nodes: [{ path: 'a', status: 'RUNNING' }] },
    })
    await runs.settle()
    for await (const answer of watched) {
      // biome-ignore lint/suspicious/noExplicitAny: an answer of any shape
      states.push((answer as any).data.workflowRunUpdated)
    }
    const seqs = states.map(({ seq }) => seq)
    expect(seqs).toEqual([...new Set(seqs)].toSorted((a, b) => a - b))
    expect(states.at(-1)).toMatchObject({
      status: 'COMPLETED',
      seq: 6,
      progress: { ended: 2 },
      steps: { nodes: [{ status: 'COMPLETED' }, { path: 'b', status: 'COMPLETED' }] },
    })
    expect(graph.listeners()).toBe(0)
  })

  test('that has ended is shown once; one that there is not is refused', async () => {
    const started = await startRun(graph.engine, ACTOR, { workflow: 'chain' })
    if (!started.ok) throw new Error('refused')
    await runs.settle()
    const { data } = await graph.ask('{ workflowRuns(first: 1) { nodes { id } } }')
    const { id } = data.workflowRuns.nodes[0]
    expect(uuidIn(id)).toBe(started.value.runId)
    const watched = connect().iterate({ query: WATCH, variables: { id } }) as Answers
    expect((await take(watched)).workflowRunUpdated.status).toBe('COMPLETED')
    expect((await watched.next()).done).toBe(true)
    const gone = connect().iterate({ query: WATCH, variables: { id: 'run_01h455vb4pex5vsknk084sn02q' } }) as Answers
    expect((await gone.next()).value.errors[0].extensions.code).toBe('NOT_FOUND')
  })
})

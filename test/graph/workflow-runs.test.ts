import { beforeAll, describe, expect, test } from 'vitest'
import { sendEvent } from '../../src/engine/send-event.ts'
import { ACTOR } from '../support/engine.ts'
import { graphFixture } from '../support/graph-fixture.ts'
import { flow, type GraphRuns, graphRuns, task } from '../support/graph-runs.ts'

const { graph } = await graphFixture()
let runs: GraphRuns
beforeAll(async () => {
  runs = await graphRuns(graph)
})

const EXECUTE = `mutation ($input: ExecuteWorkflowInput!) { executeWorkflow(input: $input) { __typename
  ... on ExecuteWorkflowSuccess { run { id status } }
  ... on UserError { code message path } ... on ValidationError { issues { path message } }
  ... on UnknownWorkflowError { workflow version } ... on RunsFullError { workflow key limit }
  ... on IdempotencyConflictError { runId taskIds } } }`

async function execute(input: object, key?: string) {
  const { data, errors } = await graph.ask(EXECUTE, { input }, key)
  expect(errors).toBeUndefined()
  return data.executeWorkflow
}

describe('a run in the graph', () => {
  test('is started, carried out, and read with all there is to say of it', async () => {
    await runs.define(
      flow('whole', [
        task('a', { input: { n: '${{ input.n }}' } as never }),
        { id: 'both', type: 'PARALLEL', after: ['a'], steps: [task('left'), task('right')] },
        {
          id: 'each',
          type: 'MAP',
          after: ['both'],
          items: '[1.0, 2.0]',
          steps: [task('double', { input: { n: '${{ item }}' } as never })],
        },
      ]),
    )
    const id = await runs.execute('whole', { n: 4 })
    expect(
      await runs.read(
        id,
        'status attempt progress { fraction ended total running pending } startedAt finishedAt output',
      ),
    ).toMatchObject({
      status: 'RUNNING',
      attempt: 1,
      progress: { fraction: 0, ended: 0, total: 3, running: 1 },
      startedAt: expect.any(String),
      finishedAt: null,
      output: null,
    })
    await runs.settle(({ input }) => ((input as { n?: number } | null)?.n ?? 1) * 10)
    const run = await runs.read(
      id,
      `id status seq input output error { code } trigger parent { id } forkedFrom { id } createdBy workflow { name } version { number }
       progress { fraction completed failed } nextTransitionAt
       step(path: "each[1].double") { id path holderPath iterations stepId type status attempt input output startedAt finishedAt
         task { type { name } status workflowRun { id } stepPath stepRun { id } } run { id } }
       none: step(path: "nowhere") { id }
       rootSteps { path steps { path type index steps { path status } } }
       steps(first: 1000) { nodes { path } pageInfo { hasNextPage } }
       tasks(first: 10) { totalCount nodes { stepPath } }`,
    )
    expect(run).toMatchObject({
      id,
      status: 'COMPLETED',
      input: { n: 4 },
      output: [10, 20],
      error: null,
      parent: null,
      workflow: { name: 'whole' },
      version: { number: 1 },
      progress: { fraction: 1, completed: 7, failed: 0 },
      none: null,
      tasks: { totalCount: 5 },
    })
    expect(run.step).toMatchObject({
      path: 'each[1].double',
      holderPath: 'each[1]',
      iterations: [1],
      stepId: 'double',
      type: 'TASK',
      status: 'COMPLETED',
      attempt: 1,
      input: { n: 2 },
      output: 20,
      task: {
        type: { name: 'work' },
        status: 'COMPLETED',
        workflowRun: { id },
        stepPath: 'each[1].double',
        stepRun: { id: run.step.id },
      },
      run: { id },
    })
    expect(run.rootSteps).toEqual([
      { path: 'a', steps: [] },
      {
        path: 'both',
        steps: ['both.left', 'both.right'].map((path) => expect.objectContaining({ path, index: null, steps: [] })),
      },
      {
        path: 'each',
        steps: [0, 1].map((index) => ({
          path: `each[${index}]`,
          type: 'ITERATION',
          index,
          steps: [{ path: `each[${index}].double`, status: 'COMPLETED' }],
        })),
      },
    ])
    expect(run.steps.nodes).toHaveLength(9)
    expect(run.steps.pageInfo.hasNextPage).toBe(false)
    const { data } = await graph.ask('query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }', {
      ids: [id, run.step.id],
    })
    expect(data.nodes).toEqual([
      { __typename: 'WorkflowRun', id },
      { __typename: 'StepRun', id: run.step.id },
    ])
  })

  test('is refused by what its input, its workflow, or its key has against it', async () => {
    await runs.define(
      flow('typed', [task('a')], { input: { type: 'object', required: ['n'], properties: { n: { type: 'number' } } } }),
    )
    expect(await execute({ workflow: 'typed', input: { n: 'x' } })).toMatchObject({
      __typename: 'ValidationError',
      issues: [{ path: ['input', 'input', 'n'] }],
    })
    expect(await execute({ workflow: 'typed' })).toMatchObject({ code: 'VALIDATION', path: ['input', 'input'] })
    expect(await execute({ workflow: 'nobody' })).toMatchObject({
      code: 'UNKNOWN_WORKFLOW',
      workflow: 'nobody',
      version: null,
      path: ['input', 'workflow'],
    })
    expect(await execute({ workflow: 'typed', version: 9 })).toMatchObject({ code: 'UNKNOWN_WORKFLOW', version: 9 })
    expect(await execute({})).toMatchObject({ code: 'VALIDATION' })
    expect(await execute({ id: 'workflow_01h455vb4pex5vsknk084sn02q' })).toMatchObject({ code: 'NOT_FOUND' })
    const started = await execute({ workflow: 'typed', input: { n: 1 }, idempotencyKey: 'k' })
    expect(await execute({ workflow: 'typed', input: { n: 1 }, idempotencyKey: 'k' })).toEqual(started)
    expect(await execute({ workflow: 'typed', input: { n: 2 }, idempotencyKey: 'k' })).toMatchObject({
      code: 'IDEMPOTENCY_CONFLICT',
      runId: started.run.id,
      taskIds: [],
    })
    const byId = await graph.ask('{ workflow(name: "typed") { id } }')
    expect(await execute({ id: byId.data.workflow.id, input: { n: 1 } })).toMatchObject({
      __typename: 'ExecuteWorkflowSuccess',
    })
  })

  test('that has no room is refused where its workflow says so', async () => {
    await runs.define(flow('narrow', [task('a')], { limits: { concurrency: { limit: 1, whenFull: 'REFUSE' } } }))
    await runs.execute('narrow')
    expect(await execute({ workflow: 'narrow' })).toMatchObject({
      __typename: 'RunsFullError',
      code: 'RUNS_FULL',
      workflow: 'narrow',
      limit: 1,
    })
    const { data } = await graph.ask('{ workflow(name: "narrow") { version { limits { maxRuns whenFull } } } }')
    expect(data.workflow.version.limits).toEqual({ maxRuns: 1, whenFull: 'REFUSE' })
    await runs.settle()
  })

  test('waits its turn as PENDING, and says so', async () => {
    await runs.define(flow('turns', [task('a')], { limits: { concurrency: { limit: 1 } } }))
    await runs.execute('turns')
    const second = await runs.execute('turns')
    expect(await runs.read(second, 'status startedAt blockedBy { kind message path }')).toEqual({
      status: 'PENDING',
      startedAt: null,
      blockedBy: [{ kind: 'ROOM', path: null, message: expect.stringContaining('waits its turn') }],
    })
    await runs.settle()
    expect(await runs.read(second, 'status blockedBy { kind }')).toEqual({ status: 'COMPLETED', blockedBy: [] })
  })

  test('is paused, resumed, cancelled and retried, and refuses what makes no sense', async () => {
    await runs.define(flow('steered', [task('a'), task('b', { after: ['a'] })]))
    const id = await runs.execute('steered')
    expect(await runs.command('pauseWorkflowRun', { id })).toMatchObject({ run: { status: 'PAUSED' } })
    expect(await runs.read(id, 'blockedBy { kind path task { id } }')).toMatchObject({
      blockedBy: [{ kind: 'PAUSE' }, { kind: 'TASK', path: 'a', task: { id: expect.any(String) } }],
    })
    expect(await runs.command('pauseWorkflowRun', { id })).toMatchObject({
      __typename: 'IllegalRunCommandError',
      code: 'ILLEGAL_RUN_COMMAND',
      from: 'PAUSED',
      command: 'pause',
      runId: id,
      path: ['input', 'id'],
    })
    expect(await runs.command('resumeWorkflowRun', { id })).toMatchObject({ run: { status: 'RUNNING' } })
    expect(await runs.command('retryWorkflowRun', { id })).toMatchObject({ code: 'ILLEGAL_RUN_COMMAND' })
    await runs.command('cancelWorkflowRun', { id, reason: 'enough' })
    await runs.settle()
    expect(await runs.read(id, 'status error { code message }')).toEqual({
      status: 'CANCELLED',
      error: { code: 'CANCELLED', message: expect.stringContaining('enough') },
    })
    expect(await runs.command('retryWorkflowRun', { id })).toMatchObject({ run: { status: 'RUNNING', attempt: 2 } })
    await runs.settle()
    expect(await runs.read(id, 'status error { code }')).toEqual({ status: 'COMPLETED', error: null })
    expect(await runs.command('cancelWorkflowRun', { id })).toMatchObject({ from: 'COMPLETED', command: 'cancel' })
    const gone = 'run_01h455vb4pex5vsknk084sn02q'
    expect(await runs.command('cancelWorkflowRun', { id: gone })).toMatchObject({ code: 'NOT_FOUND' })
    expect(await runs.command('cancelWorkflowRun', { id: 'run_x' })).toMatchObject({ code: 'VALIDATION' })
  })

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

  test('has its children, and they have it', async () => {
    await runs.define(flow('inner', [task('x')]))
    await runs.define(flow('outer', [{ id: 'sub', type: 'SUBWORKFLOW', workflow: 'inner' }]))
    const id = await runs.execute('outer')
    await runs.settle()
    const run = await runs.read(
      id,
      'status step(path: "sub") { childRun { id status } } children(first: 5) { totalCount nodes { id parent { id } parentStep { path } workflow { name } } }',
    )
    const [child] = run.children.nodes
    expect(run).toMatchObject({
      status: 'COMPLETED',
      step: { childRun: { id: child.id, status: 'COMPLETED' } },
      children: { totalCount: 1 },
    })
    expect(child).toMatchObject({ parent: { id }, parentStep: { path: 'sub' }, workflow: { name: 'inner' } })
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

  test('is one of a list that is filtered, paged and counted', async () => {
    await runs.define(flow('listed', [task('a')]))
    const ids = [await runs.execute('listed'), await runs.execute('listed'), await runs.execute('listed')]
    await runs.command('cancelWorkflowRun', { id: ids[0]! })
    const list = async (filter: object, more = 'first: 10') => {
      const { data, errors } = await graph.ask(
        `query ($filter: WorkflowRunFilter) { workflowRuns(filter: $filter, ${more}) { totalCount nodes { id } pageInfo { hasNextPage endCursor } } }`,
        { filter },
      )
      expect(errors).toBeUndefined()
      return data.workflowRuns
    }
    const found = async (filter: object) => (await list(filter)).nodes.map(({ id }: { id: string }) => id)
    expect(await found({ workflow: 'listed' })).toEqual(ids.toReversed())
    await runs.settle()
    expect(await found({ workflow: 'listed', status: { eq: 'CANCELLED' } })).toEqual([ids[0]])
    expect(await found({ workflow: 'listed', status: { notIn: ['CANCELLED'] } })).toEqual([ids[2], ids[1]])
    expect(await found({ workflow: 'listed', version: 2 })).toEqual([])
    expect(await found({ workflow: 'listed', createdAt: { lt: '2020-01-01T00:00:00Z' } })).toEqual([])
    expect(
      await found({ workflow: 'listed', finishedAt: { gt: '2020-01-01T00:00:00Z' }, isChild: false }),
    ).toHaveLength(3)
    const page = await list({ workflow: 'listed' }, 'first: 2')
    expect(page).toMatchObject({ totalCount: 3, pageInfo: { hasNextPage: true } })
    const rest = await list({ workflow: 'listed' }, `first: 2, after: "${page.pageInfo.endCursor}"`)
    expect(rest.nodes).toEqual([{ id: ids[0] }])
    expect(await list({ workflow: 'listed' }, `last: 1`)).toMatchObject({ nodes: [{ id: ids[0] }] })
  })

  test('is forked from a step that it reached, after a dry run that says what is reused', async () => {
    await runs.define(
      flow('forked', [task('a', { input: { n: '${{ input.n }}' } as never }), task('b', { after: ['a'] })]),
    )
    const id = await runs.execute('forked', { n: 1 })
    const fork = async (input: object) => {
      const { data, errors } = await graph.ask(
        `mutation ($input: ForkWorkflowRunInput!) { forkWorkflowRun(input: $input) { __typename
          ... on ForkWorkflowRunSuccess { reused again run { id input forkedFrom { id } } }
          ... on UserError { code path message } ... on CannotForkError { runId from } } }`,
        { input: { id, from: 'b', ...input } },
      )
      expect(errors).toBeUndefined()
      return data.forkWorkflowRun
    }
    const refused = { code: 'CANNOT_FORK', runId: id }
    const notEnded = { path: ['input', 'id'], from: 'b', message: expect.stringContaining('not ended') }
    expect(await fork({})).toMatchObject({ ...refused, ...notEnded })
    await runs.settle()
    expect(await fork({ from: 'gone' })).toMatchObject({ ...refused, path: ['input', 'from'], from: 'gone' })
    expect(await fork({ dryRun: true })).toMatchObject({ reused: ['a'], again: ['b'], run: null })
    const forked = await fork({ input: { n: 2 } })
    expect(forked).toMatchObject({ reused: ['a'], run: { input: { n: 2 }, forkedFrom: { id } } })
    await runs.settle()
    expect(await runs.read(forked.run.id, 'status tasks(first: 5) { nodes { stepPath } }')).toEqual({
      status: 'COMPLETED',
      tasks: { nodes: [{ stepPath: 'b' }] },
    })
    const { data } = await graph.ask('query ($f: WorkflowRunFilter) { workflowRuns(filter: $f) { nodes { id } } }', {
      f: { forkedFromId: id },
    })
    expect(data.workflowRuns.nodes).toEqual([{ id: forked.run.id }])
  })

  test('is steered only by those who may', async () => {
    const id = await runs.execute('steered')
    const viewer = await graph.key('VIEWER')
    const developer = await graph.key('DEVELOPER')
    const refused = async (document: string, key: string) => {
      const { errors } = await graph.ask(document, {}, key)
      return errors?.[0]?.extensions.code
    }
    expect(await refused('mutation { executeWorkflow(input: { workflow: "steered" }) { __typename } }', viewer)).toBe(
      'FORBIDDEN',
    )
    expect(await refused(`mutation { cancelWorkflowRun(input: { id: "${id}" }) { __typename } }`, viewer)).toBe(
      'FORBIDDEN',
    )
    expect(await refused(`mutation { pauseWorkflowRun(input: { id: "${id}" }) { __typename } }`, developer)).toBe(
      'FORBIDDEN',
    )
    expect(await refused('mutation { createWorkflow(input: { definition: {} }) { __typename } }', viewer)).toBe(
      'FORBIDDEN',
    )
    expect(
      await refused(`mutation { cancelWorkflowRun(input: { id: "${id}" }) { __typename } }`, developer),
    ).toBeUndefined()
  })
})

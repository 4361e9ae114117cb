import { describe, expect, test } from 'vitest'
import { graphFixture } from '../support/graph-fixture.ts'
import { flow, graphRuns, task } from '../support/graph-runs.ts'

const { graph } = await graphFixture()
const runs = await graphRuns(graph)

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
})

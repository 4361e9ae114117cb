import { beforeAll, describe, expect, test } from 'vitest'
import { graphFixture } from '../support/graph-fixture.ts'
import { flow, type GraphRuns, graphRuns, task } from '../support/graph-runs.ts'

const { graph } = await graphFixture()
let runs: GraphRuns
let large: string
const small: string[] = []
beforeAll(async () => {
  runs = await graphRuns(graph)
  const items = Array.from({ length: 490 }, (_, n) => n)
  const steps = [
    { id: 'each', type: 'MAP', items: 'input.items', steps: [task('one')] } as const,
    task('last', { after: ['each'] }),
  ]
  await runs.define(flow('large', steps, { limits: { maxParallelSteps: 200 } }))
  large = await runs.execute('large', { items })
  for (const count of [1, 2, 3]) small.push(await runs.execute('large', { items: items.slice(0, count) }))
  await runs.settle()
}, 60_000)

/** Statements of a read of one run. */
async function statementsOf(id: string, fields: string): Promise<number> {
  const statements = await graph.statementsOf(async () => void (await runs.read(id, fields)))
  return statements.length
}

const ALL = `status progress { fraction } error { code } version { number }
  steps(first: 1000) { nodes { id path status attempt startedAt finishedAt error { code } task { id status } childRun { id } approval { id } } pageInfo { hasNextPage } }
  rootSteps { path steps { path steps { path status } } }
  graph(iterations: 1000) { nodes { id status } edges { from to } isComplete }
  criticalPath { length } timeline { bars { path } } blockedBy { kind }`

describe('a run of a thousand steps', () => {
  test('is read whole in one query', async () => {
    const run = await runs.read(large, ALL)
    expect(run.steps.nodes).toHaveLength(982)
    expect(run.steps.pageInfo.hasNextPage).toBe(false)
    const tasks = run.steps.nodes.filter((node: { task: object | null }) => node.task !== null)
    expect(tasks).toHaveLength(491)
    expect(run.graph.nodes).toHaveLength(982)
    expect(run.graph.isComplete).toBe(true)
    expect(run.rootSteps[0].steps).toHaveLength(490)
    expect(run.rootSteps[0].steps[489]).toEqual({
      path: 'each[489]',
      steps: [{ path: 'each[489].one', status: 'COMPLETED' }],
    })
  })

  test('takes as many statements as one of a few', async () => {
    await runs.read(large, ALL)
    const few = await statementsOf(small[0]!, ALL)
    expect(await statementsOf(large, ALL)).toBe(few)
    // The run, its progress; tasks, child runs and approvals of its steps, and the tasks; three levels of two; two views of two.
    expect(few).toBeLessThanOrEqual(16)
  })

  test('is a page of its steps at a time, in both directions, filtered', async () => {
    const pathsOf = async (args: string) => {
      const { steps } = await runs.read(
        large,
        `steps(${args}) { nodes { path } pageInfo { startCursor endCursor hasNextPage } }`,
      )
      return { paths: steps.nodes.map(({ path }: { path: string }) => path), ...steps.pageInfo }
    }
    const first = await pathsOf('first: 3')
    const second = await pathsOf(`first: 3, after: "${first.endCursor}"`)
    const all = await pathsOf('first: 6')
    expect([...first.paths, ...second.paths]).toEqual(all.paths)
    const back = await pathsOf(`last: 3, before: "${second.startCursor}"`)
    expect(back.paths).toEqual(first.paths)
    expect(
      (await pathsOf('first: 1000, filter: { type: [MAP, TASK], stepId: ["last", "each"] }')).paths.toSorted(),
    ).toEqual(['each', 'last'])
    expect((await pathsOf('first: 9, filter: { under: "each[7]" }')).paths).toEqual(['each[7].one'])
    expect((await pathsOf('first: 9, filter: { status: [FAILED] }')).paths).toEqual([])
    const { errors } = await graph.ask(
      'query ($id: ID!) { workflowRun(id: $id) { steps(first: 1001) { nodes { path } } } }',
      { id: large },
    )
    expect(errors?.[0]?.message).toContain('1 to 1000')
    const foreign = await graph.ask(
      'query ($id: ID!) { workflowRun(id: $id) { steps(after: "nonsense") { nodes { path } } } }',
      { id: large },
    )
    expect(foreign.errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT')
  })
})

test('a list of runs takes no statement more for each', async () => {
  const ask = (first: number) =>
    graph.statementsOf(async () => {
      const { data, errors } = await graph.ask(
        `{ workflowRuns(first: ${first}) { nodes { id status workflow { name } version { number } progress { fraction } parent { id }
          children(first: 2) { nodes { id } } steps(first: 3) { nodes { path task { id } } } rootSteps { path } approvals(first: 2) { nodes { id } } } } }`,
      )
      expect(errors).toBeUndefined()
      expect(data.workflowRuns.nodes).toHaveLength(first)
    })
  expect((await ask(4)).length).toBe((await ask(1)).length)
})

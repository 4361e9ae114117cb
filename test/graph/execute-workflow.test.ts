import { describe, expect, test } from 'vitest'
import { graphFixture } from '../support/graph-fixture.ts'
import { flow, graphRuns, task } from '../support/graph-runs.ts'

const { graph } = await graphFixture()
const runs = await graphRuns(graph)

const EXECUTE = `mutation ($input: ExecuteWorkflowInput!) { executeWorkflow(input: $input) { __typename
  ... on ExecuteWorkflowSuccess { run { id status } }
  ... on UserError { code message path } ... on ValidationError { issues { path message } }
  ... on UnknownWorkflowError { workflow version } ... on RunsFullError { workflow key limit }
  ... on IdempotencyConflictError { runId taskIds } } }`

async function execute(input: object) {
  const { data, errors } = await graph.ask(EXECUTE, { input })
  expect(errors).toBeUndefined()
  return data.executeWorkflow
}

describe('a run in the graph', () => {
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
})

import { describe, expect, test } from 'vitest'
import { graphFixture } from '../support/graph-fixture.ts'
import { flow, graphRuns, task } from '../support/graph-runs.ts'

const { graph } = await graphFixture()
const runs = await graphRuns(graph)

describe('a run in the graph', () => {
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

import { describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { graphFixture } from '../support/graph-fixture.ts'
import { graphRuns } from '../support/graph-runs.ts'
import { addTaskType } from '../support/tasks.ts'
import { makeWfInstance } from '../workflow/import/wf-instance.ts'

const { graph, countOf } = await graphFixture()
const runs = await graphRuns(graph)
await addTaskType(graph.pool, 'simulated_work')

const MACHINE = {
  Comment: 'Two in a row',
  StartAt: 'First',
  States: {
    First: { Type: 'Task', Resource: 'arn:aws:lambda:eu-west-1:1:function:Work', Next: 'Then' },
    Then: { Type: 'Task', Resource: 'arn:aws:lambda:eu-west-1:1:function:Other', Credentials: {}, End: true },
  },
}

/** The same numbers each time. */
function numbers(): () => number {
  let state = 1
  return () => {
    state = (state * 16_807) % 2_147_483_647
    return state / 2_147_483_647
  }
}

async function importOf(input: object) {
  const { data, errors } = await graph.ask(
    `mutation ($input: ImportWorkflowInput!) { importWorkflow(input: $input) { __typename
      ... on ImportWorkflowSuccess { definition isNew unmapped { path place reason count } problems { severity code place }
        version { number status definition workflow { name } } }
      ... on UserError { code message path } ... on ValidationError { issues { path message } }
      ... on InvalidWorkflowError { problems { code place message } } } }`,
    { input },
  )
  expect(errors).toBeUndefined()
  return data.importWorkflow
}

const states = (source: unknown, more: object = {}) =>
  importOf({ format: 'STATES_LANGUAGE', source, name: 'machine', ...more })

describe('a state machine', () => {
  test('becomes a workflow, with a list of what does not map', async () => {
    const dry = await states(MACHINE, { dryRun: true })
    expect(dry).toMatchObject({ isNew: false, version: null, definition: { name: 'machine' } })
    expect(await countOf('workflow')).toBe(0)
    const made = await states(MACHINE)
    expect(made).toMatchObject({ isNew: true, version: { number: 1, status: 'READY', workflow: { name: 'machine' } } })
    expect(made.definition).toEqual(dry.definition)
    expect(made.version.definition.steps).toMatchObject([
      { id: 'First', type: 'TASK', task: 'work' },
      { id: 'Then', type: 'TASK', task: 'other', after: ['First'] },
    ])
    expect(made.unmapped).toContainEqual({
      path: ['States', 'Then', 'Credentials'],
      place: 'States.Then.Credentials',
      reason: 'the field Credentials is left out',
      count: 1,
    })
    expect(made.problems).toContainEqual({ severity: 'WARNING', code: 'UNKNOWN_TASK_TYPE', place: 'steps[1].task' })
    const again = await states(stringify(MACHINE), { isDraft: true })
    expect(again).toMatchObject({ isNew: false, version: { number: 1 } })
  })

  test('is run', async () => {
    const taskTypes = ['Work', 'Other'].map((name) => ({
      resource: `arn:aws:lambda:eu-west-1:1:function:${name}`,
      taskType: 'work',
    }))
    await states(JSON.stringify(MACHINE), { name: 'run-machine', statesLanguage: { taskTypes } })
    const id = await runs.execute('run-machine', { n: 1 })
    await runs.settle(({ input }) => ({ given: input ?? null }))
    expect(await runs.read(id, 'status output')).toMatchObject({ status: 'COMPLETED' })
  })

  test('that is wrong is refused with places and lines, all at once', async () => {
    const text = JSON.stringify({ StartAt: 'A', States: { A: { Type: 'Jump' }, B: { Type: 'Pass' } } }, null, 2)
    expect(await states(text)).toMatchObject({
      code: 'VALIDATION',
      issues: [
        {
          path: ['input', 'source', 'States', 'A', 'Type'],
          message: expect.stringMatching(/^is not one of .* \(line 5, column \d+\)$/),
        },
        { path: ['input', 'source', 'States', 'B', 'Next'], message: expect.stringContaining('(line 7, column') },
      ],
    })
    expect(await states('a: [')).toMatchObject({
      issues: [{ path: ['input', 'source'], message: expect.stringMatching(/^is no YAML: .*\(line 1/) }],
    })
    expect(await states(MACHINE, { name: null })).toMatchObject({
      issues: [{ path: ['input', 'name'], message: 'is missing: a state machine has no name of its own' }],
    })
    expect(await states(MACHINE, { name: 'two words', wfFormat: { timeScale: 0 } })).toMatchObject({
      issues: [
        { path: ['input', 'name'] },
        { path: ['input', 'wfFormat'] },
        { path: ['input', 'wfFormat', 'timeScale'] },
      ],
    })
  })

  test('whose workflow cannot be run is shown by a dry run, and refused else', async () => {
    const wrong = { StartAt: 'A', States: { A: { Type: 'Wait', Timestamp: 'tomorrow', End: true } } }
    const dry = await states(wrong, { dryRun: true })
    expect(dry).toMatchObject({ definition: { steps: [{ until: 'tomorrow' }] }, problems: [{ severity: 'ERROR' }] })
    expect(await states(wrong, { name: 'wrong' })).toMatchObject({
      code: 'INVALID_WORKFLOW',
      path: ['input', 'source'],
      problems: [{ place: 'steps[0].until' }],
    })
    expect(await countOf("workflow WHERE name = 'wrong'")).toBe(0)
  })
})

describe('an instance of WfCommons', () => {
  test('becomes simulated tasks, with what is left out', async () => {
    const source = makeWfInstance([1, 5, 3], numbers())
    const made = await importOf({ format: 'WF_FORMAT', source, wfFormat: { timeScale: 0.001, maxParallelSteps: 50 } })
    expect(made).toMatchObject({
      isNew: true,
      definition: { name: 'layers-of-tasks', limits: { maxParallelSteps: 50 } },
      problems: [],
      version: { number: 1, workflow: { name: 'layers-of-tasks' } },
    })
    const steps: { task: string; input: { durationMs: number } }[] = made.definition.steps
    expect(steps).toHaveLength(9)
    for (const { task, input } of steps) {
      expect(task).toBe('simulated_work')
      expect(input.durationMs).toBeLessThanOrEqual(10)
    }
    expect(made.unmapped).toContainEqual({
      path: ['workflow', 'execution', 'machines'],
      place: 'workflow.execution.machines',
      reason: 'the machines of the measured run',
      count: 1,
    })
  })

  test('of another version is refused, and may be called otherwise', async () => {
    const source = makeWfInstance([1, 1], numbers())
    expect(await importOf({ format: 'WF_FORMAT', source: { ...source, schemaVersion: '1.4' } })).toMatchObject({
      issues: [{ path: ['input', 'source', 'schemaVersion'] }],
    })
    expect(await importOf({ format: 'WF_FORMAT', source, name: 'mine', dryRun: true })).toMatchObject({
      definition: { name: 'mine' },
    })
    expect(await importOf({ format: 'WF_FORMAT', source, statesLanguage: {} })).toMatchObject({
      issues: [{ path: ['input', 'statesLanguage'], message: 'goes with STATES_LANGUAGE, not with WF_FORMAT' }],
    })
  })
})

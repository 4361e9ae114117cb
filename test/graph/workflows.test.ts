import { describe, expect, test } from 'vitest'
import { createApiKey } from '../../src/engine/create-api-key.ts'
import { graphFixture, uuidIn } from '../support/graph-fixture.ts'
import { addTaskType } from '../support/tasks.ts'

const { graph } = await graphFixture()
await addTaskType(graph.pool, 'work')

const CREATE = `mutation ($input: CreateWorkflowInput!) { createWorkflow(input: $input) { __typename
  ... on CreateWorkflowSuccess { isNew warnings { severity code place message }
    version { number status hash definition stepCount limits { maxParallelSteps maxRuns whenFull } workflow { id name } } }
  ... on UserError { code message path }
  ... on InvalidWorkflowError { problems { severity code path place message line column expression { text line column } } } } }`

const step = (id: string, more: object = {}) => ({ id, type: 'TASK', task: 'work', ...more })

async function create(definition: unknown, more: object = {}) {
  const { data, errors } = await graph.ask(CREATE, { input: { definition, ...more } })
  expect(errors).toBeUndefined()
  return data.createWorkflow
}

describe('a workflow in the graph', () => {
  test('is made, and the same content again is the same version', async () => {
    const definition = { name: 'same', steps: [step('a'), step('b', { after: ['a'] })] }
    const first = await create(definition)
    expect(first).toMatchObject({
      isNew: true,
      warnings: [],
      version: {
        number: 1,
        status: 'READY',
        stepCount: 2,
        limits: { maxParallelSteps: 10, maxRuns: null, whenFull: null },
        workflow: { name: 'same' },
      },
    })
    expect(first.version.hash).toMatch(/^[0-9a-f]{64}$/)
    const again = await create(
      `name: same\nsteps:\n  - { id: a, type: TASK, task: work }\n  - { id: b, type: TASK, task: work, after: [a] }\n`,
    )
    expect(again).toMatchObject({ isNew: false, version: { number: 1, hash: first.version.hash } })
    const next = await create({ ...definition, steps: [step('a')] })
    expect(next).toMatchObject({ isNew: true, version: { number: 2, workflow: { id: first.version.workflow.id } } })
  })

  test('is refused with every problem at once, each with its place in the text', async () => {
    const text = [
      'name: wrong',
      'steps:',
      '  - { id: a, type: TASK, task: work, after: [nobody] }',
      '  - { id: a, type: TASK, task: work }',
      '  - { id: c, type: TASK, task: work, when: "1 +" }',
      '',
    ].join('\n')
    const refused = await create(text)
    expect(refused).toMatchObject({
      __typename: 'InvalidWorkflowError',
      code: 'INVALID_WORKFLOW',
      path: ['input', 'definition'],
    })
    expect(refused.problems).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ severity: 'ERROR', code: 'UNKNOWN_STEP', place: 'steps[0].after[0]', line: 3 }),
        expect.objectContaining({ code: 'DUPLICATE_ID', path: ['steps', '1', 'id'], line: 4 }),
        expect.objectContaining({
          code: 'BAD_EXPRESSION',
          line: 5,
          expression: expect.objectContaining({ text: '1 +' }),
        }),
      ]),
    )
    const { data } = await graph.ask('{ workflow(name: "wrong") { id } }')
    expect(data.workflow).toBeNull()
  })

  test.each([
    ['name: [', 'NOT_A_DEFINITION'],
    ['', 'WRONG_TYPE'],
    [[], 'WRONG_TYPE'],
    [{ name: 'x', steps: 'a' }, 'WRONG_TYPE'],
  ])('that is none is refused: %j', async (definition, code) => {
    const { problems } = await create(definition)
    expect(problems).toContainEqual(expect.objectContaining({ code }))
  })

  test('warns of what nothing here is called', async () => {
    const inner = { id: 's', type: 'SUBWORKFLOW', workflow: 'not_yet', after: ['a'] }
    const { warnings } = await create({ name: 'warned', steps: [step('a', { task: 'wrok' }), inner] })
    expect(warnings).toMatchObject([
      {
        severity: 'WARNING',
        code: 'UNKNOWN_TASK_TYPE',
        place: 'steps[0].task',
        message: expect.stringContaining('"work"'),
      },
      { severity: 'WARNING', code: 'UNKNOWN_WORKFLOW', place: 'steps[1].workflow' },
    ])
    await create({ name: 'not_yet', steps: [step('a')] })
    const again = await create({ name: 'warned', steps: [step('a'), inner] })
    expect(again.warnings).toEqual([])
  })

  test('is judged without being kept', async () => {
    const ask = (definition: unknown) =>
      graph.ask('query ($d: JSON!) { validateWorkflow(definition: $d) { isValid hash problems { severity code } } }', {
        d: definition,
      })
    const good = await ask({ name: 'judged', steps: [step('a', { task: 'gone' })] })
    expect(good.data.validateWorkflow).toEqual({
      isValid: true,
      hash: expect.stringMatching(/^[0-9a-f]{64}$/),
      problems: [{ severity: 'WARNING', code: 'UNKNOWN_TASK_TYPE' }],
    })
    const bad = await ask({ name: 'judged', steps: [step('a', { after: ['a'] })] })
    expect(bad.data.validateWorkflow).toMatchObject({ isValid: false, hash: null, problems: [{ severity: 'ERROR' }] })
    expect((await graph.ask('{ workflow(name: "judged") { id } }')).data.workflow).toBeNull()
  })

  test('has its versions, the newest first, and says what differs between two', async () => {
    const { version } = await create({ name: 'versions', steps: [step('a'), step('gone')] })
    await create({ name: 'versions', steps: [step('a', { input: { n: 1 } }), step('b', { after: ['a'] })] })
    const { id } = version.workflow
    const { data, errors } = await graph.ask(
      `query ($id: ID!) { workflow(id: $id) { name version { number } first: version(number: 1) { number } none: version(number: 9) { number }
        versions(first: 1) { nodes { number diff { text fields { path } steps { kind stepId type from to fields { path before after isAdded } } }
          none: diff(from: 7) { text } } pageInfo { hasNextPage endCursor } } } node(id: $id) { __typename } }`,
      { id },
    )
    expect(errors).toBeUndefined()
    const [newest] = data.workflow.versions.nodes
    expect(data).toMatchObject({
      node: { __typename: 'Workflow' },
      workflow: { name: 'versions', version: { number: 2 }, first: { number: 1 }, none: null },
    })
    expect(newest).toMatchObject({ number: 2, none: null })
    expect(newest.diff.text).toContain('+ b (TASK)')
    expect(newest.diff.text).toContain('- gone (TASK)')
    expect(newest.diff.steps).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ kind: 'ADDED', stepId: 'b', type: 'TASK' }),
        expect.objectContaining({ kind: 'REMOVED', stepId: 'gone' }),
        expect.objectContaining({
          kind: 'CHANGED',
          stepId: 'a',
          fields: [{ path: 'input', before: null, after: { n: 1 }, isAdded: true }],
        }),
      ]),
    )
    const { hasNextPage, endCursor } = data.workflow.versions.pageInfo
    expect(hasNextPage).toBe(true)
    const more = await graph.ask(
      'query ($id: ID!, $after: String) { workflow(id: $id) { versions(first: 5, after: $after) { nodes { number } pageInfo { hasNextPage } } } }',
      { id, after: endCursor },
    )
    expect(more.data.workflow.versions).toEqual({ nodes: [{ number: 1 }], pageInfo: { hasNextPage: false } })
  })

  test('is retired by version, and read by id or name, exactly one', async () => {
    const { version } = await create({ name: 'old', steps: [step('a')] }, { isDraft: true })
    const { id } = version.workflow
    expect(version.status).toBe('DRAFT')
    const set = (input: object) =>
      graph.ask(
        `mutation ($input: SetWorkflowStatusInput!) { setWorkflowStatus(input: $input) { __typename
          ... on SetWorkflowStatusSuccess { version { number status } } ... on UserError { code path } ... on ValidationError { issues { path } } } }`,
        { input: { id, version: 1, status: 'READY', ...input } },
      )
    const run = () =>
      graph.ask(
        'mutation { executeWorkflow(input: { workflow: "old" }) { __typename ... on UserError { code path message } } }',
      )
    expect((await run()).data.executeWorkflow).toMatchObject({ code: 'UNKNOWN_WORKFLOW', path: ['input', 'workflow'] })
    expect((await set({})).data.setWorkflowStatus.version).toEqual({ number: 1, status: 'READY' })
    expect((await run()).data.executeWorkflow.__typename).toBe('ExecuteWorkflowSuccess')
    expect((await set({ status: 'RETIRED' })).data.setWorkflowStatus.version.status).toBe('RETIRED')
    expect((await run()).data.executeWorkflow.code).toBe('UNKNOWN_WORKFLOW')
    expect((await set({ version: 7 })).data.setWorkflowStatus).toMatchObject({
      issues: [{ path: ['input', 'version'] }],
    })
    const gone = 'workflow_01h455vb4pex5vsknk084sn02q'
    expect((await set({ id: gone })).data.setWorkflowStatus).toMatchObject({ code: 'NOT_FOUND', path: ['input', 'id'] })
    for (const args of ['', `(id: "${id}", name: "old")`]) {
      const { errors } = await graph.ask(`{ workflow${args} { id } }`)
      expect(errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT')
    }
  })

  test('is one of a list that is filtered, paged and counted in one statement each', async () => {
    for (const name of ['list_a', 'list_b', 'list_c']) await create({ name, steps: [step('a')] })
    const statements = await graph.statementsOf(async () => {
      const { data } = await graph.ask(
        `{ workflows(first: 2, filter: { search: "LIST_" }) { totalCount pageInfo { hasNextPage } nodes { name version { number hash }
          runs(first: 5) { nodes { id status } } } } }`,
      )
      expect(data.workflows).toMatchObject({ totalCount: 3, pageInfo: { hasNextPage: true } })
      expect(data.workflows.nodes.map(({ name }: { name: string }) => name)).toEqual(['list_c', 'list_b'])
    })
    expect(statements).toHaveLength(2)
    const { data } = await graph.ask('{ workflows(filter: { name: "list_a", status: [DRAFT] }) { nodes { name } } }')
    expect(data.workflows.nodes).toEqual([])
  })

  test('is not seen by another tenant', async () => {
    const { version } = await create({ name: 'mine', steps: [step('a')] })
    const { secret } = await createApiKey(graph.pool, {
      tenant: 'other',
      name: 'a stranger',
      role: 'ADMIN',
      createdBy: null,
      expiresAt: null,
    })
    const { data } = await graph.ask(
      'query ($id: ID!) { workflow(id: $id) { name } workflows { nodes { name } } node(id: $id) { id } }',
      { id: version.workflow.id },
      secret,
    )
    expect(data).toEqual({ workflow: null, workflows: { nodes: [] }, node: null })
    expect(uuidIn(version.workflow.id)).toMatch(/-/)
  })
})

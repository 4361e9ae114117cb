import { describe, expect, test } from 'vitest'
import { instantiate, listTemplates } from '../../src/workflow/template/templates.ts'
import { graphFixture } from '../support/graph-fixture.ts'
import { graphRuns } from '../support/graph-runs.ts'

const { graph, countOf } = await graphFixture()
const runs = await graphRuns(graph)

async function ask(query: string, variables: object = {}) {
  const { data, errors } = await graph.ask(query, variables)
  expect(errors).toBeUndefined()
  return data
}

const CREATE = `mutation ($input: CreateWorkflowFromTemplateInput!) { createWorkflowFromTemplate(input: $input) { __typename
  ... on CreateWorkflowSuccess { isNew warnings { severity code place } version { number status definition workflow { name } } }
  ... on UserError { code message path } ... on ValidationError { issues { path message } }
  ... on InvalidWorkflowError { problems { code place message } } } }`

const create = async (input: object) => (await ask(CREATE, { input })).createWorkflowFromTemplate

describe('templates in the graph', () => {
  test('are all listed with their parameters as JSON Schema, their steps and what they need', async () => {
    const statements = await graph.statementsOf(async () => {
      const { workflowTemplates } = await ask(
        '{ workflowTemplates { name title description parameters taskTypes integrations steps { id name type inside after uses } } }',
      )
      expect(workflowTemplates.map(({ name }: { name: string }) => name)).toEqual(
        listTemplates().map(({ name }) => name),
      )
      const [feature] = workflowTemplates
      expect(feature).toMatchObject({
        name: 'feature-implementation',
        parameters: { type: 'object', properties: { maxRounds: { default: 3 } } },
        taskTypes: ['code_analysis', 'code_generation', 'testing'],
        integrations: ['github'],
      })
      const rounds = feature.steps.find(({ id }: { id: string }) => id === 'rounds')
      expect(rounds).toMatchObject({ type: 'LOOP', inside: null, after: ['analyse'], uses: null })
      expect(feature.steps).toContainEqual(
        expect.objectContaining({ type: 'TASK', inside: 'rounds', uses: 'code_generation', after: [] }),
      )
    })
    expect(statements).toEqual([])
  })

  test('name every integration whose address is a parameter of theirs', () => {
    for (const { parameters, integrations } of listTemplates()) {
      const called = Object.keys(parameters.properties as object).flatMap((name) => /^(\w+)Api$/.exec(name)?.[1] ?? [])
      expect(integrations.toSorted()).toEqual(called.toSorted())
    }
  })

  test('show what they make of parameters, without keeping it', async () => {
    const preview = async (parameters?: object) => {
      const data = await ask(
        `query ($p: JSON) { workflowTemplate(name: "bug-fix") { preview(parameters: $p) {
          definition issues { path message } problems { severity code place } } } }`,
        parameters === undefined ? {} : { p: parameters },
      )
      return data.workflowTemplate.preview
    }
    const made = instantiate('bug-fix', { maxRounds: 7, name: 'ours' })
    const shown = await preview({ maxRounds: 7, name: 'ours' })
    expect(shown).toMatchObject({ definition: made.ok && made.definition, issues: [] })
    expect(shown.problems).toContainEqual(expect.objectContaining({ severity: 'WARNING', code: 'UNKNOWN_TASK_TYPE' }))
    expect((await preview()).definition.name).toBe('bug-fix')
    expect(await preview({ maxRounds: 0, aprover: 'ADMIN' })).toMatchObject({
      definition: null,
      issues: [
        { path: ['parameters', 'aprover'], message: expect.stringContaining('did you mean "approver"?') },
        { path: ['parameters', 'maxRounds'] },
      ],
    })
    expect(await countOf('workflow')).toBe(0)
    expect((await ask('{ workflowTemplate(name: "none") { name } }')).workflowTemplate).toBeNull()
  })

  test('make a workflow, its next version for other parameters, and the same version for the same', async () => {
    const first = await create({ template: 'bug-fix' })
    expect(first).toMatchObject({
      isNew: true,
      version: { number: 1, status: 'READY', workflow: { name: 'bug-fix' } },
      warnings: expect.arrayContaining([expect.objectContaining({ code: 'UNKNOWN_TASK_TYPE' })]),
    })
    expect(await create({ template: 'bug-fix', parameters: { maxRounds: 3 } })).toMatchObject({
      isNew: false,
      version: { number: 1 },
    })
    expect(await create({ template: 'bug-fix', parameters: { maxRounds: 4 }, isDraft: true })).toMatchObject({
      isNew: true,
      version: { number: 2, status: 'DRAFT' },
    })
  })

  test.each(listTemplates().map(({ name, parameters }) => [name, parameters] as const))(
    '%s is made of its defaults and examples',
    async (template, { required, properties }) => {
      const examples = (required as string[]).map((name) => [
        name,
        (properties as Record<string, { examples: unknown[] }>)[name]!.examples[0],
      ])
      const parameters = { ...Object.fromEntries(examples), name: `made-${template}` }
      const made = await create({ template, parameters })
      expect(made.__typename, JSON.stringify(made)).toBe('CreateWorkflowSuccess')
      expect(made.warnings.every(({ code }: { code: string }) => code === 'UNKNOWN_TASK_TYPE')).toBe(true)
    },
  )

  test('refuse parameters with every problem and its path', async () => {
    const refused = await create({ template: 'monitoring-check', parameters: { tries: 'many', ulr: 'x' } })
    expect(refused).toMatchObject({ __typename: 'ValidationError', code: 'VALIDATION' })
    expect(refused.issues).toEqual(
      expect.arrayContaining([
        { path: ['input', 'parameters', 'ulr'], message: 'is no parameter: did you mean "url"?' },
        { path: ['input', 'parameters', 'tries'], message: 'must be integer' },
        { path: ['input', 'parameters'], message: "must have required property 'url'" },
      ]),
    )
    for (const [parameters, path] of [
      [[], ['input', 'parameters']],
      ['x', ['input', 'parameters']],
      [{ name: 'two words' }, ['input', 'parameters', 'name']],
    ] as const)
      expect(await create({ template: 'bug-fix', parameters })).toMatchObject({ issues: [{ path }] })
    expect(await create({ template: 'bug-fx' })).toMatchObject({
      issues: [{ path: ['input', 'template'], message: 'is no template: did you mean "bug-fix"?' }],
    })
    const long = await create({ template: 'x'.repeat(1_000_000) })
    expect(long).toMatchObject({ issues: [{ path: ['input', 'template'] }] })
  })

  test('make workflows that run', async () => {
    await create({ template: 'monitoring-check', parameters: { url: 'https://example.com', name: 'looked' } })
    const id = await runs.execute('looked')
    const { status, steps } = await runs.read(id, 'status steps(first: 10) { nodes { path } }')
    expect(['RUNNING', 'WAITING']).toContain(status)
    expect(steps.nodes).toContainEqual({ path: 'looks' })
  })

  test('are made by those who may make workflows, and seen by those who may see them', async () => {
    const viewer = await graph.key('VIEWER')
    const list = await graph.ask('{ workflowTemplates { name } }', {}, viewer)
    expect(list.data.workflowTemplates).toHaveLength(9)
    const { errors } = await graph.ask(CREATE, { input: { template: 'bug-fix' } }, viewer)
    expect(errors?.[0]?.extensions.code).toBe('FORBIDDEN')
  })
})

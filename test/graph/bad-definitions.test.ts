import { describe, expect, test } from 'vitest'
import { BAD_DEFINITIONS, definitionOfSize, textOf } from '../support/bad-definitions.ts'
import { graphFixture } from '../support/graph-fixture.ts'
import { addTaskType } from '../support/tasks.ts'

const { graph, countOf } = await graphFixture()
await addTaskType(graph.pool, 'work')

const PROBLEMS = 'problems { severity code place line column message expression { text line column } }'

async function create(definition: unknown) {
  const { data, errors } = await graph.ask(
    `mutation ($input: CreateWorkflowInput!) { createWorkflow(input: $input) { __typename
      ... on CreateWorkflowSuccess { warnings { severity code place line message } version { number } }
      ... on UserError { code message path } ... on InvalidWorkflowError { ${PROBLEMS} } } }`,
    { input: { definition } },
  )
  expect(errors).toBeUndefined()
  return data.createWorkflow
}

async function validate(definition: unknown) {
  const { data, errors } = await graph.ask(
    `query ($d: JSON!) { validateWorkflow(definition: $d) { isValid hash ${PROBLEMS} } }`,
    { d: definition },
  )
  expect(errors).toBeUndefined()
  return data.validateWorkflow
}

describe('a definition with', () => {
  test.each(BAD_DEFINITIONS)('$what is refused with its place, and nothing is kept', async (bad) => {
    const text = textOf(bad, 'bad')
    const problem = expect.objectContaining({
      severity: 'ERROR',
      code: bad.code,
      place: bad.place,
      line: bad.line,
      message: expect.stringContaining(bad.says),
    })
    const refused = await create(text)
    expect(refused).toMatchObject({ code: 'INVALID_WORKFLOW', path: ['input', 'definition'] })
    expect(refused.problems).toContainEqual(problem)
    const judged = await validate(text)
    expect(judged).toMatchObject({ isValid: false, hash: null, problems: refused.problems })
    expect(await countOf("workflow WHERE name = 'bad'")).toBe(0)
    if (bad.code === 'BAD_EXPRESSION')
      expect(refused.problems[0].expression).toMatchObject({ text: 'steps.a.output.n >', line: 1 })
  })

  test('a task type that nobody serves yet is kept, with a warning that guesses', async () => {
    const text = textOf({ steps: '  - { id: a, type: TASK, task: wrok }' }, 'guessed')
    const warning = {
      severity: 'WARNING',
      code: 'UNKNOWN_TASK_TYPE',
      place: 'steps[0].task',
      line: 3,
      message: expect.stringContaining('did you mean "work"?'),
    }
    expect(await validate(text)).toMatchObject({ isValid: true, problems: [warning] })
    expect(await create(text)).toMatchObject({ warnings: [warning], version: { number: 1 } })
  })

  test('all that at once is told in one answer, in the order of the text', async () => {
    const whole = BAD_DEFINITIONS.filter(({ code }) => code !== 'NOT_A_DEFINITION')
    // Each in a scope of its own, with ids of its own: an order that is broken in one says nothing of the others.
    const steps = whole.map(({ steps }, at) => {
      const own = steps.replaceAll(
        /\b(id: |steps\.)([a-z]+)\b|(\[|, (?=[a-z]\]))([a-z]+)\b/g,
        (found) => `${found}${at}`,
      )
      return `  - id: holder${at}\n    type: LOOP\n    times: 1\n    steps:\n${own.replaceAll(/^/gm, '    ')}`
    })
    const { problems } = await create(textOf({ steps: steps.join('\n') }, 'all'))
    const codes: string[] = problems.map(({ code }: { code: string }) => code)
    expect(new Set(codes)).toEqual(new Set(whole.map(({ code }) => code)))
    const lines: number[] = problems.map(({ line }: { line: number }) => line)
    expect(lines).toEqual(lines.toSorted((a, b) => a - b))
  })
})

describe('a definition of', () => {
  test('over a megabyte is refused with the limit', async () => {
    for (const refused of [
      await create(definitionOfSize('large', 1_100_000)),
      await create(JSON.parse(definitionOfSize('large', 1_100_000))),
    ])
      expect(refused).toMatchObject({
        code: 'INVALID_WORKFLOW',
        problems: [{ code: 'DEFINITION_TOO_LARGE', message: expect.stringContaining('1,048,576') }],
      })
    expect(await countOf("workflow WHERE name = 'large'")).toBe(0)
  })

  test('10 MB is refused by the door, before any of it is looked at', async () => {
    const memory = process.memoryUsage().rss
    const { status, data, errors } = await graph.ask(
      'mutation ($input: CreateWorkflowInput!) { createWorkflow(input: $input) { __typename } }',
      { input: { definition: definitionOfSize('huge', 10_000_000) } },
    )
    expect(status).toBe(413)
    expect(data).toBeUndefined()
    expect(errors).toMatchObject([
      { message: expect.stringContaining('2097152 bytes'), extensions: { code: 'BODY_TOO_LARGE' } },
    ])
    // The test itself writes and sends it, which takes some.
    expect(process.memoryUsage().rss - memory).toBeLessThan(200_000_000)
  })
})

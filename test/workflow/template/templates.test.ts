import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { JsonSchema, JsonValue } from '../../../src/task/json.ts'
import { createSchemaCheck } from '../../../src/task/schema-check.ts'
import { createWorkflowCheck } from '../../../src/workflow/definition/check-workflow.ts'
import { instantiate, listTemplates, type TemplateInfo } from '../../../src/workflow/template/templates.ts'
import { sized } from '../../support/size.ts'
import { arbitraryOf, needed } from './arbitrary-of.ts'
import { USERS_TYPES } from './users-types.ts'

const check = createWorkflowCheck()
const schemas = createSchemaCheck()
const templates = listTemplates()

const known = {
  taskTypes: new Map(['code_analysis', ...USERS_TYPES].map((name) => [name, {}])),
  workflows: new Map(),
  handlers: new Map(),
}

function problemsOf(name: string, parameters: JsonValue): unknown[] {
  const made = instantiate(name, parameters, schemas)
  return made.ok ? [...check.value(made.definition, known).problems] : [...made.problems]
}

it('are these', () => {
  expect(templates.map(({ name }) => name)).toEqual([
    'feature-implementation',
    'bug-fix',
    'ci-cd-pipeline',
    'data-processing',
    'code-review',
    'pull-request-review',
    'monitoring-check',
    'github-issue-to-linear',
    'deployment-notification',
  ])
})

describe.each(templates.map((template) => [template.name, template] as const))('%s', (name, template) => {
  const { parameters }: TemplateInfo = template
  const properties = parameters.properties as Record<string, JsonSchema>

  it('describes itself and every parameter, with defaults and examples that fit', () => {
    expect([template.title, template.description].every((text) => text.length > 5)).toBe(true)
    expect(schemas.problemOfSchema(JSON.stringify(parameters))).toBeNull()
    for (const [parameter, schema] of Object.entries(properties)) {
      expect(schema.description, parameter).toMatch(/^[A-Z]/)
      const values = 'default' in schema ? [schema.default] : (schema.examples as JsonValue[])
      for (const value of values) expect(schemas.problems(JSON.stringify(schema), value, [parameter])).toEqual([])
    }
  })

  it('makes a definition without a problem of its defaults, called as it is', () => {
    expect(problemsOf(name, needed(parameters))).toEqual([])
    const made = instantiate(name, needed(parameters))
    expect(made).toMatchObject({ ok: true, definition: { name } })
    expect(instantiate(name, { ...needed(parameters), name: 'mine' })).toMatchObject({ definition: { name: 'mine' } })
  })

  it('makes definitions without a problem of whatever its parameters let through', () => {
    const all = fc.record(
      Object.fromEntries(Object.entries(properties).map(([parameter, schema]) => [parameter, arbitraryOf(schema)])),
      { requiredKeys: parameters.required as string[] },
    )
    fc.assert(
      fc.property(all, (given) => {
        expect(problemsOf(name, given as JsonValue)).toEqual([])
      }),
      { numRuns: sized(100, 2_000) },
    )
  })

  it('tells of parameters that it does not have or that do not fit, with their paths', () => {
    expect(instantiate(name, { ...needed(parameters), nothing: 1 })).toMatchObject({
      ok: false,
      problems: [{ path: ['parameters', 'nothing'] }],
    })
    expect(instantiate(name, { ...needed(parameters), name: 'a b' })).toMatchObject({
      ok: false,
      problems: [{ path: ['parameters', 'name'] }],
    })
    expect(instantiate(name, [] as never)).toMatchObject({ ok: false, problems: [{ path: ['parameters'] }] })
  })
})

it('tells of a template that there is not, and which was probably meant', () => {
  expect(instantiate('bug-fx')).toEqual({
    ok: false,
    problems: [{ path: ['template'], message: 'is no template: did you mean "bug-fix"?' }],
  })
  expect(instantiate('nothing')).toMatchObject({ problems: [{ path: ['template'] }] })
})

it('tells every problem of parameters at once', () => {
  const made = instantiate('github-issue-to-linear', { teamId: 'a b', priority: 9, comments: 'yes' })
  expect(made.ok ? [] : made.problems.map(({ path }) => path[1])).toEqual(
    expect.arrayContaining(['teamId', 'priority', 'comments']),
  )
  expect(instantiate('github-issue-to-linear')).toMatchObject({
    ok: false,
    problems: [{ path: expect.arrayContaining(['parameters']) }],
  })
})

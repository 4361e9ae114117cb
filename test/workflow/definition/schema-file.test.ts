import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { expect, test } from 'vitest'
import { DEFINITION_SCHEMA } from '../../../src/workflow/definition/schema/definition-schema.ts'
import { WHOLE_DEFINITION } from './samples.ts'

const published = JSON.parse(readFileSync('workflow.schema.json', 'utf8')) as Record<string, unknown>

test('the published schema is that which definitions are held to; else: npm run workflow-schema', () => {
  expect(published).toEqual(JSON.parse(JSON.stringify(DEFINITION_SCHEMA)))
})

test('a checker that knows nothing of ours takes it, and holds definitions to it', () => {
  const fits = new Ajv2020({ strict: false }).compile(published)
  expect(fits(WHOLE_DEFINITION)).toBe(true)
  expect(fits({ ...WHOLE_DEFINITION, stepz: [] })).toBe(false)
  const [first, ...others] = WHOLE_DEFINITION.steps
  expect(fits({ ...WHOLE_DEFINITION, steps: [{ ...first, tsk: 'a' }, ...others] })).toBe(false)
})

test('everything in it explains itself', () => {
  const silent: string[] = []
  const visit = (schema: unknown, path: string): void => {
    const { properties, items, $defs, oneOf, description, $ref } = (schema ?? {}) as Record<
      string,
      Record<string, unknown>
    >
    if (description === undefined && $ref === undefined) silent.push(path)
    for (const [name, part] of Object.entries({ ...properties, ...$defs })) visit(part, `${path}/${name}`)
    if (items !== undefined) visit(items, `${path}/items`)
    if (oneOf !== undefined) for (const [at, part] of Object.entries(oneOf)) visit(part, `${path}/${at}`)
  }
  visit(published, '')
  expect(silent).toEqual([])
})

import { expect, test } from 'vitest'
import { createSchemaCheck } from '../../src/task/schema-check.ts'

const schemas = createSchemaCheck()

test('true takes everything, false nothing', () => {
  expect(schemas.problemOfSchema('true')).toBeNull()
  expect(schemas.problems('true', { a: 1 }, [])).toEqual([])
  expect(schemas.problems('false', { a: 1 }, ['input'])).toEqual([{ path: ['input'], message: expect.any(String) }])
})

test('versions of a schema may have one $id', () => {
  const of = (type: string) => JSON.stringify({ $id: 'urn:mine', type })
  expect(schemas.problems(of('string'), 1, [])).toHaveLength(1)
  expect(schemas.problems(of('number'), 1, [])).toEqual([])
})

test('what is no schema says why', () => {
  expect(schemas.problemOfSchema('{"type": "nothing"}')).toContain('type')
  expect(schemas.problemOfSchema('{"$ref": "#/nowhere"}')).toContain('nowhere')
})

test('schemas that speak of themselves work, however many there are', () => {
  const tree = (name: string) =>
    JSON.stringify({
      type: 'object',
      required: [name],
      properties: { [name]: { type: 'array', items: { $ref: '#' } } },
    })
  for (let at = 0; at < 1_500; at++) expect(schemas.problemOfSchema(tree(`n${at}`))).toBeNull()
  expect(schemas.problems(tree('n0'), { n0: [{ n0: [] }] }, [])).toEqual([])
  expect(schemas.problems(tree('n0'), { n0: [{ n1: [] }] }, [])).toMatchObject([{ path: ['n0', 0] }])
})

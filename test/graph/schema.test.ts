import { readFileSync } from 'node:fs'
import {
  type GraphQLNamedType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isIntrospectionType,
  isObjectType,
  isSpecifiedScalarType,
  validateSchema,
} from 'graphql'
import { expect, test } from 'vitest'
import { printGraph } from '../../src/graph/print-schema.ts'
import { schema } from '../../src/graph/schema.ts'

test('the graph is a valid schema', () => {
  expect(validateSchema(schema)).toEqual([])
})

test('every type, field, argument, input field and enum value of the graph is described', () => {
  const own = Object.values(schema.getTypeMap()).filter(
    (type) => !isIntrospectionType(type) && !isSpecifiedScalarType(type),
  )
  const bare = own.flatMap(elementsOf).filter(([, description]) => !/^[A-Z`].{6,}[.:)]$/s.test(description ?? ''))
  expect(bare.map(([name]) => name)).toEqual([])
})

function elementsOf(type: GraphQLNamedType): [name: string, description: string | null | undefined][] {
  const own: [string, string | null | undefined] = [type.name, type.description]
  if (isEnumType(type))
    return [
      own,
      ...type.getValues().map((value) => [`${type.name}.${value.name}`, value.description] as [string, string]),
    ]
  if (isInputObjectType(type)) {
    return [
      own,
      ...Object.values(type.getFields()).map(
        (field) => [`${type.name}.${field.name}`, field.description] as [string, string],
      ),
    ]
  }
  if (!isObjectType(type) && !isInterfaceType(type)) return [own]
  return [
    own,
    ...Object.values(type.getFields()).flatMap((field): [string, string | null | undefined][] => [
      [`${type.name}.${field.name}`, field.description],
      ...field.args.map((arg): [string, string | null | undefined] => [
        `${type.name}.${field.name}(${arg.name})`,
        arg.description,
      ]),
    ]),
  ]
}

test('schema.graphql holds what the code says', () => {
  expect(readFileSync(new URL('../../schema.graphql', import.meta.url), 'utf8'), 'run: npm run schema').toBe(
    printGraph(),
  )
})

test('every field of the root has a rule of access', () => {
  const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()]
  const open = roots.flatMap((root) =>
    Object.values(root?.getFields() ?? {})
      .filter(
        ({ extensions }) => (extensions.pothosOptions as { authScopes?: object } | undefined)?.authScopes === undefined,
      )
      .map(({ name }) => `${root?.name}.${name}`),
  )
  expect(open).toEqual([])
})

import {
  type GraphQLNamedType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isIntrospectionType,
  isObjectType,
  isSpecifiedScalarType,
} from 'graphql'
import { expect, test } from 'vitest'
import { schema } from '../../src/graph/schema.ts'

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

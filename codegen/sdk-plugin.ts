import type { CodegenPlugin } from '@graphql-codegen/plugin-helpers'
import {
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLSchema,
  Kind,
  type OperationDefinitionNode,
  print,
  stripIgnoredCharacters,
  visit,
} from 'graphql'

/**
 * Emits `getSdk(transport)`: one method for each operation, that answers with the value of its one root field.
 *
 * Queries and mutations return promises, subscriptions AsyncIterables. Documents are emitted as text, so the SDK does not need
 * graphql when it runs. Texts of fragments are shared: written into each operation they would make four fifths of the SDK.
 */
export const plugin: CodegenPlugin['plugin'] = (schema, documents) => {
  const definitions = documents.flatMap(({ document }) => document?.definitions ?? [])
  const fragments = new Map(
    definitions.filter((node) => node.kind === Kind.FRAGMENT_DEFINITION).map((node) => [node.name.value, node]),
  )
  const operations = definitions
    .filter((node) => node.kind === Kind.OPERATION_DEFINITION)
    .toSorted((a, b) => nameOf(a).localeCompare(nameOf(b)))
  return {
    prepend: ["import type { CallOptions, Operation, Transport } from '../transport.ts'\n"],
    content: [
      ...[...fragments.values()].filter((fragment) => isUsed(fragment, operations, fragments)).map(fragmentOf),
      '',
      ...operations.map((operation) => documentOf(operation, fragments)),
      '/** The operations of the graph, over a transport. */',
      'export function getSdk(transport: Transport) {',
      '  return {',
      ...operations.map((operation) => methodOf(operation, schema)),
      '  }',
      '}',
      '',
      '/** One method for each operation. */',
      'export type Sdk = ReturnType<typeof getSdk>',
      '',
    ].join('\n'),
  }
}

function documentOf(operation: OperationDefinitionNode, fragments: Map<string, FragmentDefinitionNode>): string {
  const text = [textOf(operation), ...[...fragmentsOf(operation, fragments)].map(constantOf)].join(' + ')
  const { data, variables } = typesOf(operation)
  const { name, kind, field } = { name: nameOf(operation), kind: operation.operation, field: rootFieldOf(operation) }
  return `const ${name}Operation: Operation<${data}['${field}'], ${variables}> = {
  name: '${name}',
  kind: '${kind}',
  field: '${field}',
  text: ${text},
}
`
}

function fragmentOf(fragment: FragmentDefinitionNode): string {
  return `const ${constantOf(fragment)} = ${textOf(fragment)}`
}

function constantOf({ name }: FragmentDefinitionNode): string {
  return `${name.value}Text`
}

/** As a literal. */
function textOf(node: OperationDefinitionNode | FragmentDefinitionNode): string {
  return JSON.stringify(stripIgnoredCharacters(print(node)))
}

function isUsed(
  fragment: FragmentDefinitionNode,
  operations: readonly OperationDefinitionNode[],
  fragments: Map<string, FragmentDefinitionNode>,
): boolean {
  return operations.some((operation) => fragmentsOf(operation, fragments).has(fragment))
}

/** All that an operation spreads, also by other fragments. */
function fragmentsOf(
  operation: OperationDefinitionNode,
  fragments: Map<string, FragmentDefinitionNode>,
): ReadonlySet<FragmentDefinitionNode> {
  const used = new Set<FragmentDefinitionNode>()
  collectFragments(operation, fragments, used)
  return used
}

function collectFragments(
  node: OperationDefinitionNode | FragmentDefinitionNode,
  fragments: Map<string, FragmentDefinitionNode>,
  used: Set<FragmentDefinitionNode>,
): void {
  visit(node, {
    FragmentSpread({ name }) {
      const fragment = fragments.get(name.value)
      if (fragment === undefined) throw new Error(`No document has the fragment ${name.value}`)
      if (used.has(fragment)) return
      used.add(fragment)
      collectFragments(fragment, fragments, used)
    },
  })
}

function methodOf(operation: OperationDefinitionNode, schema: GraphQLSchema): string {
  const name = nameOf(operation)
  const field = schema.getRootType(operation.operation)?.getFields()[rootFieldOf(operation)]
  const isOptional = (operation.variableDefinitions ?? []).every(({ type }) => type.kind !== Kind.NON_NULL_TYPE)
  const verb = operation.operation === 'subscription' ? 'subscribe' : 'request'
  const { variables } = typesOf(operation)
  return [
    `    /** ${field?.description ?? name} */`,
    `    ${name}: (variables: ${variables}${isOptional ? ' = {}' : ''}, options?: CallOptions) =>`,
    `      transport.${verb}(${name}Operation, variables, options),`,
  ].join('\n')
}

function typesOf(operation: OperationDefinitionNode): { data: string; variables: string } {
  const data = `${capitalised(nameOf(operation))}${capitalised(operation.operation)}`
  return { data, variables: `${data}Variables` }
}

function nameOf(operation: OperationDefinitionNode): string {
  if (operation.name === undefined) throw new Error('Every operation of the SDK needs a name: it becomes the method')
  return operation.name.value
}

/** The response key of the one root field: answers are its value, so there must be exactly one. */
function rootFieldOf(operation: OperationDefinitionNode): string {
  const [field, ...others] = operation.selectionSet.selections
  if (field?.kind !== Kind.FIELD || others.length > 0 || (field as FieldNode).alias !== undefined) {
    throw new Error(`${nameOf(operation)} must select exactly one root field, without alias`)
  }
  return field.name.value
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

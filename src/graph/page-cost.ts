import type { ExecutionArgs, GraphQLError } from 'graphql'
import {
  type GraphQLCompositeType,
  getArgumentValues,
  getNamedType,
  getOperationAST,
  isCompositeType,
  isInterfaceType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql'
import type { Plugin } from 'graphql-yoga'
import { requestError } from './request-error.ts'

/** Most objects that one operation may ask for, by the sizes of its pages. */
export const MAX_OBJECTS = 20_000

const DEFAULT_PAGE = 20
/** What a list without a page size is taken to hold. */
const PLAIN_LIST = 10

/** Refuses operations whose pages within pages could hold too many objects. */
export function usePageCost(max: number): Plugin {
  return {
    onExecute({ args, setResultAndStopExecution }) {
      const error = costError(args, max)
      if (error !== null) setResultAndStopExecution({ errors: [error] })
    },
    onSubscribe({ args, setResultAndStopExecution }) {
      const error = costError(args, max)
      if (error !== null) setResultAndStopExecution({ errors: [error] })
    },
  }
}

function costError(args: ExecutionArgs, max: number): GraphQLError | null {
  const cost = costOf(args)
  if (cost <= max) return null
  return requestError(
    'QUERY_TOO_LARGE',
    `The operation could answer with ${cost} objects: at most ${max} are taken. Ask for smaller pages, or for less in each.`,
    { cost, limit: max },
  )
}

/** How many objects an operation could answer with, taking every page as full. */
export function costOf({ schema, document, operationName, variableValues }: ExecutionArgs): number {
  const operation = getOperationAST(document, operationName)
  const root = operation && schema.getRootType(operation.operation)
  if (!operation || !root) return 0
  return costOfSet({ schema, document, variableValues: variableValues ?? {} } as Walk, root, operation.selectionSet)
}

type Walk = Pick<ExecutionArgs, 'schema' | 'document'> & {
  readonly variableValues: { readonly [name: string]: unknown }
}

function costOfSet(
  walk: Walk,
  type: GraphQLCompositeType,
  set: OperationDefinitionNode['selectionSet'] | SelectionSetNode,
): number {
  let cost = 0
  for (const selection of set.selections) {
    if (selection.kind === Kind.FIELD) {
      cost += costOfField(walk, type, selection)
    } else if (selection.kind === Kind.INLINE_FRAGMENT) {
      cost += costOfSet(walk, narrowed(walk, type, selection.typeCondition?.name.value), selection.selectionSet)
    } else {
      const fragment = walk.document.definitions.find(
        (one) => one.kind === Kind.FRAGMENT_DEFINITION && one.name.value === selection.name.value,
      )
      if (fragment?.kind === Kind.FRAGMENT_DEFINITION) {
        cost += costOfSet(walk, narrowed(walk, type, fragment.typeCondition.name.value), fragment.selectionSet)
      }
    }
  }
  return cost
}

function costOfField(
  walk: Walk,
  parent: GraphQLCompositeType,
  node: Parameters<typeof getArgumentValues>[1] & { kind: Kind.FIELD },
): number {
  if (node.selectionSet === undefined || !(isObjectType(parent) || isInterfaceType(parent))) return 0
  const field = parent.getFields()[node.name.value]
  const type = field && getNamedType(field.type)
  if (!field || !isCompositeType(type)) return 0
  const below = costOfSet(walk, type, node.selectionSet)
  const sizes = getArgumentValues(field, node, walk.variableValues)
  const isPaged = field.args.some(({ name }) => name === 'first')
  if (isPaged) return (Number(sizes.first ?? sizes.last ?? DEFAULT_PAGE) || DEFAULT_PAGE) * Math.max(below, 1)
  // Edges and nodes of a page have been counted by the page.
  const isOfPage = parent.name.endsWith('Connection') || parent.name.endsWith('Page') || parent.name.endsWith('Batch')
  const isList = String(field.type).startsWith('[')
  return (isList && !isOfPage ? PLAIN_LIST : 1) * (1 + below)
}

function narrowed(walk: Walk, type: GraphQLCompositeType, name: string | undefined): GraphQLCompositeType {
  const condition = name === undefined ? undefined : walk.schema.getType(name)
  return isCompositeType(condition) ? condition : type
}

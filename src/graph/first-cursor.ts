import {
  BREAK,
  type DocumentNode,
  type ExecutionArgs,
  type GraphQLSchema,
  TypeInfo,
  visit,
  visitWithTypeInfo,
} from 'graphql'
import type { Plugin } from 'graphql-yoga'
import type { GraphContext } from './context.ts'

const asksForCursor = new WeakMap<DocumentNode, boolean>()

/**
 * Takes the position in the event log before an operation reads anything, when the operation asks for `Task.cursor`.
 *
 * A cursor taken after a task was read would skip what happened in between.
 */
export function useFirstCursor(): Plugin<GraphContext> {
  const take = async ({ args, extendContext }: Hook) => {
    if (!selectsCursor(args.schema, args.document)) return
    extendContext({ cursorBeforeReads: await (args.contextValue as GraphContext).events.readCursor() })
  }
  return { onExecute: take, onSubscribe: take }
}

interface Hook {
  readonly args: ExecutionArgs
  readonly extendContext: (extension: Partial<GraphContext>) => void
}

function selectsCursor(schema: GraphQLSchema, document: DocumentNode): boolean {
  const known = asksForCursor.get(document)
  if (known !== undefined) return known
  let isFound = false
  const types = new TypeInfo(schema)
  const visitor = visitWithTypeInfo(types, {
    Field({ name }) {
      if (name.value !== 'cursor' || types.getParentType()?.name !== 'Task') return undefined
      isFound = true
      return BREAK
    },
  })
  visit(document, visitor)
  asksForCursor.set(document, isFound)
  return isFound
}

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

/** Types whose field `cursor` is a position in the log. */
const WITH_CURSOR = ['Task', 'WorkflowRun']

const asksForCursor = new WeakMap<DocumentNode, boolean>()

/**
 * Takes the position in the event log before an operation reads anything, when the operation asks for the cursor of a
 * task or run.
 *
 * A cursor taken after it was read would skip what happened in between.
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
      if (name.value !== 'cursor' || !WITH_CURSOR.includes(types.getParentType()?.name ?? '')) return undefined
      isFound = true
      return BREAK
    },
  })
  visit(document, visitor)
  asksForCursor.set(document, isFound)
  return isFound
}

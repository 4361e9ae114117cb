import { BREAK, type DocumentNode, Kind, visit } from 'graphql'
import type { Plugin } from 'graphql-yoga'
import type { GraphContext } from './context.ts'

const asksForCursor = new WeakMap<DocumentNode, boolean>()

/**
 * Takes the position in the event log before an operation reads anything, when the operation asks for `cursor`.
 *
 * A cursor taken after a task was read would skip what happened in between.
 */
export function useFirstCursor(): Plugin<GraphContext> {
  return {
    async onExecute({ args, extendContext }) {
      if (!selectsCursor(args.document)) return
      extendContext({ cursorBeforeReads: await (args.contextValue as GraphContext).events.readCursor() })
    },
    async onSubscribe({ args, extendContext }) {
      if (!selectsCursor(args.document)) return
      extendContext({ cursorBeforeReads: await (args.contextValue as GraphContext).events.readCursor() })
    },
  }
}

function selectsCursor(document: DocumentNode): boolean {
  const known = asksForCursor.get(document)
  if (known !== undefined) return known
  let isFound = false
  visit(document, {
    [Kind.FIELD]: ({ name }) => {
      if (name.value !== 'cursor') return undefined
      isFound = true
      return BREAK
    },
  })
  asksForCursor.set(document, isFound)
  return isFound
}

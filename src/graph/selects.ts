import { type GraphQLResolveInfo, Kind, type SelectionSetNode } from 'graphql'

/** Whether the field of this resolver is asked for a field of its own, also by a fragment. Directives do not count. */
export function selects({ fieldNodes, fragments }: GraphQLResolveInfo, name: string): boolean {
  const within = (set: SelectionSetNode | undefined): boolean =>
    set?.selections.some((selection) => {
      switch (selection.kind) {
        case Kind.FIELD:
          return selection.name.value === name
        case Kind.INLINE_FRAGMENT:
          return within(selection.selectionSet)
        case Kind.FRAGMENT_SPREAD:
          return within(fragments[selection.name.value]?.selectionSet)
        default:
          return selection satisfies never
      }
    }) ?? false
  return fieldNodes.some(({ selectionSet }) => within(selectionSet))
}

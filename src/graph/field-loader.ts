import DataLoader from 'dataloader'
import type { FieldNode, GraphQLResolveInfo } from 'graphql'

type FieldLoaders<Value> = WeakMap<FieldNode, DataLoader<string, Value | null>>

/**
 * Loads objects by id in one batch for all rows of a list that resolve the same field of a document.
 *
 * The field decides what is selected, so each field has a loader of its own; nothing is kept between batches, because a
 * subscription's context lives long and must read anew for every event.
 *
 * @param load reads the objects in any order; those that are missing are null
 */
export function createFieldLoader<Context extends object, Value extends { readonly id: string }>(
  load: (context: Context, info: GraphQLResolveInfo, ids: readonly string[]) => Promise<readonly Value[]>,
): (context: Context, info: GraphQLResolveInfo, id: string) => Promise<Value | null> {
  const loadersOfContext = new WeakMap<Context, FieldLoaders<Value>>()
  return (context, info, id) => {
    let loaders = loadersOfContext.get(context)
    if (loaders === undefined) {
      loaders = new WeakMap()
      loadersOfContext.set(context, loaders)
    }
    const field = info.fieldNodes[0]!
    let loader = loaders.get(field)
    if (loader === undefined) {
      loader = new DataLoader(async (ids) => inOrder(ids, await load(context, info, [...new Set(ids)])), {
        cache: false,
      })
      loaders.set(field, loader)
    }
    return loader.load(id)
  }
}

function inOrder<Value extends { readonly id: string }>(
  ids: readonly string[],
  values: readonly Value[],
): (Value | null)[] {
  const byId = new Map(values.map((value) => [value.id, value]))
  return ids.map((id) => byId.get(id) ?? null)
}

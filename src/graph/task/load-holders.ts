import DataLoader from 'dataloader'
import type { GraphQLResolveInfo } from 'graphql'
import type { Task } from '../../infra/generated/prisma/client.ts'
import { readHolders } from '../../pool/store.ts'
import type { GraphContext } from '../context.ts'
import { loadTask } from './load-task.ts'

const MOST_HOLDERS = 10

const loaderOfContext = new WeakMap<GraphContext, DataLoader<string, readonly string[]>>()

/** Tasks that own slots of a limit, in the order of the slots, at most ten: two statements for all limits that are asked about at once. */
export async function loadHolders(context: GraphContext, info: GraphQLResolveInfo, limit: string): Promise<Task[]> {
  let loader = loaderOfContext.get(context)
  if (loader === undefined) {
    loader = new DataLoader(
      async (limits) => {
        const holders = await readHolders(context.db, context.tenant, [...new Set(limits)], MOST_HOLDERS)
        return limits.map((one) => holders.get(one) ?? [])
      },
      { cache: false },
    )
    loaderOfContext.set(context, loader)
  }
  const ids = await loader.load(limit)
  const tasks = await Promise.all(ids.map((id) => loadTask(context, info, id)))
  return tasks.filter((task) => task !== null)
}

import DataLoader from 'dataloader'
import { readEvents, type ShownEvent } from '../../wait/store/read-events.ts'
import type { GraphContext } from '../context.ts'

const loaderOfContext = new WeakMap<GraphContext, DataLoader<string, ShownEvent | null>>()

/** The event from outside with this uuid, in one statement for all that are asked for at once; null when it is not kept any more. */
export function loadReceivedEvent(context: GraphContext, id: string): Promise<ShownEvent | null> {
  let loader = loaderOfContext.get(context)
  if (loader === undefined) {
    loader = new DataLoader(
      async (ids) => {
        const events = await readEvents(context.db, context.tenant, [...new Set(ids)])
        const byId = new Map(events.map((event) => [event.id, event]))
        return ids.map((one) => byId.get(one) ?? null)
      },
      { cache: false },
    )
    loaderOfContext.set(context, loader)
  }
  return loader.load(id)
}

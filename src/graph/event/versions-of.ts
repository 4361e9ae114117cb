import type { GraphContext } from '../context.ts'
import type { EventFilter } from './event-reader.ts'
import { whileWelcome } from './feed.ts'

/**
 * The newest version that each batch of events about one thing speaks of; infinity where events were lost meanwhile.
 *
 * @param filter finds the events of that one thing
 * @param start position in the log after which they are wanted
 */
export async function* versionsOf(
  context: GraphContext,
  filter: EventFilter,
  start: string,
  signal: AbortSignal,
): AsyncGenerator<number, void, undefined> {
  const { tenant, events } = context
  let after = start
  while (!signal.aborted) {
    const feed = events.openFeed({ tenant, after, filter, signal })
    for await (const item of whileWelcome(context, feed, signal)) {
      if (item.kind === 'expired') {
        // Nothing was said while the events went: whatever the version is now is news.
        after = item.now
        yield Number.POSITIVE_INFINITY
        break
      }
      after = item.cursor
      yield Math.max(0, ...item.events.map(({ version }) => version ?? 0))
    }
  }
}

import type { GraphContext } from '../context.ts'
import { unauthenticated } from '../request-error.ts'

const CHECK_ACCESS_EVERY_MS = 1_000

/**
 * What one subscriber takes, made so that it ends at once when the subscriber leaves or its connection closes.
 *
 * A generator alone would not: it returns only after the `next` under way, which may wait for an event that never comes.
 *
 * @param run makes the items; the signal ends what it waits for
 */
export function untilLeft<Item>(
  { signal: closed }: GraphContext,
  run: (signal: AbortSignal) => AsyncGenerator<Item, void, undefined>,
): AsyncIterableIterator<Item, undefined> {
  const leaving = new AbortController()
  const items = run(AbortSignal.any([leaving.signal, closed]))
  const leave = async (): Promise<IteratorResult<Item, undefined>> => {
    leaving.abort()
    await items.return()
    return { done: true, value: undefined }
  }
  const subscription: AsyncIterableIterator<Item, undefined> = {
    [Symbol.asyncIterator]: () => subscription,
    next: async () => {
      const { done, value } = await items.next()
      return done ? { done, value: undefined } : { done: false, value: value as Item }
    },
    return: leave,
    throw: leave,
  }
  return subscription
}

/**
 * Passes a feed on to one subscriber for as long as it listens and is welcome.
 *
 * It takes the next batch only when the last has been sent, so nothing is kept for a slow reader.
 */
export function feedOf<Item extends { readonly kind: string }>(
  context: GraphContext,
  open: (signal: AbortSignal) => AsyncIterable<Item>,
): AsyncIterableIterator<Item, undefined> {
  return untilLeft(context, async function* (signal) {
    for await (const item of whileWelcome(context, open(signal), signal)) {
      yield item
      if (item.kind === 'expired') return
    }
  })
}

/** The items of a feed, with the subscriber's key looked at again about once a second while there are any. */
export async function* whileWelcome<Item>(
  context: GraphContext,
  feed: AsyncIterable<Item>,
  signal: AbortSignal,
): AsyncGenerator<Item, void, undefined> {
  let checkedAt = performance.now()
  try {
    for await (const item of feed) {
      if (performance.now() - checkedAt > CHECK_ACCESS_EVERY_MS) {
        await assertWelcome(context)
        checkedAt = performance.now()
      }
      yield item
    }
  } catch (error) {
    // The subscriber is gone: there is nobody to tell.
    if (!signal.aborted) throw error
  }
}

async function assertWelcome({ authenticator, principal }: GraphContext): Promise<void> {
  if (principal !== null && (await authenticator.isStillWelcome(principal))) return
  throw unauthenticated('The API key was revoked or has expired. Connect again with another one.')
}

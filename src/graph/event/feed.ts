import type { GraphContext } from '../context.ts'
import { unauthenticated } from '../request-error.ts'

const CHECK_ACCESS_EVERY_MS = 1_000

/**
 * Passes a feed on to one subscriber for as long as it listens and is welcome.
 *
 * It takes the next batch only when the last has been sent, so nothing is kept for a slow reader. Its signal fires when the
 * subscriber leaves, in whatever way, and when its connection closes.
 */
export async function* feedOf<Item extends { readonly kind: string }>(
  context: GraphContext,
  open: (signal: AbortSignal) => AsyncIterable<Item>,
): AsyncGenerator<Item, void, undefined> {
  const leaving = new AbortController()
  const signal = AbortSignal.any([leaving.signal, context.signal])
  let checkedAt = performance.now()
  try {
    for await (const item of open(signal)) {
      if (performance.now() - checkedAt > CHECK_ACCESS_EVERY_MS) {
        await assertWelcome(context)
        checkedAt = performance.now()
      }
      yield item
      if (item.kind === 'expired') return
    }
  } catch (error) {
    // The subscriber is gone: there is nobody to tell.
    if (!signal.aborted) throw error
  } finally {
    leaving.abort()
  }
}

/** @throws GraphQLError UNAUTHENTICATED when the key was revoked or has expired since the subscription began */
export async function assertWelcome({ authenticator, principal }: GraphContext): Promise<void> {
  if (principal !== null && (await authenticator.isStillWelcome(principal))) return
  throw unauthenticated('The API key was revoked or has expired. Connect again with another one.')
}

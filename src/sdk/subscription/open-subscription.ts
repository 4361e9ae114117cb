import type { Subscription } from '../transport.ts'

/**
 * Makes a subscription of a generator that ends when its signal fires.
 *
 * A generator alone would let `return()` wait for a value that may never come; here it ends what is waited for.
 */
export function openSubscription<Data>(
  run: (signal: AbortSignal) => AsyncGenerator<Data, undefined, undefined>,
  outer?: AbortSignal,
): Subscription<Data> {
  const leaving = new AbortController()
  const values = run(outer === undefined ? leaving.signal : AbortSignal.any([leaving.signal, outer]))
  const subscription: Subscription<Data> = {
    next: () => values.next(),
    return: () => {
      leaving.abort()
      return values.return(undefined)
    },
    [Symbol.asyncIterator]: () => subscription,
    [Symbol.asyncDispose]: async () => {
      await subscription.return()
    },
  }
  return subscription
}

import type { Sink } from '../socket/connection.ts'
import type { Closing } from '../socket/protocol.ts'
import type { GraphQLAnswer, GraphQLProblem } from '../transport.ts'

/** Answers kept for a consumer that is slower than the server; with more the server is told to stop. */
const MAX_WAITING = 64

/** What a socket delivered for one subscription, in order. */
export type Delivery =
  | { readonly kind: 'answer'; readonly answer: GraphQLAnswer }
  | { readonly kind: 'failed'; readonly problems: readonly GraphQLProblem[] }
  | { readonly kind: 'completed' }
  | { readonly kind: 'lost'; readonly closing: Closing }
  /** The consumer was too slow: the rest is to be asked for again. */
  | { readonly kind: 'overflow' }
  | { readonly kind: 'aborted' }

/** Between a socket that pushes and one consumer that pulls. */
export interface Inbox extends Sink {
  /** The next delivery; every kind but `answer` is the last. */
  take(): Promise<Delivery>
}

/**
 * Keeps what comes until it is taken, and ends at once when the signal fires.
 *
 * @param onOverflow called once when the inbox is full: nothing more is kept
 */
export function createInbox(signal: AbortSignal, onOverflow: () => void): Inbox {
  const waiting: Delivery[] = []
  let isClosed = false
  let wake = (): void => undefined
  signal.addEventListener('abort', () => wake(), { once: true })

  function put(delivery: Delivery): void {
    if (isClosed) return
    isClosed = delivery.kind !== 'answer'
    waiting.push(delivery)
    wake()
  }

  return {
    next(answer) {
      put({ kind: 'answer', answer })
      if (waiting.length < MAX_WAITING || isClosed) return
      put({ kind: 'overflow' })
      onOverflow()
    },
    failed: (problems) => put({ kind: 'failed', problems }),
    completed: () => put({ kind: 'completed' }),
    lost: (closing) => put({ kind: 'lost', closing }),
    async take() {
      while (waiting.length === 0 && !signal.aborted) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
      return signal.aborted ? { kind: 'aborted' } : waiting.shift()!
    },
  }
}

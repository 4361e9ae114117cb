/** Collects items and hands them on in batches. */
export interface Batcher<Item, Answer> {
  /** Resolves with what the flush answered for this item. Rejects when the batcher gave up on it. */
  add(item: Item): Promise<Answer>
  /** Items that have not been answered. */
  readonly size: number
  /** Resolves when nothing is waiting or under way. */
  idle(): Promise<void>
}

/**
 * Flushes whatever came in while the last flush was under way: batches grow with the load and there is no timer, so an
 * idle system answers at once.
 *
 * @param flush answers for each item, in order; called with one batch at a time
 * @param largest most items in one batch
 */
export function createBatcher<Item, Answer>(
  flush: (items: readonly Item[]) => Promise<readonly Answer[]>,
  largest: number,
): Batcher<Item, Answer> {
  type Entry = { item: Item; resolve: (answer: Answer) => void; reject: (error: unknown) => void }
  const waiting: Entry[] = []
  let underWay = 0
  let idleWaiters: (() => void)[] = []

  const answer = async (batch: readonly Entry[]): Promise<void> => {
    try {
      const answers = await flush(batch.map(({ item }) => item))
      for (const [index, { resolve }] of batch.entries()) resolve(answers[index]!)
    } catch (error) {
      for (const { reject } of batch) reject(error)
    }
  }

  const run = async (): Promise<void> => {
    // Handlers that end in the same turn share the first batch.
    await new Promise((resolve) => setImmediate(resolve))
    while (waiting.length > 0) {
      const batch = waiting.splice(0, largest)
      underWay = batch.length
      await answer(batch)
      underWay = 0
    }
    running = null
    for (const resolve of idleWaiters) resolve()
    idleWaiters = []
  }
  let running: Promise<void> | null = null

  return {
    add(item) {
      return new Promise((resolve, reject) => {
        waiting.push({ item, resolve, reject })
        running ??= run()
      })
    },
    get size() {
      return waiting.length + underWay
    },
    idle() {
      return running === null ? Promise.resolve() : new Promise((resolve) => idleWaiters.push(resolve))
    },
  }
}

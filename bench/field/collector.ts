/** Collects items and writes them in batches: whatever came in while the last batch was being written. */
export interface Collector<Item> {
  add(item: Item): void
  /** Resolves when all that was added is written. */
  flushed(): Promise<void>
}

/** @param write called with one batch at a time; an error ends the process, for a bench that loses rows measures nothing */
export function createCollector<Item>(write: (items: readonly Item[]) => Promise<void>): Collector<Item> {
  let waiting: Item[] = []
  let running: Promise<void> | null = null
  const run = async (): Promise<void> => {
    await new Promise((resolve) => setImmediate(resolve))
    while (waiting.length > 0) {
      const batch = waiting
      waiting = []
      await write(batch)
    }
    running = null
  }
  return {
    add(item) {
      waiting.push(item)
      running ??= run()
    },
    async flushed() {
      while (running !== null) await running
    },
  }
}

/**
 * What several sources say, as it comes. Of a slow reader no source is more than one item ahead. Ends when all have ended; an error of
 * one is the error of all.
 */
export async function* merge<Item>(...sources: readonly AsyncIterable<Item>[]): AsyncGenerator<Item, void, undefined> {
  const iterators = sources.map((source) => source[Symbol.asyncIterator]())
  const waiting = new Map(iterators.map((iterator) => [iterator, nextOf(iterator)]))
  try {
    while (waiting.size > 0) {
      const { iterator, result } = await Promise.race(waiting.values())
      if (result.done) {
        waiting.delete(iterator)
        continue
      }
      yield result.value
      waiting.set(iterator, nextOf(iterator))
    }
  } finally {
    for (const [iterator, next] of waiting) {
      // Nobody is there to hear of it.
      next.catch(() => undefined)
      void iterator.return?.()?.then(undefined, () => undefined)
    }
  }
}

async function nextOf<Item>(iterator: AsyncIterator<Item>) {
  return { iterator, result: await iterator.next() }
}

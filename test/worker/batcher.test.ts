import { describe, expect, test } from 'vitest'
import { createBatcher } from '../../src/worker/batcher.ts'

/** A flush that answers when it is told to. */
function heldFlush() {
  const batches: { items: readonly number[]; answer(): void; fail(error: unknown): void }[] = []
  const arrivals: (() => void)[] = []
  const flush = (items: readonly number[]): Promise<readonly string[]> =>
    new Promise((resolve, reject) => {
      batches.push({ items, answer: () => resolve(items.map((item) => `#${item}`)), fail: reject })
      arrivals.shift()?.()
    })
  const next = (): Promise<void> => new Promise((resolve) => arrivals.push(resolve))
  return { batches, flush, next }
}

describe('a batcher', () => {
  test('puts what comes in one turn into one batch and answers each item with its own answer', async () => {
    const { batches, flush, next } = heldFlush()
    const batcher = createBatcher(flush, 10)
    const arrived = next()
    const answers = Promise.all([1, 2, 3].map((item) => batcher.add(item)))
    await arrived
    expect(batches.map(({ items }) => items)).toEqual([[1, 2, 3]])
    batches[0]!.answer()
    expect(await answers).toEqual(['#1', '#2', '#3'])
    expect(batcher.size).toBe(0)
  })

  test('collects while a flush is under way, and never has two under way', async () => {
    const { batches, flush, next } = heldFlush()
    const batcher = createBatcher(flush, 2)
    let arrived = next()
    const answers = [batcher.add(1)]
    await arrived
    answers.push(batcher.add(2), batcher.add(3), batcher.add(4))
    expect(batcher.size).toBe(4)
    for (const expected of [[1], [2, 3], [4]]) {
      expect(batches.at(-1)!.items).toEqual(expected)
      arrived = next()
      batches.at(-1)!.answer()
      if (expected[0] !== 4) await arrived
    }
    expect(await Promise.all(answers)).toEqual(['#1', '#2', '#3', '#4'])
    expect(batches).toHaveLength(3)
  })

  test('rejects the items of a batch that failed and goes on with the next', async () => {
    const { batches, flush, next } = heldFlush()
    const batcher = createBatcher(flush, 10)
    let arrived = next()
    const lost = batcher.add(1)
    await arrived
    const kept = batcher.add(2)
    arrived = next()
    batches[0]!.fail(new Error('broken'))
    await expect(lost).rejects.toThrow('broken')
    await arrived
    batches[1]!.answer()
    expect(await kept).toBe('#2')
  })

  test('rejects the items when the flush throws at once', async () => {
    const batcher = createBatcher((): Promise<readonly string[]> => {
      throw new Error('at once')
    }, 10)
    await expect(batcher.add(1)).rejects.toThrow('at once')
    await batcher.idle()
    await expect(batcher.add(2)).rejects.toThrow('at once')
  })

  test('is idle when nothing waits or is under way, also for items that came in with an answer', async () => {
    const { batches, flush, next } = heldFlush()
    const batcher = createBatcher(flush, 10)
    await batcher.idle()
    let arrived = next()
    const first = batcher.add(1).then(() => batcher.add(2))
    await arrived
    const idle = batcher.idle().then(() => batcher.size)
    arrived = next()
    batches[0]!.answer()
    await arrived
    batches[1]!.answer()
    expect(await Promise.all([first, idle])).toEqual(['#2', 0])
  })
})

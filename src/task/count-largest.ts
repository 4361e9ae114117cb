import type { Count } from './waiting-group.ts'

/** How far each round counts, and how many keys it takes. */
const ROUNDS = [
  { limit: 50, most: 1_500 },
  { limit: 1_000, most: 50 },
  { limit: 10_000, most: 10 },
] as const

/**
 * Counts what belongs to each of many keys, exactly for the few that most belongs to: everybody a little, and those that reach the
 * limit further. At most 225,000 are counted in all.
 *
 * @param count how many belong to each of some keys, none counted beyond the limit, in the order of the keys
 */
export async function countLargest<Key>(
  keys: readonly Key[],
  count: (keys: readonly Key[], limit: number) => Promise<readonly number[]>,
): Promise<ReadonlyMap<Key, Count>> {
  const counted = new Map<Key, Count>()
  let contenders = keys
  for (const { limit, most } of ROUNDS) {
    const some = contenders.slice(0, most)
    if (some.length === 0) break
    const values = await count(some, limit)
    for (const [place, key] of some.entries()) {
      counted.set(key, { value: values[place]!, isExact: values[place]! < limit })
    }
    contenders = some.filter((key) => !counted.get(key)!.isExact)
  }
  return counted
}

/** A list in parts that do not grow over a size, in order; an item that is larger by itself is a part alone. */
export function inParts<Item>(items: readonly Item[], largest: number, sizeOf: (item: Item) => number): Item[][] {
  const parts: Item[][] = []
  let size = Number.POSITIVE_INFINITY
  for (const item of items) {
    size += sizeOf(item)
    if (size > largest) {
      parts.push([])
      size = sizeOf(item)
    }
    parts.at(-1)!.push(item)
  }
  return parts
}

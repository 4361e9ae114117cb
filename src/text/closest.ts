const MOST_DISTANCE = 2

/** The word that was probably meant: at most two letters away. */
export function closest(typed: string, words: readonly string[]): string | undefined {
  const ranked = words
    .filter(({ length }) => Math.abs(length - typed.length) <= MOST_DISTANCE)
    .map((word) => ({ word, distance: distance(typed, word) }))
    .sort((a, b) => a.distance - b.distance)
  const best = ranked[0]
  return best !== undefined && best.distance <= MOST_DISTANCE ? best.word : undefined
}

/** Levenshtein's distance, one row at a time. */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, column) => column)
  for (const [line, letter] of [...from].entries()) {
    const next = [line + 1]
    for (let column = 1; column <= to.length; column++) {
      const substitution = row[column - 1]! + (letter === to[column - 1] ? 0 : 1)
      next.push(Math.min(substitution, row[column]! + 1, next[column - 1]! + 1))
    }
    row = next
  }
  return row[to.length]!
}

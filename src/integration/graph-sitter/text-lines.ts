/** How the physical lines of a text divide; the four add up. */
export interface LineCounts {
  readonly lines: number
  readonly codeLines: number
  readonly commentLines: number
  readonly blankLines: number
}

/** A stretch of text, offsets in UTF-16 units, `end` exclusive. */
export interface Span {
  readonly start: number
  readonly end: number
}

/**
 * Offsets at which lines start; a line ends with LF, CRLF or CR, and the end of the last line opens no further one.
 *
 * @returns an empty list for an empty text
 */
export function lineStarts(text: string): readonly number[] {
  const starts = text === '' ? [] : [0]
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code !== LF && (code !== CR || text.charCodeAt(at + 1) === LF)) continue
    if (at + 1 < text.length) starts.push(at + 1)
  }
  return starts
}

/** The line of an offset, from 1; found by halving. */
export function lineOf(starts: readonly number[], offset: number): number {
  let low = 0
  let high = starts.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((starts[middle] as number) <= offset) low = middle + 1
    else high = middle
  }
  return Math.max(1, low)
}

/**
 * Counts blank lines (white space only, also within a comment or string), comment lines (nothing but comment) and
 * code lines (all others).
 *
 * @param comments the comments' spans in ascending order, not overlapping
 */
export function countLines(text: string, starts: readonly number[], comments: readonly Span[]): LineCounts {
  let commentLines = 0
  let blankLines = 0
  let next = 0
  for (const [index, start] of starts.entries()) {
    const end = starts[index + 1] ?? text.length
    while ((comments[next]?.end ?? Number.POSITIVE_INFINITY) <= start) next++
    let isBlank = true
    let isComment = true
    let comment = next
    for (let at = start; at < end && isComment; at++) {
      if (isWhiteSpace(text.charCodeAt(at))) continue
      isBlank = false
      while ((comments[comment]?.end ?? Number.POSITIVE_INFINITY) <= at) comment++
      isComment = (comments[comment]?.start ?? Number.POSITIVE_INFINITY) <= at
    }
    if (isBlank) blankLines++
    else if (isComment) commentLines++
  }
  return { lines: starts.length, codeLines: starts.length - commentLines - blankLines, commentLines, blankLines }
}

const LF = 10
const CR = 13

function isWhiteSpace(code: number): boolean {
  return code === 32 || (code >= 9 && code <= 13) || code === 0xa0 || code === 0xfeff
}

import { stripVTControlCharacters } from 'node:util'

/** Text of somebody else's, made harmless for a terminal and put on one line. */
export function clean(text: string): string {
  return stripVTControlCharacters(text)
    .replace(/\s*[\r\n]+\s*/g, ' ⏎ ')
    .replace(/\p{Cc}/gu, ' ')
}

/** Columns that a text takes, colours not counted; wide letters of East Asia and emoji take two. */
export function widthOf(text: string): number {
  let width = 0
  for (const letter of stripVTControlCharacters(text)) {
    const code = letter.codePointAt(0)!
    const isWide =
      (code >= 0x1100 && code <= 0x115f) ||
      (code >= 0x2e80 && code <= 0xa4cf) ||
      (code >= 0xac00 && code <= 0xd7a3) ||
      (code >= 0xf900 && code <= 0xfaff) ||
      (code >= 0xfe30 && code <= 0xfe6f) ||
      (code >= 0xff00 && code <= 0xff60) ||
      (code >= 0x1f300 && code <= 0x1faff) ||
      (code >= 0x20000 && code <= 0x3fffd)
    width += isWide ? 2 : 1
  }
  return width
}

/** The text, or its beginning with an ellipsis when it is wider; without colours when it is cut. */
export function cut(text: string, width: number): string {
  if (widthOf(text) <= width) return text
  let kept = ''
  let used = 0
  for (const letter of stripVTControlCharacters(text)) {
    used += widthOf(letter)
    if (used > width - 1) break
    kept += letter
  }
  return `${kept}…`
}

/** The text with spaces up to a width. */
export function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - widthOf(text)))
}

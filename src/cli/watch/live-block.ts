import { cut } from '../show/text.ts'
import type { Terminal } from '../terminal.ts'

const HIDE_CURSOR = '\x1b[?25l'
const SHOW_CURSOR = '\x1b[?25h'
const TO_END_OF_LINE = '\x1b[K'
const BELOW = '\x1b[J'
// Terminals that know it show the frame at once; the others ignore it.
const BEGIN_FRAME = '\x1b[?2026h'
const END_FRAME = '\x1b[?2026l'

/** Lines at the end of a terminal that are drawn over themselves. */
export interface LiveBlock {
  /** Draws these lines in the place of the last ones. */
  draw(lines: readonly string[]): void
  /** Leaves the last lines where they are and gives the cursor back. */
  end(): void
}

/** Each frame is one write that overwrites line by line and clears only what is left over: nothing flickers. */
export function createLiveBlock({ out, columns }: Pick<Terminal, 'out' | 'columns'>): LiveBlock {
  let height = 0
  let last = ''
  return {
    draw(lines) {
      const body = lines.map((line) => `${cut(line, columns - 1)}${TO_END_OF_LINE}\n`).join('')
      if (body === last) return
      last = body
      const up = height === 0 ? HIDE_CURSOR : `\x1b[${height}A`
      out(`${BEGIN_FRAME}${up}\r${body}${BELOW}${END_FRAME}`)
      height = lines.length
    },
    end() {
      if (height > 0) out(SHOW_CURSOR)
    },
  }
}

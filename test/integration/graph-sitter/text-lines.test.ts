import fc from 'fast-check'
import { expect, test } from 'vitest'
import { countLines, lineOf, lineStarts } from '../../../src/integration/graph-sitter/text-lines.ts'

test.each([
  ['an empty text', '', 0],
  ['one line without an end', 'a', 1],
  ['one line with an end', 'a\n', 1],
  ['an empty line', '\n', 1],
  ['LF, CRLF and CR', 'a\nb\r\nc\rd', 4],
])('counts the lines of %s', (_, text, lines) => {
  expect(lineStarts(text)).toHaveLength(lines)
})

test('tells blank, comment and code lines apart', () => {
  const text = 'a // b\n\n  // c\r\n \t\r\n/* d\n\n e */ f\n/* g */ /* h */\n'
  const comments = [...text.matchAll(/\/\/[^\r\n]*|\/\*[\s\S]*?\*\//g)].map(({ index, 0: { length } }) => {
    return { start: index, end: index + length }
  })
  expect(countLines(text, lineStarts(text), comments)).toEqual({
    lines: 8,
    codeLines: 2,
    commentLines: 3,
    blankLines: 3,
  })
})

const texts = fc.array(fc.constantFrom('a', ' ', '\t', '\n', '\r\n', '\r', '#x')).map((parts) => parts.join(''))

test('counts as many lines as splitting the text does', () => {
  fc.assert(
    fc.property(texts, (text) => {
      const split = text.split(/\r\n|\n|\r/)
      expect(lineStarts(text)).toHaveLength(split.at(-1) === '' ? split.length - 1 : split.length)
    }),
  )
})

test('divides every text into code, comment and blank lines as a scan line by line does', () => {
  fc.assert(
    fc.property(texts, (text) => {
      const comments = [...text.matchAll(/#[^\r\n]*/g)].map(({ index, 0: { length } }) => ({
        start: index,
        end: index + length,
      }))
      const lines = text.split(/\r\n|\n|\r/)
      if (lines.at(-1) === '') lines.pop()
      const isBlank = (line: string) => /^\s*$/.test(line)
      const isComment = (line: string) => /^\s*#/.test(line)
      expect(countLines(text, lineStarts(text), comments)).toEqual({
        lines: lines.length,
        blankLines: lines.filter(isBlank).length,
        commentLines: lines.filter(isComment).length,
        codeLines: lines.filter((line) => !isBlank(line) && !isComment(line)).length,
      })
    }),
  )
})

test('finds the line of every offset', () => {
  fc.assert(
    fc.property(texts, (text) => {
      const starts = lineStarts(text)
      for (let at = 0; at < text.length; at++) {
        const before = starts.filter((start) => start <= at).length
        expect(lineOf(starts, at)).toBe(before)
      }
    }),
  )
})

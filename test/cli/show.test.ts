import colors from 'picocolors'
import { describe, expect, test } from 'vitest'
import { graphUrlOf } from '../../src/cli/call.ts'
import { readDuration } from '../../src/cli/read/durations.ts'
import { previewJson } from '../../src/cli/show/json-preview.ts'
import { progressBar } from '../../src/cli/show/status.ts'
import { type Column, table } from '../../src/cli/show/table.ts'
import { clean, cut, widthOf } from '../../src/cli/show/text.ts'
import { showDuration, showMs, showRelative } from '../../src/cli/show/times.ts'
import { createLiveBlock } from '../../src/cli/watch/live-block.ts'

describe('times', () => {
  test.each([
    [0, '0ms'],
    [999, '999ms'],
    [1_400, '1.4s'],
    [61_000, '1m 1s'],
    [3_600_000, '1h'],
    [93_784_000, '1d 2h'],
  ])('%i ms is %s', (ms, text) => expect(showMs(ms)).toBe(text))

  test.each([
    ['PT0.5S', '500ms'],
    ['PT1M30S', '1m 30s'],
    ['P1DT2H', '1d 2h'],
    ['odd', 'odd'],
  ])('%s is %s', (iso, text) => expect(showDuration(iso)).toBe(text))

  test('are told from now', () => {
    const now = new Date('2030-01-01T00:00:00Z')
    expect(showRelative('2029-12-31T23:59:58Z', now)).toBe('2s ago')
    expect(showRelative('2029-12-31T23:55:00Z', now)).toBe('5m ago')
    expect(showRelative('2030-01-01T02:00:00Z', now)).toBe('in 2h')
    expect(showRelative('2030-01-01T00:00:00Z', now)).toBe('now')
  })

  test('are read as people write them', () => {
    expect(readDuration('90s')).toBe('PT90S')
    expect(readDuration('pt5m')).toBe('PT5M')
  })
})

describe('text', () => {
  test('of others is made harmless', () => {
    expect(clean('a\u001b[31mred\u001b[0m\tb\r\nc\u0007')).toBe('ared b ⏎ c ')
  })

  test('is measured and cut by columns', () => {
    expect(widthOf('日本')).toBe(4)
    expect(widthOf(colors.createColors(true).red('abc'))).toBe(3)
    expect(cut('日本語', 4)).toBe('日…')
    expect(cut('short', 5)).toBe('short')
  })

  test('draws a bar within its bounds', () => {
    expect(progressBar(0.5, 4)).toBe('██░░ 50%')
    expect(progressBar(7, 4)).toBe('████ 100%')
    expect(progressBar(0.999, 4)).toBe('████ 99%')
  })
})

test.each([
  ['localhost:4000', 'http://localhost:4000/graphql'],
  ['http://127.0.0.1:4000', 'http://127.0.0.1:4000/graphql'],
  ['https://tasks.example/api', 'https://tasks.example/api'],
])('the server %s has its graph at %s', (text, url) => expect(graphUrlOf(text)).toBe(url))

test('what is no address is refused', () => {
  for (const text of ['', 'ftp://x', 'http://']) expect(() => graphUrlOf(text)).toThrow(/no address of a server/)
})

test('a table cuts only what may give way', () => {
  const columns: Column<{ id: string; name: string }>[] = [
    { title: 'ID', of: ({ id }) => id },
    { title: 'NAME', of: ({ name }) => name, isFlexible: true },
  ]
  const rows = [{ id: 'a-long-identifier', name: 'a name that is rather long' }]
  expect(table(columns, rows, { colors: colors.createColors(false), columns: 30 })).toBe(
    'ID                 NAME\na-long-identifier  a name tha…',
  )
})

describe('a preview of JSON', () => {
  test('shows what is small as it is', () => {
    expect(previewJson({ a: [1, 2], b: null, c: {} })).toEqual({
      text: '{ "a": [1, 2], "b": null, "c": {} }',
      isCut: false,
    })
  })

  test('puts totals before thousands of rows, and counts what it leaves out', () => {
    const rows = Array.from({ length: 5_000 }, (_, index) => ({
      path: `a/rather/long/path/${index}`,
      deep: { x: [[[1]]] },
      text: 'x'.repeat(60),
    }))
    const { text, isCut } = previewJson({ rows, totals: { rows: 5_000 } })
    expect(isCut).toBe(true)
    expect(text.split('\n')[1]).toBe('  "totals": { "rows": 5000 },')
    expect(text).toContain('… 4997 more')
    expect(text.split('\n').length).toBeLessThan(30)
  })

  test('never gets long', () => {
    const wide = Object.fromEntries(
      Array.from({ length: 12 }, (_, index) => [`key${index}`, Array.from({ length: 12 }, () => 'y'.repeat(300))]),
    )
    expect(previewJson(wide).text.split('\n').length).toBeLessThanOrEqual(61)
  })
})

test('a live block overwrites itself, writes nothing when nothing changed, and clears what is left over', () => {
  const written: string[] = []
  const block = createLiveBlock({ out: (text) => void written.push(text), columns: 10 })
  block.draw(['one', 'a line that is too long'])
  block.draw(['one', 'a line that is too long'])
  block.draw(['two'])
  block.end()
  expect(written).toEqual([
    '\x1b[?2026h\x1b[?25l\rone\x1b[K\na line t…\x1b[K\n\x1b[J\x1b[?2026l',
    '\x1b[?2026h\x1b[2A\rtwo\x1b[K\n\x1b[J\x1b[?2026l',
    '\x1b[?25h',
  ])
})

import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { firesOf } from '../../src/schedule/fires.ts'
import { isTimeZone, zoneTime } from '../../src/schedule/zone-time.ts'
import { isFullSize, sized } from '../support/size.ts'

const SCRIPT = fileURLToPath(new URL('zone-transitions.py', import.meta.url))
const hasPython = spawnSync('python3', ['-c', 'import zoneinfo']).status === 0

/** Those with something of their own: half hours, a day left out, midnight changes, two changes a year apart from the usual. */
const SAMPLE = [
  'Europe/Berlin',
  'America/New_York',
  'America/Sao_Paulo',
  'America/Havana',
  'Australia/Lord_Howe',
  'Pacific/Apia',
  'Asia/Tehran',
  'Asia/Beirut',
  'Asia/Gaza',
  'Africa/Casablanca',
  'Antarctica/Troll',
  'Antarctica/Casey',
  'Asia/Pyongyang',
  'America/Caracas',
  'Asia/Kathmandu',
  'UTC',
]

const zones = isFullSize ? Intl.supportedValuesOf('timeZone') : SAMPLE

type Transition = readonly [at: number, before: number, after: number]

interface Reference {
  readonly release: string
  readonly zones: Readonly<Record<string, Transition[]>>
}

function askPython(): Reference {
  const input = JSON.stringify({ zones, from: 2000, until: 2041 })
  const { stdout, stderr, status } = spawnSync('python3', [SCRIPT], { input, encoding: 'utf8', maxBuffer: 1e9 })
  if (status !== 0) throw new Error(stderr)
  return JSON.parse(stdout)
}

describe.skipIf(!hasPython)('agrees with zoneinfo of Python, 2000 to 2040', { timeout: sized(60_000, 900_000) }, () => {
  const reference = hasPython ? askPython() : { release: '', zones: {} }
  // Node and Python bring zone data of their own. Of different releases only what both say the same is compared.
  const isSameRelease = reference.release === process.versions.tz
  const differing: string[] = []

  test('on enough zones and changes to mean something', () => {
    expect(Object.keys(reference.zones).length).toBeGreaterThan(sized(14, 400))
    expect(Object.values(reference.zones).flat().length).toBeGreaterThan(sized(600, 8_000))
  })

  test.each(Object.entries(reference.zones))('%s', (name, transitions) => {
    const zone = zoneTime(name)
    const offsetAt = (seconds: number) => (zone.wallOf(seconds * 1000) - seconds * 1000) / 1000
    for (const [at, before, after] of transitions) {
      const ours = [offsetAt(at - 1), offsetAt(at)]
      if (!isSameRelease && (ours[0] !== before || ours[1] !== after)) {
        differing.push(name)
        return
      }
      expect([name, at, ...ours]).toEqual([name, at, before, after])
      const first = Math.min(before, after)
      const last = Math.max(before, after)
      const inside = [at + first, at + first + 1, at + Math.floor((first + last) / 2), at + last - 1]
      for (const wall of inside) {
        // A gap: the first instant after it. An overlap: the first of the two.
        const expected = after > before ? at : wall - before
        expect([name, wall, zone.instantOf(wall * 1000) / 1000]).toEqual([name, wall, expected])
        const repeatEnd = after < before ? (at + before) * 1000 : null
        expect([name, wall, zone.repeatEndOf(wall * 1000)]).toEqual([name, wall, repeatEnd])
      }
      for (const [wall, offset] of [
        [at + first - 1, before],
        [at + last, after],
      ] as const) {
        expect([name, wall, zone.instantOf(wall * 1000) / 1000]).toEqual([name, wall, wall - offset])
      }
      expectFiresAround(name, [at, before, after])
    }
  })

  test('up to the few zones whose law changed between two releases of the zone data', () => {
    expect(differing.length).toBeLessThanOrEqual(isSameRelease ? 0 : Math.ceil(zones.length / 16))
  })

  /** All quarters of an hour around a change fire as Python's offsets say: once each, in order. */
  function expectFiresAround(timeZone: string, [at, before, after]: Transition): void {
    const from = at - 5 * 3600
    const until = at + 5 * 3600
    const expected = new Set<number>()
    // Far enough on both sides that nothing is left out, also where a whole day is.
    const margin = Math.abs(after - before)
    const firstWall = Math.ceil((from + before - margin) / 900) * 900
    for (let wall = firstWall; wall <= until + after + margin; wall += 900) {
      const early = wall - before
      const late = wall - after
      const due = early < at ? early : late >= at ? late : at
      if (due > from && due <= until) expected.add(due)
    }
    const fires = firesOf({ kind: 'cron', expression: '*/15 * * * *', timeZone })
    const found: number[] = []
    for (let due = fires.after(from * 1000); due !== null && due <= until * 1000; due = fires.after(due))
      found.push(due / 1000)
    expect([timeZone, at, found]).toEqual([timeZone, at, [...expected].sort((a, b) => a - b)])
  }
})

test('a zone is known by its name, not by an offset', () => {
  for (const name of ['Europe/Berlin', 'UTC', 'Asia/Calcutta', 'Asia/Kolkata']) expect(isTimeZone(name)).toBe(true)
  for (const name of ['Mars/Olympus', '+02:00', '', 'berlin', 'Europe/Berlin\0']) expect(isTimeZone(name)).toBe(false)
})

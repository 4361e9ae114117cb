import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { nextFires } from '../../src/schedule/fires.ts'

const SCRIPT = fileURLToPath(new URL('recurrences.py', import.meta.url))
const hasDateutil = spawnSync('python3', ['-c', 'import dateutil.rrule']).status === 0

/** The examples of RFC 5545, 3.8.5.3, and rules in which one part works on another. */
const RULES = [
  'FREQ=DAILY;COUNT=10',
  'FREQ=DAILY;INTERVAL=10;COUNT=5',
  'FREQ=WEEKLY;INTERVAL=2;WKST=SU',
  'FREQ=WEEKLY;INTERVAL=2;WKST=SU;BYDAY=MO,WE,FR',
  'FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=MO',
  'FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=SU',
  'FREQ=MONTHLY;COUNT=10;BYDAY=1FR',
  'FREQ=MONTHLY;INTERVAL=2;COUNT=10;BYDAY=1SU,-1SU',
  'FREQ=MONTHLY;COUNT=6;BYDAY=-2MO',
  'FREQ=MONTHLY;BYMONTHDAY=-3',
  'FREQ=MONTHLY;COUNT=10;BYMONTHDAY=1,-1',
  'FREQ=MONTHLY;INTERVAL=18;COUNT=10;BYMONTHDAY=10,11,12,13,14,15',
  'FREQ=MONTHLY;BYMONTHDAY=31',
  'FREQ=YEARLY;COUNT=10;BYMONTH=6,7',
  'FREQ=YEARLY;INTERVAL=3;COUNT=10;BYYEARDAY=1,100,200',
  'FREQ=YEARLY;BYDAY=20MO',
  'FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO',
  'FREQ=YEARLY;BYMONTH=3;BYDAY=TH',
  'FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29',
  'FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13',
  'FREQ=MONTHLY;BYDAY=SA;BYMONTHDAY=7,8,9,10,11,12,13',
  'FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8',
  'FREQ=MONTHLY;COUNT=3;BYDAY=TU,WE,TH;BYSETPOS=3',
  'FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2',
  'FREQ=HOURLY;INTERVAL=3',
  'FREQ=MINUTELY;INTERVAL=15;COUNT=6',
  'FREQ=MINUTELY;INTERVAL=90;COUNT=4',
  'FREQ=DAILY;BYHOUR=9,10,11,12,13,14,15,16;BYMINUTE=0,20,40',
  'FREQ=MINUTELY;INTERVAL=20;BYHOUR=9,10,11,12,13,14,15,16',
  'FREQ=SECONDLY;INTERVAL=50',
  'FREQ=DAILY;BYMONTH=1;BYDAY=SU,MO,TU,WE,TH,FR,SA',
  'FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10;BYHOUR=2;BYMINUTE=30',
  'FREQ=HOURLY;BYMONTHDAY=15,30;BYHOUR=6,18',
  'FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR;BYHOUR=8;BYMINUTE=0,30;BYSETPOS=-1',
]
const START = '20260106T093015'

describe.skipIf(!hasDateutil)('agrees with dateutil of Python', () => {
  const input = JSON.stringify(RULES.map((rule) => ({ start: START, rule })))
  const answer = hasDateutil ? spawnSync('python3', [SCRIPT], { input, encoding: 'utf8' }).stdout : '[]'
  const reference: string[][] = JSON.parse(answer)

  test.each(RULES.map((rule, place) => [rule, reference[place] ?? []] as const))('on %s', (rule, expected) => {
    expect(expected.length).toBeGreaterThan(0)
    const timing = { kind: 'rrule', text: `DTSTART:${START}\nRRULE:${rule}`, timeZone: 'UTC' } as const
    const found = nextFires(timing, new Date('2026-01-01T00:00:00Z'), 12)
    expect(found.map((due) => due.toISOString().slice(0, 19))).toEqual(expected)
  })
})

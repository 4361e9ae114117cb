import fc from 'fast-check'
import { expect, test } from 'vitest'
import { admit, type Candidate, type Slots } from '../../src/pool/admit.ts'

const KEYS = ['key:a', 'pool:gpu', 'pool:ram']

const limits = fc
  .uniqueArray(fc.record({ key: fc.constantFrom(...KEYS), slots: fc.integer({ min: 1, max: 4 }) }), {
    minLength: 1,
    selector: ({ key }) => key,
  })
  .map((list) => list.toSorted((a, b) => (a.key < b.key ? -1 : 1)))
const candidates = fc.array(fc.record({ limits, isAdmitted: fc.boolean() }), { maxLength: 30 }).map((list) =>
  list.map(
    ({ limits, isAdmitted }, n): Candidate => ({
      id: `t${n}`,
      limits,
      blockedOn: isAdmitted ? null : limits[0]!.key,
    }),
  ),
)
const rooms = fc
  .tuple(
    ...KEYS.map(() =>
      fc.record({ capacity: fc.integer({ min: 0, max: 8 }), taken: fc.uniqueArray(fc.integer({ min: 1, max: 10 })) }),
    ),
  )
  .map(
    (list) =>
      new Map(list.map(({ capacity, taken }, n): [string, Slots] => [KEYS[n]!, { capacity, taken: new Set(taken) }])),
  )

test('nobody gets a slot that is taken, and no limit lets more through than it says', () => {
  fc.assert(
    fc.property(candidates, rooms, (list, all) => {
      const { grants, admitted, blocked } = admit(list, all)
      expect(admitted.length + blocked.length).toBe(list.length)
      for (const [key, { capacity, taken }] of all) {
        const given = grants.filter((grant) => grant.key === key).map(({ slotNo }) => slotNo)
        expect(new Set(given).size).toBe(given.length)
        for (const slot of given) {
          expect(taken.has(slot)).toBe(false)
          expect(slot).toBeLessThanOrEqual(capacity)
        }
        if (given.length > 0) expect(given.length + taken.size).toBeLessThanOrEqual(capacity)
      }
    }),
  )
})

test('who is admitted has every slot it takes, and who is not has none', () => {
  fc.assert(
    fc.property(candidates, rooms, (list, all) => {
      const { grants, admitted } = admit(list, all)
      for (const { id, limits } of list) {
        const own = Map.groupBy(
          grants.filter((grant) => grant.taskId === id),
          ({ key }) => key,
        )
        const expected = admitted.includes(id) ? limits.map(({ key, slots }) => [key, slots]) : []
        expect([...own].map(([key, slots]) => [key, slots.length]).sort()).toEqual(expected.toSorted())
      }
    }),
  )
})

test('nobody passes another who waits at a limit of both, unless that one can never run', () => {
  fc.assert(
    fc.property(candidates, rooms, (list, all) => {
      const { admitted, blocked } = admit(list, all)
      const waitsAt = new Map(blocked.map(({ id, blockedOn }) => [id, blockedOn]))
      for (const [place, { id, limits }] of list.entries()) {
        const at = waitsAt.get(id)
        const canRun = limits.every(({ key, slots }) => slots <= all.get(key)!.capacity)
        if (at === undefined || !canRun) continue
        for (const later of list.slice(place + 1))
          if (later.limits.some(({ key }) => key === at)) expect(admitted).not.toContain(later.id)
      }
    }),
  )
})

test('a limit with room for its first is never left idle', () => {
  fc.assert(
    fc.property(candidates, rooms, (list, all) => {
      const [first] = list
      if (first === undefined) return
      const fits = first.limits.every(({ key, slots }) => all.get(key)!.capacity - all.get(key)!.taken.size >= slots)
      expect(admit(list, all).admitted.includes(first.id)).toBe(fits)
    }),
  )
})

test('limits that were not looked at are asked for, and nothing is decided without them', () => {
  const list = [
    {
      id: 't',
      limits: [
        { key: 'key:a', slots: 1 },
        { key: 'pool:x', slots: 1 },
      ],
      blockedOn: 'key:a',
    },
  ]
  const decided = admit(list, new Map([['key:a', { capacity: 1, taken: new Set<number>() }]]))
  expect(decided).toEqual({ admitted: [], grants: [], blocked: [], unknown: ['pool:x'] })
})

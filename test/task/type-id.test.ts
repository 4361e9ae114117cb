import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeTypeId, encodeTypeId, isUuid, newUuid, uuidOf } from '../../src/task/type-id.ts'

/** From https://github.com/jetify-com/typeid/blob/main/spec/valid.yml, those that have a prefix given one here. */
const VALID: readonly (readonly [string, string])[] = [
  ['00000000000000000000000000', '00000000-0000-0000-0000-000000000000'],
  ['00000000000000000000000001', '00000000-0000-0000-0000-000000000001'],
  ['0000000000000000000000000a', '00000000-0000-0000-0000-00000000000a'],
  ['0000000000000000000000000g', '00000000-0000-0000-0000-000000000010'],
  ['00000000000000000000000010', '00000000-0000-0000-0000-000000000020'],
  ['7zzzzzzzzzzzzzzzzzzzzzzzzz', 'ffffffff-ffff-ffff-ffff-ffffffffffff'],
  ['0123456789abcdefghjkmnpqrs', '0110c853-1d09-52d8-d73e-1194e95b5f19'],
  ['01h455vb4pex5vsknk084sn02q', '01890a5d-ac96-774b-bcce-b302099a8057'],
]

/** From https://github.com/jetify-com/typeid/blob/main/spec/invalid.yml; ours must also have a prefix. */
const INVALID = [
  'PREFIX_00000000000000000000000000',
  '12345_00000000000000000000000000',
  'pre.fix_00000000000000000000000000',
  'préfix_00000000000000000000000000',
  '  prefix_00000000000000000000000000',
  `${'abcdefghijklmnopqrstuvwxyz'.repeat(3).slice(0, 64)}_00000000000000000000000000`,
  '_00000000000000000000000000',
  '_',
  'prefix_1234567890123456789012345',
  'prefix_123456789012345678901234567',
  'prefix_1234567890123456789012345 ',
  'prefix_0123456789ABCDEFGHJKMNPQRS',
  'prefix_123456789-123456789-123456',
  'prefix_ooooooiiiiiiuuuuuuulllllll',
  'prefix_i23456789ol23456789oi23456',
  'prefix_123456789-0123456789-0123456',
  'prefix_8zzzzzzzzzzzzzzzzzzzzzzzzz',
  '_prefix_00000000000000000000000000',
  'prefix__00000000000000000000000000',
  '',
  'prefix_',
]

const uuids = fc.uuid({ version: [1, 2, 3, 4, 5, 6, 7, 8] })

describe('a TypeID', () => {
  test.each(VALID)('%s stands for %s', (suffix, uuid) => {
    expect(decodeTypeId(`prefix_${suffix}`)).toEqual({ prefix: 'prefix', uuid })
    expect(encodeTypeId('task', uuid)).toBe(`task_${suffix}`)
  })

  test('may have an underscore within its prefix', () => {
    expect(decodeTypeId('pre_fix_00000000000000000000000000')?.prefix).toBe('pre_fix')
  })

  test.each(INVALID)('is not "%s"', (text) => {
    expect(decodeTypeId(text)).toBeNull()
  })

  test('decodes to what was encoded, for its own kind only', () => {
    fc.assert(
      fc.property(uuids, (uuid) => {
        const id = encodeTypeId('task', uuid)
        expect(uuidOf('task', id)).toBe(uuid)
        expect(uuidOf('worker', id)).toBeNull()
      }),
    )
  })

  test('sorts as its uuid does', () => {
    fc.assert(
      fc.property(uuids, uuids, (a, b) => {
        expect(encodeTypeId('task', a) < encodeTypeId('task', b)).toBe(a < b)
      }),
    )
  })

  test('is never made of noise', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const decoded = decodeTypeId(text)
        if (decoded !== null) expect(isUuid(decoded.uuid)).toBe(true)
      }),
    )
  })
})

describe('a new uuid', () => {
  test('is a UUIDv7 that sorts in the order it was made, also when the clock stands still or goes back', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -5, max: 2 }), { minLength: 2, maxLength: 50 }), (ticks) => {
        let ms = 1_893_456_000_000
        const made = ticks.map((tick) => {
          ms += tick
          return newUuid(ms)
        })
        for (const uuid of made)
          expect(uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
        expect(made).toEqual([...made].sort())
        expect(new Set(made).size).toBe(made.length)
      }),
    )
  })

  test('comes 20,000 to the millisecond without a repeat', () => {
    const made = Array.from({ length: 20_000 }, () => newUuid(1_893_456_000_000))
    expect(new Set(made).size).toBe(made.length)
    expect(made).toEqual([...made].sort())
  })
})

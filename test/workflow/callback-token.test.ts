import { randomBytes, randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { callbackToken, readCallbackToken } from '../../src/workflow/callback-token.ts'

const key = randomBytes(32)

test('a token stands for its id, to who has the key', () => {
  fc.assert(
    fc.property(fc.uuid(), (id) => {
      const token = callbackToken(key, id)
      expect(token).toMatch(/^[\w-]{64}$/)
      expect(readCallbackToken(key, token)).toBe(id)
      expect(readCallbackToken(randomBytes(32), token)).toBeNull()
    }),
  )
})

test('no token that differs in a letter stands for anything', () => {
  const token = callbackToken(key, randomUUID())
  for (let at = 0; at < token.length; at++) {
    const other = token[at] === 'A' ? 'B' : 'A'
    expect(readCallbackToken(key, token.slice(0, at) + other + token.slice(at + 1))).toBeNull()
  }
  for (const wrong of ['', token.slice(1), `${token}A`, `${token}=`, ` ${token}`, token.replace(/./, '/')])
    expect(readCallbackToken(key, wrong)).toBeNull()
})

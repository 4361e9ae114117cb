import { expect, test } from 'vitest'
import { isRoleEnough, ROLES } from '../../src/access/role.ts'
import { hashSecret, isSecretShaped, newSecret } from '../../src/access/secret.ts'

const ENOUGH = {
  ADMIN: ['ADMIN', 'OPERATOR', 'DEVELOPER', 'WORKER', 'VIEWER'],
  OPERATOR: ['OPERATOR', 'DEVELOPER', 'VIEWER'],
  DEVELOPER: ['DEVELOPER', 'VIEWER'],
  WORKER: ['WORKER'],
  VIEWER: ['VIEWER'],
} as const

test.each(ROLES)('%s may do what it includes and nothing else', (role) => {
  expect(ROLES.filter((needed) => isRoleEnough(role, needed))).toEqual(ENOUGH[role])
})

test('a new secret is long, random, known by its prefix and kept as a hash', () => {
  const [one, two] = [newSecret(), newSecret()]
  expect(one.text).not.toBe(two.text)
  expect(isSecretShaped(one.text)).toBe(true)
  expect(one.text.startsWith(one.prefix)).toBe(true)
  expect(hashSecret(one.text)).toEqual(one.hash)
  expect(one.hash.toString('latin1')).not.toContain(one.text)
  expect(isSecretShaped(`${one.text} `)).toBe(false)
})

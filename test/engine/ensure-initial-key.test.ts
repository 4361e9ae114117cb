import { afterEach, beforeEach, expect, test } from 'vitest'
import { newSecret } from '../../src/access/secret.ts'
import { findKeyByHash, revokeKey } from '../../src/access/store.ts'
import { createApiKey } from '../../src/engine/create-api-key.ts'
import { ensureInitialKey } from '../../src/engine/ensure-initial-key.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'

const tenant = 'default'
let database: TestDatabase

beforeEach(async () => {
  database = await freshDatabase()
})
afterEach(() => database.drop())

test('of processes that start together, one makes the initial key, with role ADMIN', async () => {
  const { text, hash } = newSecret()
  const made = await Promise.all([1, 2, 3, 4].map(() => ensureInitialKey(database.pool, { tenant, secret: text })))
  expect(made.filter(Boolean)).toHaveLength(1)
  expect(await findKeyByHash(database.pool, hash)).toMatchObject({ name: 'initial', role: 'ADMIN', expiresAt: null })
})

test('no initial key is made beside one that can be used', async () => {
  const key = { tenant, name: 'me', role: 'VIEWER', expiresAt: null, createdBy: null } as const
  await createApiKey(database.pool, key)
  const { text, hash } = newSecret()
  expect(await ensureInitialKey(database.pool, { tenant, secret: text })).toBe(false)
  expect(await findKeyByHash(database.pool, hash)).toBeNull()
})

test('an initial key that was revoked stays revoked', async () => {
  const { text, hash } = newSecret()
  await ensureInitialKey(database.pool, { tenant, secret: text })
  const { id } = (await findKeyByHash(database.pool, hash))!
  await revokeKey(database.pool, tenant, id)
  expect(await ensureInitialKey(database.pool, { tenant, secret: text })).toBe(false)
  expect((await findKeyByHash(database.pool, hash))?.revokedAt).not.toBeNull()
})

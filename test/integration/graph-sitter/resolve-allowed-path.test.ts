import { symlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { isWithinAny, resolveAllowedPath } from '../../../src/integration/graph-sitter/resolve-allowed-path.ts'
import { temporaryFolder } from './temporary-folder.ts'

test('resolves a relative path from the first root', async () => {
  const [first, second] = [await temporaryFolder({ 'a/b.ts': '' }), await temporaryFolder()]
  const resolved = await resolveAllowedPath('a/b.ts', [first, second])
  expect(resolved).toEqual({ kind: 'allowed', path: join(first, 'a/b.ts'), roots: [first, second] })
})

test('allows an absolute path in any root, and a root itself', async () => {
  const [first, second] = [await temporaryFolder(), await temporaryFolder({ 'a.ts': '' })]
  expect(await resolveAllowedPath(join(second, 'a.ts'), [first, second])).toMatchObject({ kind: 'allowed' })
  expect(await resolveAllowedPath('.', [first, second])).toMatchObject({ kind: 'allowed', path: first })
})

test('goes by real paths where the root is a link', async () => {
  const real = await temporaryFolder({ 'a.ts': '' })
  const holder = await temporaryFolder()
  await symlink(real, join(holder, 'root'))
  const resolved = await resolveAllowedPath('a.ts', [join(holder, 'root')])
  expect(resolved).toMatchObject({ kind: 'allowed', path: join(real, 'a.ts') })
})

test.each([
  ['above a root', (root: string) => dirname(root)],
  ['beside a root, with the same beginning', (root: string) => `${root}-too`],
  ['by way of ..', () => '../../etc'],
  ['anywhere else, whether or not it exists', () => '/no/such/place'],
  ['with a NUL in it', (root: string) => `${dirname(root)}/\0`],
])('refuses a path %s', async (_, path) => {
  const root = await temporaryFolder()
  expect(await resolveAllowedPath(path(root), [root])).toEqual({ kind: 'outside' })
})

test('refuses a link that leads out of the roots', async () => {
  const outside = await temporaryFolder({ 'a.ts': '' })
  const root = await temporaryFolder()
  await symlink(outside, join(root, 'link'))
  expect(await resolveAllowedPath('link/a.ts', [root])).toEqual({ kind: 'outside' })
})

test('tells a missing path within the roots from one outside', async () => {
  expect(await resolveAllowedPath('missing.ts', [await temporaryFolder()])).toEqual({ kind: 'not-found' })
})

test('takes a folder whose name starts with two dots for what it is', () => {
  expect(isWithinAny('/a/..b/c', ['/a'])).toBe(true)
  expect(isWithinAny('/b', ['/a'])).toBe(false)
})

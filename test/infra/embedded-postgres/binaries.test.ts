import { spawnSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { canReach, chooseAccount } from '../../../src/infra/embedded-postgres/account.ts'
import { copyBinaries, findBinaries } from '../../../src/infra/embedded-postgres/binaries.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'binaries-'))
})
afterAll(() => rm(folder, { recursive: true }))

it('says what to do where npm has no server for the platform', async () => {
  await expect(findBinaries('sunos', 'x64')).rejects.toThrow(/no embedded PostgreSQL for sunos x64.*Set DATABASE_URL/)
})

it('copies binaries that run, once', async () => {
  const copy = await copyBinaries(await findBinaries(), folder)
  expect(spawnSync(copy.postgres, ['-V']).stdout.toString()).toMatch(/^postgres \(PostgreSQL\) 18/)
  expect(spawnSync(copy.initdb, ['-V']).status).toBe(0)
  expect(await copyBinaries(await findBinaries(), folder)).toEqual(copy)
})

it("keeps the caller's own account unless that is root", () => {
  expect(chooseAccount(folder, 1000)).toBeUndefined()
  expect(chooseAccount(folder, 0)?.uid).not.toBe(0)
})

it('knows which folders an account can enter', async () => {
  const closed = await mkdtemp(join(folder, 'closed-'))
  expect(canReach(undefined, join(closed, 'x'))).toBe(true)
  expect(canReach({ uid: 65_533, gid: 65_533 }, join(closed, 'x'))).toBe(false)
})

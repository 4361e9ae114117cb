import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { settleLife } from '../../src/event/store/settle-life.ts'
import { memoryChannel } from '../../src/infra/channel/memory.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { type ChaosOptions, type ChaosResult, runChaos } from '../support/event-chaos.ts'
import { appendBeforeLocks, readAfterId, readBelowXmin } from '../support/planted-bugs.ts'
import { seededRandom } from '../support/random.ts'

/** What the exactness test would show if the log were read or written in a way that looks right. */
describe('the checker of histories', () => {
  let database: TestDatabase
  beforeEach(async () => {
    database = await freshDatabase({ size: 20, onConnect: settleLife })
  })
  afterEach(() => database.drop())

  async function runWith(plant: Partial<ChaosOptions>): Promise<ChaosResult> {
    const result = await runChaos({
      db: database.pool,
      channels: [memoryChannel((error) => expect.fail(String(error)))],
      random: seededRandom(2),
      tasks: 12,
      writers: 12,
      transactions: 30,
      readers: 8,
      cutChance: 0,
      ...plant,
    })
    return result
  }

  it('sees events lost when the cursor is the last id', async () => {
    const { faults } = await runWith({ process: { source: readAfterId(database.pool) } })
    expect(faults.lost).toBeGreaterThan(0)
  })

  it('sees events out of order when the log is read by transaction below the oldest one under way', async () => {
    const { faults } = await runWith({ process: { source: readBelowXmin(database.pool) } })
    expect(faults.outOfOrder).toBeGreaterThan(0)
  })

  it('sees versions out of order in the log when ids are drawn before the last lock', async () => {
    const { faults } = await runWith({ write: appendBeforeLocks })
    expect(faults.brokenVersions).toBeGreaterThan(0)
  })
})

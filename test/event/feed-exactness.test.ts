import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { settleLife } from '../../src/event/store/settle-life.ts'
import { memoryChannel } from '../../src/infra/channel/memory.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { runChaos } from '../support/event-chaos.ts'
import { FAULTLESS } from '../support/event-checker.ts'
import { seededRandom } from '../support/random.ts'
import { sized } from '../support/size.ts'

describe('the feed', () => {
  let database: TestDatabase
  beforeAll(async () => {
    database = await freshDatabase({ size: 20, onConnect: settleLife })
  })
  afterAll(() => database.drop())

  it('loses nothing, repeats nothing and keeps the order of each task through cuts and restarts', async () => {
    const channel = memoryChannel((error) => expect.fail(String(error)))
    const result = await runChaos({
      db: database.pool,
      channels: [channel, channel],
      random: seededRandom(1),
      tasks: 40,
      writers: 10,
      transactions: sized(40, 600),
      readers: sized(40, 200),
      cutChance: 0.1,
      // A small ring, so that readers lag behind it and join again.
      process: { capacity: 300 },
      trouble: async ({ isOver, restartProcess }) => {
        while (!isOver()) {
          await database.pool.query('SELECT pg_sleep(0.2)')
          await restartProcess()
        }
      },
    })
    expect(result.faults).toEqual(FAULTLESS)
    expect(result.deliveries).toBeGreaterThan(sized(10_000, 200_000))
  })
})

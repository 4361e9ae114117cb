import type { Pool } from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { settleLife } from '../../src/event/store/settle-life.ts'
import type { Channel } from '../../src/infra/channel/channel.ts'
import { redisChannel } from '../../src/infra/channel/redis.ts'
import { openDatabase } from '../../src/infra/database.ts'
import { type CrashingPostgres, startCrashingPostgres } from '../support/crashing-postgres.ts'
import { runChaos } from '../support/event-chaos.ts'
import { FAULTLESS } from '../support/event-checker.ts'
import { pick, seededRandom } from '../support/random.ts'
import { describeWithRedis, startRedis, type TestRedis } from '../support/redis.ts'
import { sized } from '../support/size.ts'
import { until } from '../support/until.ts'

describeWithRedis('the feed over Redis', () => {
  let redis: TestRedis
  let postgres: CrashingPostgres
  beforeAll(async () => {
    redis = await startRedis()
    postgres = await startCrashingPostgres()
  })
  afterAll(async () => {
    await postgres.stop()
    await redis.stop()
  })

  it('stays exact while Postgres and Redis are killed and processes come and go', async () => {
    const random = seededRandom(3)
    const db = openDatabase({ url: postgres.url, size: 20, applicationName: 'test', onConnect: settleLife })
    const openChannel = () => redisChannel({ url: redis.url, prefix: 'test:', onError: () => undefined })
    const channels: Channel[] = [openChannel(), openChannel()]
    const crashes = sized(2, 10)
    let crashed = 0
    // A life of the database shows in the log only by events that were written in it.
    let survived = 0
    const written = async (count: number, isOver: () => boolean) => {
      const before = await countEvents(db)
      await until(async () => isOver() || (await countEvents(db)) > before + count, 60_000)
    }
    const result = await runChaos({
      db,
      channels,
      random,
      tasks: 40,
      writers: 10,
      transactions: sized(120, 1500),
      readers: sized(30, 200),
      cutChance: 0.05,
      mayEnd: () => survived >= crashes,
      process: { capacity: 500 },
      trouble: async ({ isOver, restartProcess }) => {
        const troubles = [restartProcess, redis.restart, redis.flush]
        await written(50, isOver)
        while (!isOver()) {
          const trouble = crashed < crashes ? postgres.crash : pick(random, troubles)
          if (trouble === postgres.crash) crashed++
          await trouble()
          await pick(random, troubles)()
          await written(100, isOver)
          survived = crashed
        }
      },
    })
    await Promise.all(channels.map((channel) => channel.close()))
    await db.end()
    expect(result.faults).toEqual(FAULTLESS)
    expect(result.lives).toBe(crashes + 1)
    expect(result.deliveries).toBeGreaterThan(sized(20_000, 1_000_000))
  })
})

/** Over the connections that a crash has broken, too. */
async function countEvents(db: Pool): Promise<number> {
  for (;;) {
    try {
      const { rows } = await db.query<{ count: number }>('SELECT count(*)::int AS count FROM event')
      return rows[0]!.count
    } catch {
      await new Promise(setImmediate)
    }
  }
}

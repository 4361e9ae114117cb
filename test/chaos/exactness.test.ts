import { afterAll, beforeAll, expect, it } from 'vitest'
import { settleLife } from '../../src/event/store/settle-life.ts'
import { redisChannel } from '../../src/infra/channel/redis.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { FAULTLESS } from '../support/event-checker.ts'
import { seededRandom } from '../support/random.ts'
import { describeWithRedis, startRedis, type TestRedis } from '../support/redis.ts'
import { sized } from '../support/size.ts'
import { until } from '../support/until.ts'
import { type Cluster, startCluster } from './cluster.ts'
import { countEvents } from './long-transactions.ts'
import { type ClusterChaosResult, runClusterChaos } from './run-cluster-chaos.ts'
import type { SteadyServer } from './steady-server.ts'

const TENANTS = ['default', 'north']

describeWithRedis('three servers over one database', () => {
  const random = seededRandom(4)
  let database: TestDatabase
  let redis: TestRedis
  let cluster: Cluster
  beforeAll(async () => {
    database = await freshDatabase({ size: 30, onConnect: settleLife })
    redis = await startRedis()
    const env = {
      DATABASE_URL: database.url,
      REDIS_URL: redis.url,
      TASK_MGMT_LEASE: '5',
      TASK_MGMT_DATABASE_POOL: '8',
      TASK_MGMT_STOP_SECONDS: '1',
    }
    cluster = await startCluster({ db: database.pool, env, tenants: TENANTS, random })
  })
  afterAll(async () => {
    await cluster?.stop()
    await redis?.stop()
    await database?.drop()
  })

  it(
    'give each subscriber exactly its events while servers, sockets and Redis die',
    async () => {
      const channel = redisChannel({ url: redis.url, prefix: 'task-mgmt:', onError: () => undefined })
      const [first, second, worker] = cluster.servers
      const restart = (server: SteadyServer, signal: NodeJS.Signals) => async () => {
        await server.end(signal)
        await server.start()
      }
      const round = [
        restart(first!, 'SIGKILL'),
        redis.flush,
        restart(worker!, 'SIGTERM'),
        redis.restart,
        restart(second!, 'SIGTERM'),
        async () => {
          await redis.kill()
          const before = await countEvents(database.pool)
          await until(async () => (await countEvents(database.pool)) > before + 50, 60_000)
          await redis.restart()
        },
        restart(worker!, 'SIGKILL'),
      ]
      const result = await runClusterChaos({
        db: database.pool,
        cluster,
        tenants: TENANTS,
        random,
        sockets: sized(40, 200),
        eventStreams: sized(4, 20),
        writers: sized(6, 8),
        verbWriters: sized(6, 8),
        cutChance: sized(0.03, 0.01),
        deliveries: sized(20_000, 1_000_000),
        troubles: Array.from({ length: sized(1, 6) }, () => round).flat(),
        ring: () => channel.publish('events'),
      })
      await channel.close()
      report(result)
      expect(result.faults).toEqual(FAULTLESS)
      expect(result.watchFaults).toEqual([])
      expect(result.refusals).toEqual([])
      expect(result.stragglers).toBe(0)
      expect(result.deliveries).toBeGreaterThanOrEqual(sized(20_000, 1_000_000))
    },
    sized(120_000, 1_200_000),
  )
})

function report({
  faults,
  events,
  deliveries,
  connections,
  seconds,
  tasks,
  watched,
  ...rest
}: ClusterChaosResult): void {
  const rate = Math.round(deliveries / seconds)
  console.log(
    `${deliveries} deliveries of ${events} events over ${connections} connections in ${seconds.toFixed(1)} s (${rate}/s); ` +
      `${tasks} tasks by verbs, ${watched} watched, ${rest.longTransactions} long transactions, ${rest.stragglers} stragglers; ` +
      JSON.stringify(faults),
  )
}

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Channel } from '../../../src/infra/channel/channel.ts'
import { memoryChannel } from '../../../src/infra/channel/memory.ts'
import { postgresChannel } from '../../../src/infra/channel/postgres.ts'
import { redisChannel } from '../../../src/infra/channel/redis.ts'
import { freshDatabase, type TestDatabase } from '../../support/database.ts'
import { describeWithRedis, startRedis, type TestRedis } from '../../support/redis.ts'
import { until } from '../../support/until.ts'

function behavesLikeAChannel(open: () => Promise<Channel>): void {
  it('carries a message with and without payload to everyone who listens to its topic', async () => {
    const channel = await open()
    const heard: (string | undefined)[] = []
    await channel.subscribe('events', (payload) => heard.push(payload))
    await channel.subscribe('events', (payload) => heard.push(payload))
    await channel.subscribe('claimable', () => expect.fail('of another topic'))
    heard.length = 0
    channel.publish('events')
    channel.publish('events', 'stop')
    await until(() => heard.length === 4)
    expect(heard.sort()).toEqual(['stop', 'stop', undefined, undefined])
    await channel.close()
  })

  it('leaves alone who has unsubscribed, and not the others', async () => {
    const channel = await open()
    const heard: string[] = []
    const listener = () => heard.push('first')
    const unsubscribe = await channel.subscribe('events', listener)
    await channel.subscribe('events', listener)
    await channel.subscribe('events', () => heard.push('last'))
    unsubscribe()
    heard.length = 0
    channel.publish('events')
    await until(() => heard.includes('last'))
    expect(heard).toEqual(['first', 'last'])
    await channel.close()
  })

  it('goes on when a listener throws', async () => {
    const channel = await open()
    let isHeard = false
    await channel.subscribe('events', () => {
      throw new Error('planned')
    })
    await channel.subscribe('events', () => {
      isHeard = true
    })
    channel.publish('events')
    await until(() => isHeard)
    await channel.close()
  })

  it('takes a publish after the end without a word', async () => {
    const channel = await open()
    await channel.close()
    expect(() => channel.publish('events')).not.toThrow()
  })
}

describe('the channel in memory', () => {
  behavesLikeAChannel(async () => memoryChannel(() => undefined))
})

describe('the channel over PostgreSQL', () => {
  let database: TestDatabase
  beforeAll(async () => {
    database = await freshDatabase()
  })
  afterAll(() => database.drop())

  const onError = () => undefined
  /** A channel whose session listens. */
  async function openWarm(url = database.url): Promise<Channel> {
    const channel = postgresChannel({ url, onError })
    await channel.subscribe('warm', () => undefined)
    return channel
  }
  const sessions = async () =>
    (
      await database.pool.query<{ pid: number }>(
        `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'task-mgmt channel'`,
      )
    ).rows.map(({ pid }) => pid)

  behavesLikeAChannel(() => openWarm())

  it('reaches other processes with topic and payload, and only of its database', async () => {
    const elsewhere = await freshDatabase()
    const [here, there, stranger] = [await openWarm(), await openWarm(), await openWarm(elsewhere.url)]
    const heard: string[] = []
    await here.subscribe('events', (payload) => heard.push(`here ${payload}`))
    await there.subscribe('events', (payload) => heard.push(`there ${payload}`))
    await stranger.subscribe('events', () => heard.push('stranger'))
    here.publish('events', 'a b')
    here.publish('log:1')
    await until(() => heard.length === 2)
    here.publish('events')
    await until(() => heard.length === 4)
    expect(heard).toEqual(['here a b', 'there a b', 'here undefined', 'there undefined'])
    await Promise.all([here, there, stranger].map((channel) => channel.close()))
    await elsewhere.drop()
  })

  it('sends at once what is published in one turn', async () => {
    const here = await openWarm()
    const listener = await database.pool.connect()
    const payloads: (string | undefined)[] = []
    listener.on('notification', ({ payload }) => payloads.push(payload))
    await listener.query('LISTEN task_mgmt')
    for (const topic of ['events', 'claimable', 'runs']) here.publish(topic)
    await until(() => payloads.length > 0)
    expect(payloads).toEqual(['events\nclaimable\nruns'])
    await listener.query('UNLISTEN *')
    listener.release()
    await here.close()
  })

  it('sends equal messages that wait once, and any number of others', async () => {
    const [here, there] = [await openWarm(), await openWarm()]
    const heard = new Map<string, number>()
    const topics = Array.from({ length: 1_000 }, (_, index) => `log:${index}`)
    for (const topic of [...topics, 'events', 'end']) {
      await there.subscribe(topic, () => heard.set(topic, (heard.get(topic) ?? 0) + 1))
    }
    for (let round = 0; round < 500; round++) here.publish('events')
    for (const topic of topics) here.publish(topic)
    here.publish('huge', 'x'.repeat(10_000))
    here.publish('end')
    await until(() => heard.has('end'))
    expect(topics.every((topic) => heard.get(topic) === 1)).toBe(true)
    expect(heard.get('events')).toBeLessThanOrEqual(2)
    await Promise.all([here, there].map((channel) => channel.close()))
  })

  it('wakes every listener after its session was lost, and carries messages again', async () => {
    const [here, there] = [await openWarm(), await openWarm()]
    let woken = 0
    await there.subscribe('events', () => woken++)
    const lost = await sessions()
    await database.pool.query('SELECT pg_terminate_backend(pid) FROM unnest($1::int[]) AS pid', [lost])
    await until(() => woken > 0)
    await until(async () => (await sessions()).filter((pid) => !lost.includes(pid)).length === 2)
    woken = 0
    await until(() => {
      here.publish('events')
      return woken > 0
    })
    await Promise.all([here, there].map((channel) => channel.close()))
    expect(await sessions()).toEqual([])
  })

  it('can be opened and closed while no database answers', async () => {
    const channel = postgresChannel({ url: 'postgresql://nobody@127.0.0.1:1/none', onError })
    let isHeard = false
    await channel.subscribe('events', () => {
      isHeard = true
    })
    channel.publish('events')
    await until(() => isHeard)
    await channel.close()
  })
})

describeWithRedis('the channel over Redis', () => {
  const open = (redis: TestRedis, prefix = 'test:') =>
    redisChannel({ url: redis.url, prefix, onError: () => undefined })

  /** A channel whose wires are up, shown by a message that went round. */
  async function openWarm(redis: TestRedis): Promise<Channel> {
    const channel = open(redis)
    await comesRound(channel)
    return channel
  }

  async function comesRound(channel: Channel): Promise<void> {
    let isRound = false
    const unsubscribe = await channel.subscribe('round', (payload) => {
      isRound ||= payload === 'trip'
    })
    await until(() => {
      channel.publish('round', 'trip')
      return isRound
    })
    unsubscribe()
  }

  let shared: Promise<TestRedis> | undefined
  behavesLikeAChannel(async () => {
    shared ??= startRedis()
    return openWarm(await shared)
  })

  it('reaches other processes, and only those with its prefix', async () => {
    const redis = await startRedis()
    const [here, there] = [await openWarm(redis), await openWarm(redis)]
    const stranger = open(redis, 'other:')
    await comesRound(stranger)
    const heard: string[] = []
    await there.subscribe('events', () => heard.push('there'))
    await stranger.subscribe('events', () => heard.push('stranger'))
    heard.length = 0
    here.publish('events')
    await until(() => heard.length > 0)
    await comesRound(stranger)
    expect(heard).toEqual(['there'])
    await Promise.all([here, there, stranger].map((channel) => channel.close()))
    await redis.stop()
  })

  it('wakes every listener after Redis was away, and carries messages again', async () => {
    const redis = await startRedis()
    const channel = await openWarm(redis)
    let woken = 0
    await channel.subscribe('events', () => woken++)
    await redis.kill()
    woken = 0
    channel.publish('events')
    await redis.restart()
    await until(() => woken > 0)
    await comesRound(channel)
    const before = woken
    channel.publish('events')
    await until(() => woken > before)
    await channel.close()
    await redis.stop()
  })

  it('can be opened while Redis is away', async () => {
    const redis = await startRedis()
    await redis.kill()
    const channel = open(redis)
    let woken = 0
    await channel.subscribe('events', () => woken++)
    channel.publish('events')
    await redis.restart()
    await until(() => woken > 0)
    await channel.close()
    await redis.stop()
  })

  it('outlives a flush', async () => {
    const redis = await startRedis()
    const channel = await openWarm(redis)
    await redis.flush()
    await comesRound(channel)
    await channel.close()
    await redis.stop()
  })
})

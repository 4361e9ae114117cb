import { Redis } from 'ioredis'
import { expect, it } from 'vitest'
import { describeWithRedis, startRedis } from '../support/redis.ts'

describeWithRedis('the Redis of the tests', () => {
  it('can be flushed, killed and started again on the same port', async () => {
    const redis = await startRedis()
    const client = new Redis(redis.url, { retryStrategy: () => 20 })
    client.on('error', () => undefined)
    await client.set('key', 'value')
    await redis.flush()
    expect(await client.get('key')).toBeNull()
    await redis.kill()
    await redis.restart()
    expect(await client.ping()).toBe('PONG')
    client.disconnect()
    await redis.stop()
  })
})

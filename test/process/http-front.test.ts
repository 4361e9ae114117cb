import { once } from 'node:events'
import { Agent, get, type ServerResponse } from 'node:http'
import { expect, it } from 'vitest'
import { openHttpFront } from '../../src/process/http-front.ts'
import { until } from '../support/until.ts'

it('closes at once although a client that is being answered asks again and again', async () => {
  const front = await openHttpFront({ host: '127.0.0.1', port: 0, checkReady: async () => undefined })
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const asked = Promise.withResolvers<ServerResponse>()
  let refused: string | undefined
  front.serve((_request, response) => asked.resolve(response))
  const askOn = (path: string): void => {
    get(`${front.url}${path}`, { agent }, (response) => {
      response.resume().once('end', () => askOn('/health'))
    }).on('error', ({ message }) => {
      refused = message
    })
  }
  askOn('/slow')
  const response = await asked.promise
  // Far longer than the test may take.
  const closed = front.close(600_000)
  response.end()
  await once(response, 'close')
  await closed
  await until(() => refused !== undefined)
  expect(refused).toMatch(/ECONN|hang up/)
  agent.destroy()
}, 4_000)

it('asks whoever comes before it has started to come again, and says what is not there only then', async () => {
  const front = await openHttpFront({ host: '127.0.0.1', port: 0, checkReady: async () => undefined })
  const statusOf = async (path: string): Promise<number> => (await fetch(`${front.url}${path}`)).status
  expect(await statusOf('/graphql')).toBe(503)
  front.announceStarted()
  expect(await statusOf('/graphql')).toBe(404)
  front.serve((_request, response) => void response.end())
  expect(await statusOf('/graphql')).toBe(200)
  await front.close(0)
})

import { describe, expect, it } from 'vitest'
import { refuseMessage } from '../../support/verify-standard-webhook.ts'
import { bodyOf, SECRET, templateRuns } from './template-runs.ts'

const { outside, start } = await templateRuns()

describe('monitoring-check', () => {
  const parameters = () => ({
    url: `${outside.url}/health`,
    alertUrl: `${outside.url}/alert`,
    secret: 'ops',
    tries: 2,
    pauseSeconds: 1,
  })

  it('is content with the first look that succeeds', async () => {
    let looks = 0
    outside.answer = (_request, response) => void response.writeHead(++looks === 1 ? 503 : 200).end()
    const run = await start('monitoring-check', parameters(), {})
    expect(await run.until()).toMatchObject({ status: 'COMPLETED', output: { isUp: true } })
    expect(outside.received.map(({ method, url }) => `${method} ${url}`)).toEqual(['GET /health', 'GET /health'])
  })

  it('raises a signed alert when none did', async () => {
    outside.answer = ({ url }, response) => void response.writeHead(url === '/alert' ? 202 : 500).end()
    const run = await start('monitoring-check', parameters(), {})
    expect(await run.until()).toMatchObject({ status: 'COMPLETED', output: { isUp: false } })
    expect(outside.received.map(({ url }) => url)).toEqual(['/health', '/health', '/alert'])
    const alert = outside.received[2]!
    expect(refuseMessage(alert, SECRET)).toBeNull()
    expect(bodyOf(alert)).toMatchObject({
      event: 'service.down',
      url: `${outside.url}/health`,
      run: expect.any(String),
    })
  })

  it('fails where there is nobody to be told', async () => {
    outside.answer = (_request, response) => void response.writeHead(404).end()
    const run = await start('monitoring-check', { url: outside.url, tries: 1 }, {})
    expect(await run.until()).toMatchObject({ status: 'FAILED', error: { code: 'LOOP_LIMIT' } })
  })
})

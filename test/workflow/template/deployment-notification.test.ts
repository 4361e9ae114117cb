import { expect, it } from 'vitest'
import type { JsonValue } from '../../../src/task/json.ts'
import { answerJson } from '../../support/receiver.ts'
import { refuseMessage } from '../../support/verify-standard-webhook.ts'
import { bodyOf, SECRET, templateRuns } from './template-runs.ts'

const { outside, start } = await templateRuns()

it('deployment-notification tells everybody, whoever cannot be reached', async () => {
  outside.answer = (request, response) => {
    if (request.url === '/gone') return void response.writeHead(404).end()
    if (request.url === '/hook') return void response.writeHead(204).end()
    const { channel, text } = bodyOf(request)
    const isKnown = request.url === '/chat.postMessage' && typeof text === 'string' && channel === '#releases'
    answerJson(200, isKnown ? { ok: true, channel, ts: '1' } : { ok: false, error: 'channel_not_found' })(
      request,
      response,
    )
  }
  const receivers: JsonValue = [
    { kind: 'slack', channel: '#releases' },
    { kind: 'slack', channel: '#${{ run.id }}' },
    { kind: 'webhook', url: `${outside.url}/hook`, secret: 'ops' },
    { kind: 'webhook', url: `${outside.url}/gone` },
  ]
  const input = {
    application: 'shop',
    version: '7',
    environment: 'production',
    status: 'SUCCEEDED',
    url: 'https://ci.test/1',
  }
  const run = await start('deployment-notification', { receivers, slackApi: outside.url }, input)
  expect(await run.until()).toMatchObject({ status: 'COMPLETED', output: { told: [true, false, true, false] } })
  const byUrl = (url: string) => outside.received.filter((request) => request.url === url)
  expect(byUrl('/chat.postMessage').map(bodyOf)).toEqual(
    expect.arrayContaining([
      { channel: '#releases', text: 'shop 7 on production: SUCCEEDED https://ci.test/1' },
      { channel: '#${{ run.id }}', text: 'shop 7 on production: SUCCEEDED https://ci.test/1' },
    ]),
  )
  expect(bodyOf(byUrl('/hook')[0]!)).toEqual({ event: 'deployment', deployment: input })
  expect(refuseMessage(byUrl('/hook')[0]!, SECRET)).toBeNull()
})

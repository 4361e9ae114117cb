import { describe, expect, it } from 'vitest'
import { createAddressGuard } from '../../../src/integration/webhook/address-guard.ts'
import { createSender, type SendRequest } from '../../../src/integration/webhook/send-request.ts'
import {
  type WebhookInput,
  type WebhookOutput,
  type WebhookRequestOptions,
  webhookRequest,
} from '../../../src/integration/webhook/webhook-request.ts'
import type { JsonValue } from '../../../src/task/json.ts'
import { TaskFailure } from '../../../src/worker/handler.ts'
import { freePort } from '../../support/free-port.ts'
import { answerJson, openReceiver } from '../../support/receiver.ts'
import { refuseMessage } from '../../support/verify-standard-webhook.ts'

const receiver = await openReceiver()
const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const OTHER = 'whsec_C2FVsBQIhrscChlQIMV3mE8hPXkY0nZp'
const HERE = { send: createSender(createAddressGuard({ allowedHosts: ['127.0.0.1'] })) }

function send(
  input: Partial<WebhookInput> = {},
  options: Partial<WebhookRequestOptions> = {},
  signal: AbortSignal = new AbortController().signal,
): Promise<WebhookOutput> {
  const { handler } = webhookRequest({ ...HERE, ...options })
  const task = { id: 'task_01', name: 'a', type: 'webhook_request', labels: {}, attempt: 1, epoch: 1 }
  return handler({ ...task, input: { url: receiver.url, ...input } }, { signal } as never)
}

async function failureOf(promise: Promise<unknown>): Promise<TaskFailure> {
  const error = await promise.then(
    () => new Error('It succeeded'),
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(TaskFailure)
  return error as TaskFailure
}

describe('a webhook request', () => {
  it('sends what it is told and gives back the answer', async () => {
    receiver.answer = answerJson(201, { made: 7 }, { 'x-answer': 'yes', 'set-cookie': 'session=1' })
    const output = await send({
      url: `${receiver.url}/hook?a=1`,
      method: 'PUT',
      headers: { 'X-Run': 'r1' },
      body: { text: 'Grüße' },
    })
    expect(output).toMatchObject({ status: 201, body: { made: 7 }, headers: { 'x-answer': 'yes' } })
    expect(output.headers).not.toHaveProperty('set-cookie')
    const [request] = receiver.received
    expect(request).toMatchObject({ method: 'PUT', url: '/hook?a=1', body: '{"text":"Grüße"}' })
    expect(request!.headers).toMatchObject({
      'x-run': 'r1',
      'webhook-id': 'task_01',
      'content-type': 'application/json',
      'user-agent': 'task-mgmt',
    })
    expect(request!.headers).not.toHaveProperty('webhook-signature')
  })

  it('sends no body where there is none, and takes text and nothing as answers', async () => {
    expect(await send({ method: 'GET' })).toMatchObject({ status: 204, body: null })
    expect(receiver.received[0]).toMatchObject({ body: '' })
    expect(receiver.received[0]!.headers).not.toHaveProperty('content-type')
    receiver.answer = (_request, response) => void response.end('pong')
    expect(await send()).toMatchObject({ status: 200, body: 'pong' })
    receiver.answer = (_request, response) => void response.end(Buffer.from([0xff, 0xfe, 0x00]))
    expect(await send()).toMatchObject({ status: 200, body: null })
    receiver.answer = (_request, response) =>
      void response.writeHead(200, { 'content-type': 'application/problem+json; charset=utf-8' }).end('{"a":')
    expect(await send()).toMatchObject({ body: '{"a":' })
  })

  it('signs so that a receiver who follows the specification believes it, with each of the secrets of a name', async () => {
    const secrets = { deploy: [SECRET, OTHER] }
    await send({ secret: 'deploy', body: { ref: 'main', text: 'ä "x"' } }, { secrets })
    await send({ secret: 'deploy', method: 'GET' }, { secrets: { deploy: [SECRET] } })
    const [both, one] = receiver.received
    expect([both, both, one].map((request, at) => refuseMessage(request!, [SECRET, OTHER, SECRET][at]!))).toEqual([
      null,
      null,
      null,
    ])
    expect(refuseMessage(one!, OTHER)).toBe('no signature matches')
    expect(refuseMessage({ ...both!, body: both!.body.replace('main', 'evil') }, SECRET)).toBe('no signature matches')
    expect(refuseMessage({ ...both!, headers: { ...both!.headers, 'webhook-id': 'task_02' } }, SECRET)).toBe(
      'no signature matches',
    )
    await send({ secret: 'deploy' }, { secrets, now: () => new Date(Date.now() - 3_600_000) })
    expect(refuseMessage(receiver.received[2]!, SECRET)).toBe('too old or too new')
  })

  it('signs as the example of the specification does', async () => {
    const { signWebhook } = await import('../../../src/integration/webhook/sign-webhook.ts')
    const message = {
      id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      at: new Date(1_614_265_330_000),
      body: '{"test": 2432232314}',
    }
    expect(signWebhook(message, [SECRET])['webhook-signature']).toBe('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=')
  })

  it('fails without a word of the secret when it is not known', async () => {
    const failure = await failureOf(send({ secret: 'nothing' }, { secrets: { deploy: [SECRET] } }))
    expect(failure).toMatchObject({ code: 'WEBHOOK_UNKNOWN_SECRET', retryable: false })
    expect(failure.message).not.toContain(SECRET.slice(6))
    expect((await failureOf(send({ secret: 'toString' }))).code).toBe('WEBHOOK_UNKNOWN_SECRET')
    expect(receiver.received).toEqual([])
  })

  it.each([
    ['ftp://example.com', 'is no URL of http or https'],
    ['nowhere', 'is no URL of http or https'],
    ['https://user:secret@example.com/', 'TASK_MGMT_WEBHOOK_AUTHORIZATION'],
  ])('refuses the URL %s', async (url, message) => {
    const failure = await failureOf(send({ url }))
    expect(failure).toMatchObject({ code: 'WEBHOOK_INVALID', retryable: false })
    expect(failure.message).toContain(message)
    expect(failure.message).not.toContain('secret@')
  })

  it.each(['Host', 'content-length', 'Transfer-Encoding', 'webhook-id', 'Webhook-Signature', 'Connection'])(
    'refuses to have the header %s set',
    async (name) => {
      expect(await failureOf(send({ headers: { [name]: 'x' } }))).toMatchObject({
        code: 'WEBHOOK_INVALID',
        retryable: false,
      })
      expect(receiver.received).toEqual([])
    },
  )

  it.each([{ 'x-a': 'line\r\nx-evil: 1' }, { 'bad name': '1' }] as Record<string, string>[])(
    'refuses headers that HTTP cannot carry: %j',
    async (headers) => {
      expect(await failureOf(send({ headers }))).toMatchObject({
        code: 'WEBHOOK_INVALID',
        retryable: false,
      })
      expect(receiver.received).toEqual([])
    },
  )
})

describe('an answer that is no success', () => {
  it.each([
    [500, 'WEBHOOK_UNAVAILABLE', true],
    [503, 'WEBHOOK_UNAVAILABLE', true],
    [408, 'WEBHOOK_UNAVAILABLE', true],
    [425, 'WEBHOOK_UNAVAILABLE', true],
    [429, 'WEBHOOK_UNAVAILABLE', true],
    [400, 'WEBHOOK_REFUSED', false],
    [401, 'WEBHOOK_REFUSED', false],
    [404, 'WEBHOOK_REFUSED', false],
    [410, 'WEBHOOK_REFUSED', false],
    [304, 'WEBHOOK_REFUSED', false],
  ])('of status %i fails with %s', async (status, code, retryable) => {
    receiver.answer = (_request, response) => void response.writeHead(status).end(status === 304 ? '' : 'because')
    const failure = await failureOf(send({ url: `${receiver.url}/p?token=x` }))
    expect(failure).toMatchObject({ code, retryable, retryAfterMs: undefined })
    expect(failure.message).toContain(`${receiver.url}/p was answered ${status}`)
    expect(failure.message).not.toContain('token')
    if (status !== 304) expect(failure.message).toContain('because')
  })

  it('asks for the retry no earlier than it says, in seconds or as a date', async () => {
    receiver.answer = answerJson(429, {}, { 'retry-after': '7' })
    expect((await failureOf(send())).retryAfterMs).toBe(7_000)
    const now = () => new Date('2030-01-01T00:00:00Z')
    receiver.answer = answerJson(503, {}, { 'retry-after': 'Tue, 01 Jan 2030 00:01:00 GMT' })
    expect((await failureOf(send({}, { now }))).retryAfterMs).toBe(60_000)
    receiver.answer = answerJson(503, {}, { 'retry-after': 'Mon, 31 Dec 2029 00:01:00 GMT' })
    expect((await failureOf(send({}, { now }))).retryAfterMs).toBe(0)
    receiver.answer = answerJson(503, {}, { 'retry-after': 'soon' })
    expect((await failureOf(send())).retryAfterMs).toBeUndefined()
  })

  it('is not followed where it leads elsewhere', async () => {
    receiver.answer = (_request, response) =>
      void response.writeHead(302, { location: `${receiver.url}/elsewhere` }).end()
    const failure = await failureOf(send())
    expect(failure).toMatchObject({ code: 'WEBHOOK_REFUSED', retryable: false })
    expect(failure.message).toContain('redirects are not followed')
    expect(receiver.received).toHaveLength(1)
  })

  it('is a failure for good where it is too large, and is not read', async () => {
    let hasClosed = false
    receiver.answer = (_request, response) => {
      response.once('close', () => {
        hasClosed = true
      })
      const write = (): void => {
        while (!response.destroyed && response.write('x'.repeat(65_536)));
        response.once('drain', write)
      }
      write()
    }
    const failure = await failureOf(send())
    expect(failure).toMatchObject({ code: 'WEBHOOK_ANSWER_TOO_LARGE', retryable: false })
    await expect.poll(() => hasClosed).toBe(true)
    receiver.answer = answerJson(200, { text: 'x'.repeat(1_000_000) })
    expect((await failureOf(send())).code).toBe('WEBHOOK_ANSWER_TOO_LARGE')
  })
})

describe('a receiver that does not answer', () => {
  it('is tried again after a time-out, of the head or of the rest', async () => {
    receiver.answer = () => undefined
    expect(await failureOf(send({ timeoutMs: 50 }))).toMatchObject({ code: 'WEBHOOK_TIMEOUT', retryable: true })
    receiver.answer = (_request, response) => void response.write('begun')
    expect(await failureOf(send({ timeoutMs: 50 }))).toMatchObject({ code: 'WEBHOOK_TIMEOUT', retryable: true })
  })

  it('is tried again when nobody listens, the name is not known, or the line breaks', async () => {
    const unreachable = { code: 'WEBHOOK_UNREACHABLE', retryable: true }
    expect(await failureOf(send({ url: `http://127.0.0.1:${await freePort()}` }))).toMatchObject(unreachable)
    const unknown = createAddressGuard({
      resolve: (name, _options, answer) =>
        answer(Object.assign(new Error(`getaddrinfo ENOTFOUND ${name}`), { code: 'ENOTFOUND' }), []),
    })
    expect(await failureOf(send({ url: 'http://nobody.test' }, { send: createSender(unknown) }))).toMatchObject(
      unreachable,
    )
    receiver.answer = (_request, response) => void response.socket!.destroy()
    expect(await failureOf(send())).toMatchObject(unreachable)
    receiver.answer = (_request, response) => {
      response.writeHead(200, { 'content-length': '100' })
      response.write('half', () => response.socket!.destroy())
    }
    expect(await failureOf(send())).toMatchObject(unreachable)
  })

  it('is given up when the task is', async () => {
    const stop = new AbortController()
    receiver.answer = () => stop.abort(new Error('cancelled'))
    await expect(send({}, {}, stop.signal)).rejects.toThrow('cancelled')
  })
})

describe('the guard', () => {
  const guarded = { send: createSender(createAddressGuard()) }

  it.each([
    'http://127.0.0.1',
    'http://127.1',
    'http://2130706433',
    'http://0x7f.0.0.1',
    'http://0.0.0.0',
    'http://10.1.2.3',
    'http://172.16.0.1',
    'http://192.168.1.1',
    'http://169.254.169.254/latest/meta-data',
    'http://100.64.0.1',
    'http://224.0.0.1',
    'http://255.255.255.255',
    'http://[::1]',
    'http://[::]',
    'http://[::ffff:127.0.0.1]',
    'http://[::ffff:a9fe:a9fe]',
    'http://[64:ff9b::7f00:1]',
    'http://[2002:7f00:1::]',
    'http://[fd00::1]',
    'http://[fe80::1]',
    'http://[ff02::1]',
    'http://localhost',
  ])('keeps from %s', async (url) => {
    const target = new URL(url)
    target.port = String(receiver.port)
    const failure = await failureOf(send({ url: target.href }, guarded))
    expect(failure).toMatchObject({ code: 'WEBHOOK_ADDRESS_FORBIDDEN', retryable: false })
    expect(failure.message).toContain('TASK_MGMT_WEBHOOK_PRIVATE_HOSTS')
    expect(receiver.received).toEqual([])
  })

  it.each(['1.1.1.1', '8.8.8.8', '93.184.216.34', '2606:4700:4700::1111', '::ffff:8.8.8.8'])(
    'lets %s be called',
    (address) => {
      expect(() => createAddressGuard().check(address)).not.toThrow()
    },
  )

  it('judges a name by the address it connects to: a name that points elsewhere the second time is not asked twice', async () => {
    const answers = ['93.184.216.34', '127.0.0.1']
    let asked = 0
    const rebinding = createAddressGuard({
      resolve: (_name, _options, answer) => answer(null, [{ address: answers[Math.min(asked++, 1)]!, family: 4 }]),
    })
    // Nobody answers at the first address within the time: what matters is that the second is not tried.
    const first = await failureOf(
      send({ url: `http://rebind.test:${receiver.port}`, timeoutMs: 200 }, { send: createSender(rebinding) }),
    )
    expect(['WEBHOOK_TIMEOUT', 'WEBHOOK_UNREACHABLE']).toContain(first.code)
    expect(asked).toBe(1)
    const second = await failureOf(
      send({ url: `http://rebind.test:${receiver.port}` }, { send: createSender(rebinding) }),
    )
    expect(second.code).toBe('WEBHOOK_ADDRESS_FORBIDDEN')
    expect(receiver.received).toEqual([])
  })

  it('passes by the internal addresses of a name that has others', () => {
    const guard = createAddressGuard({
      resolve: (_name, _options, answer) =>
        answer(null, [
          { address: '127.0.0.1', family: 4 },
          { address: '8.8.8.8', family: 4 },
          { address: '::1', family: 6 },
        ]),
    })
    guard.lookup('both.test', { all: true }, (error, addresses) => {
      expect([error, addresses]).toEqual([null, [{ address: '8.8.8.8', family: 4 }]])
    })
    expect.assertions(1)
  })

  it('lets named hosts be called wherever they are', async () => {
    const guard = createAddressGuard({
      allowedHosts: ['Receiver.Test', '10.0.0.1'],
      resolve: (_name, _options, answer) => answer(null, [{ address: '127.0.0.1', family: 4 }]),
    })
    const url = (host: string) => `http://${host}:${receiver.port}`
    expect(await send({ url: url('receiver.test') }, { send: createSender(guard) })).toMatchObject({ status: 204 })
    expect(await send({ url: url('RECEIVER.test.') }, { send: createSender(guard) })).toMatchObject({ status: 204 })
    expect((await failureOf(send({ url: url('other.test') }, { send: createSender(guard) }))).code).toBe(
      'WEBHOOK_ADDRESS_FORBIDDEN',
    )
    expect((await failureOf(send({ url: url('127.0.0.1') }, { send: createSender(guard) }))).code).toBe(
      'WEBHOOK_ADDRESS_FORBIDDEN',
    )
    expect(() => guard.check('10.0.0.1')).not.toThrow()
  })
})

it('sends the authorization of a host to no other, and never in the open', async () => {
  const authorizations = { [`127.0.0.1:${receiver.port}`]: 'Bearer abc' }
  await send({}, { authorizations })
  expect(receiver.received[0]!.headers).not.toHaveProperty('authorization')
  const sent: Record<string, string>[] = []
  const kept: SendRequest = async ({ headers }) => {
    sent.push(headers)
    return { kind: 'answered', status: 200, headers: {}, body: Buffer.from('') }
  }
  const known = { send: kept, authorizations: { 'api.test': 'Bearer abc' } }
  await send({ url: 'https://api.test/v1' }, known)
  await send({ url: 'https://api.test/v1', headers: { Authorization: 'own' } }, known)
  await send({ url: 'https://api.test.evil.test/v1' }, known)
  await send({ url: 'https://api.test:444/v1' }, known)
  expect(sent.map(({ authorization }) => authorization)).toEqual(['Bearer abc', 'own', undefined, undefined])
})

it('has a schema that its own output fits', async () => {
  const { createSchemaCheck } = await import('../../../src/task/schema-check.ts')
  const { input, output } = webhookRequest(HERE)
  const schemas = createSchemaCheck()
  receiver.answer = answerJson(200, { a: 1 })
  const given = (await send()) as unknown as JsonValue
  expect(schemas.problems(JSON.stringify(output), given, [])).toEqual([])
  expect(schemas.problems(JSON.stringify(input), { url: 'https://example.com', retries: 1 }, [])).not.toEqual([])
})

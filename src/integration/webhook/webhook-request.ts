import type { JsonValue } from '../../task/json.ts'
import { type HandledTask, type HandlerContext, TaskFailure, type TaskTypeDefinition } from '../../worker/handler.ts'
import { bodyOf, retryAfterMsOf, textOf } from './read-answer.ts'
import { type Exchange, MAX_ANSWER_BYTES, type OutgoingRequest, type SendRequest } from './send-request.ts'
import { signWebhook } from './sign-webhook.ts'
import {
  DEFAULT_REQUEST_TIMEOUT_MS,
  LONGEST_REQUEST_TIMEOUT_MS,
  webhookInputSchema,
  webhookOutputSchema,
} from './webhook-schema.ts'

/** Described by `webhookInputSchema`. */
export interface WebhookInput {
  readonly url: string
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: JsonValue
  readonly secret?: string
  readonly timeoutMs?: number
}

/** Described by `webhookOutputSchema`. */
export interface WebhookOutput {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: JsonValue
}

/** A definition whose handler always ends with an answer. */
export interface WebhookRequest extends TaskTypeDefinition<WebhookInput, WebhookOutput> {
  readonly handler: (task: HandledTask<WebhookInput>, context: HandlerContext) => Promise<WebhookOutput>
}

export interface WebhookRequestOptions {
  readonly send: SendRequest
  /** Keys of signatures by their names: `whsec_` and base64. With several each request carries a signature by each. */
  readonly secrets?: Readonly<Record<string, readonly string[]>>
  /** Values of the header `authorization` for requests to hosts, by the host's name, with its port where that is not the scheme's own. */
  readonly authorizations?: Readonly<Record<string, string>>
  readonly now?: () => Date
}

/**
 * The task type `webhook_request`: sends one HTTP request, signed by Standard Webhooks where a secret is named, and gives back what was
 * answered with a status of success.
 *
 * All attempts of a task carry the same `webhook-id`. Tried again are `WEBHOOK_UNAVAILABLE` (status 408, 425, 429 or 5xx, not before its
 * `retry-after`), `WEBHOOK_UNREACHABLE` and `WEBHOOK_TIMEOUT`. It fails for good with `WEBHOOK_REFUSED` (other statuses, redirects among
 * them), `WEBHOOK_INVALID`, `WEBHOOK_ADDRESS_FORBIDDEN`, `WEBHOOK_UNKNOWN_SECRET` and `WEBHOOK_ANSWER_TOO_LARGE`.
 */
export function webhookRequest(options: WebhookRequestOptions): WebhookRequest {
  const { send, now = () => new Date() } = options
  return {
    name: 'webhook_request',
    description: 'Sends an HTTP request, signed where a secret is named, and gives back the answer.',
    input: webhookInputSchema,
    output: webhookOutputSchema,
    defaults: {
      retry: { maxAttempts: 6, strategy: 'exponential', initialMs: 1_000, factor: 4 },
      timeouts: { attemptMs: LONGEST_REQUEST_TIMEOUT_MS + 10_000 },
    },
    async handler({ id, input }, { signal }) {
      const request = requestOf(id, input, options, now())
      return answerOf(request, await send(request, signal), now())
    },
  }
}

/** What belongs to the connection, or says who we are. */
const RESERVED =
  /^(?:host|content-length|transfer-encoding|connection|keep-alive|upgrade|expect|te|trailer|proxy-.*|accept-encoding|webhook-.*)$/i

function requestOf(id: string, input: WebhookInput, options: WebhookRequestOptions, at: Date): OutgoingRequest {
  const { method = 'POST', headers = {}, timeoutMs = DEFAULT_REQUEST_TIMEOUT_MS } = input
  const url = urlOf(input.url)
  const reserved = Object.keys(headers).find((name) => RESERVED.test(name))
  if (reserved !== undefined) throw invalid(`The header "${reserved}" is set by the server. Leave it out.`)
  const body = input.body === undefined ? null : JSON.stringify(input.body)
  const authorization = authorizationFor(url, options)
  return {
    url,
    method,
    timeoutMs,
    body,
    headers: {
      'user-agent': 'task-mgmt',
      accept: 'application/json, */*',
      'accept-encoding': 'identity',
      ...(body !== null && { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) }),
      ...(authorization !== undefined && { authorization }),
      ...lowerCased(headers),
      'webhook-id': id,
      ...signatureOf({ id, at, body: body ?? '' }, input.secret, options),
    },
  }
}

function lowerCased(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
}

function urlOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw invalid(`"${text.slice(0, 200)}" is no URL of http or https, such as https://example.com/hook.`)
  }
  if (url.username !== '' || url.password !== '') {
    throw invalid(
      `The URL for ${url.host} holds a user or a password. Take them out, and set TASK_MGMT_WEBHOOK_AUTHORIZATION for that host.`,
    )
  }
  return url
}

/** Only over TLS: what is sent in the open is no secret any more. */
function authorizationFor({ protocol, host }: URL, { authorizations = {} }: WebhookRequestOptions): string | undefined {
  return protocol === 'https:' && Object.hasOwn(authorizations, host) ? authorizations[host] : undefined
}

function signatureOf(
  message: Parameters<typeof signWebhook>[0],
  secret: string | undefined,
  { secrets = {} }: WebhookRequestOptions,
): Record<string, string> {
  if (secret === undefined) return {}
  if (Object.hasOwn(secrets, secret)) return { ...signWebhook(message, secrets[secret]!) }
  throw new TaskFailure(
    'WEBHOOK_UNKNOWN_SECRET',
    `No secret is called "${secret}". Set it where the worker runs: TASK_MGMT_WEBHOOK_SECRETS=${secret}=whsec_….`,
    { retryable: false },
  )
}

const invalid = (message: string): TaskFailure => new TaskFailure('WEBHOOK_INVALID', message, { retryable: false })

const PASSING_STATUSES: readonly number[] = [408, 425, 429]

/** @throws TaskFailure for all but an answer with a status of success */
function answerOf({ url, method, timeoutMs }: OutgoingRequest, exchange: Exchange, now: Date): WebhookOutput {
  const what = `${method} ${url.origin}${url.pathname}`
  switch (exchange.kind) {
    case 'forbidden':
      throw new TaskFailure(
        'WEBHOOK_ADDRESS_FORBIDDEN',
        `${exchange.host} is at ${exchange.addresses.join(', ')}, inside this machine or its network. If it may be called, name it in TASK_MGMT_WEBHOOK_PRIVATE_HOSTS.`,
        { retryable: false },
      )
    case 'timed_out':
      throw new TaskFailure('WEBHOOK_TIMEOUT', `${what} was not answered within ${timeoutMs} ms.`)
    case 'unreachable':
      throw new TaskFailure('WEBHOOK_UNREACHABLE', `${what} was not answered: ${exchange.why}.`)
    case 'unsendable':
      throw invalid(`${what} cannot be sent: ${exchange.why}.`)
    case 'answered': {
      const { status, headers, body } = exchange
      if (status < 200 || status > 299) throw failureOf(what, exchange, now)
      if (body !== null) return { status, headers, body: bodyOf(body, headers) }
      const limit = `${MAX_ANSWER_BYTES.toLocaleString('en-US')} bytes`
      throw new TaskFailure('WEBHOOK_ANSWER_TOO_LARGE', `${what} was answered ${status} with over ${limit}.`, {
        retryable: false,
      })
    }
  }
}

/** So much of a refusal is shown. */
const SHOWN_CHARACTERS = 500

function failureOf(
  what: string,
  { status, headers, body }: Extract<Exchange, { kind: 'answered' }>,
  now: Date,
): TaskFailure {
  const text = body === null ? '' : (textOf(body) ?? '').trim().slice(0, SHOWN_CHARACTERS)
  const said = text === '' ? '.' : `: ${text}`
  if (PASSING_STATUSES.includes(status) || status >= 500) {
    const message = `${what} was answered ${status}${said}`
    return new TaskFailure('WEBHOOK_UNAVAILABLE', message, { retryAfterMs: retryAfterMsOf(headers, now) })
  }
  const isRedirect = status >= 300 && status < 400 && headers.location !== undefined
  const redirect = isRedirect ? `, to ${headers.location!.slice(0, 200)}: redirects are not followed` : said
  return new TaskFailure('WEBHOOK_REFUSED', `${what} was answered ${status}${redirect}`, { retryable: false })
}

import type { IncomingMessage, ServerResponse } from 'node:http'
import { readBody } from '../infra/read-body.ts'
import type { JsonValue } from '../task/json.ts'
import { toJsonText } from '../task/json-text.ts'
import { MAX_JSON_BYTES } from '../task/new-task.ts'
import { readCallbackToken } from '../workflow/callback-token.ts'

/** What a path of call-backs begins with; the token follows. */
export const CALLBACK_PATH = '/callbacks/'

export interface CallbackDoorOptions {
  /** What tokens are made with. */
  readonly key: Buffer
  /**
   * @param awaitedId uuid
   * @returns false when nothing awaits the call any more
   */
  readonly take: (awaitedId: string, body: JsonValue) => Promise<boolean>
  readonly onHiddenError: (error: unknown) => void
}

interface Answer {
  readonly status: number
  readonly body:
    | { readonly status: 'accepted' }
    | { readonly error: { readonly code: string; readonly message: string } }
}

/**
 * Takes call-backs: POST of JSON, or of nothing, to the one-time URL of a WEBHOOK. Whoever knows the URL may call it once.
 *
 * What was not made here is refused before its body is read or the database asked. Answers 202, or with `{ error: { code, message } }`.
 *
 * @returns what answers a request whose path begins with {@link CALLBACK_PATH}; never rejects
 */
export function createCallbackDoor(
  options: CallbackDoorOptions,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  return async (request, response) => {
    try {
      send(response, await answerTo(request, options))
    } catch (error) {
      if (response.destroyed) return
      options.onHiddenError(error)
      send(response, refused(500, { code: 'INTERNAL', message: 'Something went wrong on the server. Call again.' }))
    }
  }
}

async function answerTo(request: IncomingMessage, { key, take }: CallbackDoorOptions): Promise<Answer> {
  const awaitedId = readCallbackToken(key, request.url!.split('?', 1)[0]!.slice(CALLBACK_PATH.length))
  if (awaitedId === null) {
    return refused(404, {
      code: 'UNKNOWN_CALLBACK',
      message: 'This is no call-back URL of this server. Call it as it was given.',
    })
  }
  if (request.method !== 'POST') {
    return refused(405, { code: 'METHOD_NOT_ALLOWED', message: 'A call-back is a POST.' })
  }
  const bytes = await readBody(request, MAX_JSON_BYTES)
  if (bytes === null) return tooLarge()
  const mediaType = request.headers['content-type']?.split(';')[0]?.trim().toLowerCase()
  if (bytes.length > 0 && mediaType !== 'application/json') {
    const message = `Send JSON as application/json, or nothing; not ${mediaType ?? 'something without a content-type'}.`
    return refused(415, { code: 'UNSUPPORTED_MEDIA_TYPE', message })
  }
  const body = jsonOf(bytes)
  if (body === undefined) return refused(400, { code: 'BAD_JSON', message: 'The body is not JSON in UTF-8.' })
  const kept = toJsonText(body, MAX_JSON_BYTES)
  if (!kept.ok) {
    if (kept.refusal.kind === 'too_large') return tooLarge()
    return refused(400, { code: 'BAD_JSON', message: `The body cannot be kept: ${kept.refusal.why}.` })
  }
  if (await take(awaitedId, body)) return { status: 202, body: { status: 'accepted' } }
  const message = 'Nothing awaits this call any more: it was made before, or the step or its run is over.'
  return refused(410, { code: 'CALLBACK_OVER', message })
}

function tooLarge(): Answer {
  const message = `The body is larger than ${MAX_JSON_BYTES} bytes. Send where the content is instead.`
  return refused(413, { code: 'BODY_TOO_LARGE', message })
}

function refused(status: number, error: { readonly code: string; readonly message: string }): Answer {
  return { status, body: { error } }
}

/** undefined for what is no JSON; no body counts as null. */
function jsonOf(bytes: Buffer): JsonValue | undefined {
  if (bytes.length === 0) return null
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as JsonValue
  } catch {
    return undefined
  }
}

function send(response: ServerResponse, { status, body }: Answer): void {
  const text = JSON.stringify(body)
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...(status === 405 && { allow: 'POST' }),
    // What is left of the request is not wanted.
    ...(status >= 400 && { connection: 'close' }),
  })
  response.end(text)
}

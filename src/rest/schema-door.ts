import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { DEFINITION_SCHEMA } from '../workflow/definition/schema/definition-schema.ts'

/** Where editors find the JSON Schema of definitions of workflows. */
export const SCHEMA_PATH = '/schemas/workflow.schema.json'

/**
 * Answers GET and HEAD with the JSON Schema of definitions, the same that the package holds as `workflow.schema.json`. Nothing in it is
 * secret, so no key is asked for, and pages of any origin may read it.
 *
 * @returns what answers a request for {@link SCHEMA_PATH}
 */
export function createSchemaDoor(): (request: IncomingMessage, response: ServerResponse) => void {
  const text = `${JSON.stringify(DEFINITION_SCHEMA, null, 2)}\n`
  const etag = `"${createHash('sha256').update(text).digest('base64url')}"`
  const headers = {
    'access-control-allow-origin': '*',
    'cache-control': 'public, max-age=300',
    'x-content-type-options': 'nosniff',
    etag,
  }
  return ({ method, headers: asked }, response) => {
    if (method !== 'GET' && method !== 'HEAD') {
      const error = { code: 'METHOD_NOT_ALLOWED', message: 'The schema is read by GET.' }
      const body = JSON.stringify({ error })
      response.writeHead(405, {
        'content-type': 'application/json; charset=utf-8',
        allow: 'GET, HEAD',
        // What is left of the request is not wanted.
        connection: 'close',
      })
      response.end(body)
      return
    }
    if (asked['if-none-match'] === etag) {
      response.writeHead(304, headers).end()
      return
    }
    response.writeHead(200, {
      ...headers,
      'content-type': 'application/schema+json; charset=utf-8',
      'content-length': Buffer.byteLength(text),
    })
    response.end(method === 'HEAD' ? undefined : text)
  }
}

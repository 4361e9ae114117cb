import type { IncomingMessage } from 'node:http'

/**
 * Reads a request's body as far as it may go.
 *
 * A body that says it is too large is not read at all; one that turns out to be is dropped at the limit.
 *
 * @param limit bytes
 * @returns null when it is larger than the limit
 */
export async function readBody(request: IncomingMessage, limit: number): Promise<Buffer | null> {
  if (Number(request.headers['content-length'] ?? 0) > limit) return null
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > limit) return null
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

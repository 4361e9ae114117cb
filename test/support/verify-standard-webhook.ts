import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Received } from './receiver.ts'

const TOLERANCE_S = 300

/**
 * What a receiver does by the Standard Webhooks specification ("Verifying signatures"), written from its text and not from the sender.
 *
 * @returns why the message is not to be believed, or null
 */
export function refuseMessage({ headers, body }: Pick<Received, 'headers' | 'body'>, secret: string): string | null {
  const [id, timestamp, signature] = ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map(
    (name) => headers[name] as string | undefined,
  )
  if (id === undefined || timestamp === undefined || signature === undefined) return 'a header is missing'
  if (Math.abs(Date.now() / 1_000 - Number(timestamp)) > TOLERANCE_S) return 'too old or too new'
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64')
  const expected = createHmac('sha256', key).update([id, timestamp, body].join('.')).digest()
  for (const versioned of signature.split(' ')) {
    const [version, text = ''] = versioned.split(',')
    if (version !== 'v1') continue
    const given = Buffer.from(text, 'base64')
    if (given.length === expected.length && timingSafeEqual(given, expected)) return null
  }
  return 'no signature matches'
}

import { createHmac } from 'node:crypto'

/** What is signed: its id, the time of this attempt, and the body exactly as it is sent. */
export interface SignedMessage {
  /** The same for all attempts; without a dot. */
  readonly id: string
  readonly at: Date
  readonly body: string
}

/** How the keys of Standard Webhooks begin; base64 follows. */
export const SECRET_PREFIX = 'whsec_'

/**
 * The headers by which a receiver knows who sent a request, by the Standard Webhooks specification.
 *
 * @param secrets `whsec_` and base64, at least one; of several the receiver may know any, so that secrets can be changed without a gap
 * @see https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
export function signWebhook(
  { id, at, body }: SignedMessage,
  secrets: readonly string[],
): { readonly 'webhook-id': string; readonly 'webhook-timestamp': string; readonly 'webhook-signature': string } {
  const seconds = String(Math.floor(at.getTime() / 1_000))
  const signatures = secrets.map((secret) => {
    const key = Buffer.from(secret.slice(SECRET_PREFIX.length), 'base64')
    return `v1,${createHmac('sha256', key).update(`${id}.${seconds}.${body}`).digest('base64')}`
  })
  return { 'webhook-id': id, 'webhook-timestamp': seconds, 'webhook-signature': signatures.join(' ') }
}

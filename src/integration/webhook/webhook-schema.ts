import type { JsonSchema } from '../../task/json.ts'

export const DEFAULT_REQUEST_TIMEOUT_MS = 30_000
export const LONGEST_REQUEST_TIMEOUT_MS = 300_000

/** What `webhook_request` takes; JSON Schema draft 2020-12. */
export const webhookInputSchema: JsonSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'Webhook request',
  type: 'object',
  required: ['url'],
  additionalProperties: false,
  properties: {
    url: { description: 'http or https, without user and password.', type: 'string', minLength: 1, maxLength: 8_000 },
    method: { enum: ['POST', 'PUT', 'PATCH', 'GET', 'DELETE'], default: 'POST' },
    headers: {
      description: 'Those of the connection and of the signature are not theirs to set.',
      type: 'object',
      maxProperties: 50,
      propertyNames: { maxLength: 200 },
      additionalProperties: { type: 'string', maxLength: 8_000 },
      default: {},
    },
    body: { description: 'Any value, sent as JSON; absent: no body.' },
    secret: {
      description: 'Name of the secret in TASK_MGMT_WEBHOOK_SECRETS that the request is signed with.',
      type: 'string',
      minLength: 1,
      maxLength: 100,
    },
    timeoutMs: {
      description: 'For one request, to the last byte of its answer.',
      type: 'integer',
      minimum: 1,
      maximum: LONGEST_REQUEST_TIMEOUT_MS,
      default: DEFAULT_REQUEST_TIMEOUT_MS,
    },
  },
}

/** What `webhook_request` gives back; JSON Schema draft 2020-12. */
export const webhookOutputSchema: JsonSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'Answer to a webhook request',
  type: 'object',
  required: ['status', 'headers', 'body'],
  additionalProperties: false,
  properties: {
    status: { description: 'Of HTTP, 200 to 299.', type: 'integer', minimum: 200, maximum: 299 },
    headers: {
      description: 'Names in lower case; without cookies.',
      type: 'object',
      additionalProperties: { type: 'string' },
    },
    body: {
      description:
        'A value where the answer says it is JSON, else its text; null where it has none, or one that is no text.',
    },
  },
}

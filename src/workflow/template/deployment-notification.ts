import type { JsonValue } from '../../task/json.ts'
import type { WebhookStep } from '../definition/definition.ts'
import { address, defineTemplate } from './workflow-template.ts'

type Receiver =
  | { readonly kind: 'slack'; readonly channel: string }
  | { readonly kind: 'webhook'; readonly url: string; readonly secret?: string }

interface Parameters {
  readonly receivers: readonly Receiver[]
  readonly slackApi: string
}

const TEXT =
  '${{ input.application }} ${{ input.version }} on ${{ input.environment }}: ${{ input.status }}${{ has(input.url) ? " " + input.url : "" }}'

function notify({ kind }: Receiver, at: number): WebhookStep {
  const step = { id: `notify_${at + 1}`, type: 'WEBHOOK', onFailure: 'CONTINUE' } as const
  const to = `context.receivers[${at}]`
  switch (kind) {
    case 'slack':
      return {
        ...step,
        url: '${{ context.slackApi }}/chat.postMessage',
        body: { channel: `\${{ ${to}.channel }}`, text: TEXT },
      }
    case 'webhook':
      return { ...step, url: `\${{ ${to}.url }}`, body: { event: 'deployment', deployment: '${{ input }}' } }
  }
}

export const deploymentNotification = defineTemplate<Parameters>({
  name: 'deployment-notification',
  title: 'Tell of a deployment',
  description:
    'Tells channels of Slack and receivers of webhooks how a deployment went, all at once; one that cannot be reached keeps none of the others from being told.',
  integrations: ['slack'],
  parameters: {
    receivers: {
      description: 'Who is told.',
      type: 'array',
      minItems: 1,
      maxItems: 50,
      items: {
        oneOf: [
          {
            type: 'object',
            required: ['kind', 'channel'],
            additionalProperties: false,
            properties: { kind: { const: 'slack' }, channel: { type: 'string', minLength: 1, maxLength: 100 } },
          },
          {
            type: 'object',
            required: ['kind', 'url'],
            additionalProperties: false,
            properties: {
              kind: { const: 'webhook' },
              url: { type: 'string', pattern: '^https?://[^\\s/?#@]+[^\\s]*$', maxLength: 2_000 },
              secret: { type: 'string', pattern: '^[A-Za-z0-9_.-]{1,100}$' },
            },
          },
        ],
      },
      examples: [[{ kind: 'slack', channel: '#releases' }]],
    },
    slackApi: address(
      'Where the Web API of Slack is. Its token is set by TASK_MGMT_WEBHOOK_AUTHORIZATION=slack.com=Bearer xoxb-….',
      'https://slack.com/api',
    ),
  },
  build: (name, { receivers, slackApi }) => {
    const steps = receivers.map((receiver, at) => ({
      ...notify(receiver, at),
      ...(receiver.kind === 'webhook' && receiver.secret !== undefined && { secret: receiver.secret }),
    }))
    // Slack answers 200 also when it refuses.
    const wasTold = ({ id }: WebhookStep, at: number) =>
      receivers[at]!.kind === 'slack'
        ? `\${{ has(steps.${id}.output) && steps.${id}.output.body.ok == true }}`
        : `\${{ steps.${id}.status == "COMPLETED" }}`
    return {
      name,
      description: 'Tells how a deployment went.',
      input: {
        type: 'object',
        required: ['application', 'version', 'environment', 'status'],
        properties: {
          application: { type: 'string' },
          version: { type: 'string' },
          environment: { type: 'string' },
          status: { enum: ['STARTED', 'SUCCEEDED', 'FAILED', 'ROLLED_BACK'] },
          url: { description: 'Where to see more.', type: 'string' },
        },
      },
      context: { slackApi, receivers: receivers as unknown as JsonValue },
      steps,
      result: { told: steps.map(wasTold) },
    }
  },
})

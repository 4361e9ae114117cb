import type { JsonSchema } from '../../task/json.ts'
import type { Step } from '../definition/definition.ts'
import { count, defineTemplate, SECRET, text } from './workflow-template.ts'

interface Parameters {
  readonly url: string
  readonly alertUrl: string | null
  readonly secret: string | null
  readonly tries: number
  readonly pauseSeconds: number
}

const URL_PATTERN = '^https?://[^\\s/?#@]+[^\\s]*$'

const ALERT_URL: JsonSchema = {
  description: 'Where an alert is sent when no look succeeded; null fails the run instead.',
  type: ['string', 'null'],
  pattern: URL_PATTERN,
  maxLength: 2_000,
  default: null,
}

export const monitoringCheck = defineTemplate<Parameters>({
  name: 'monitoring-check',
  title: 'Watch a service',
  description:
    'Looks whether a URL answers with success, several times where it does not, and raises an alert when none did. Start it by a schedule.',
  parameters: {
    url: text('What is looked at, by GET.', {
      pattern: URL_PATTERN,
      maxLength: 2_000,
      examples: ['https://example.com/health'],
    }),
    alertUrl: ALERT_URL,
    secret: SECRET,
    tries: count('Looks before it counts as down.', [1, 3, 100]),
    pauseSeconds: count('Between two looks.', [1, 10, 3_600]),
  },
  build: (name, { url, alertUrl, secret, tries, pauseSeconds }) => {
    const alert: Step = {
      id: 'alert',
      type: 'WEBHOOK',
      url: '${{ context.alertUrl }}',
      body: {
        event: 'service.down',
        url: '${{ context.url }}',
        error: '${{ has(steps.looks.error) ? steps.looks.error.message : "" }}',
        run: '${{ run.id }}',
      },
      ...(secret !== null && { secret }),
    }
    return {
      name,
      description: 'Looks at a URL.',
      context: { url, pause: `${pauseSeconds}s`, ...(alertUrl !== null && { alertUrl }) },
      // The next look of a schedule does not pile up on one that is still going on.
      limits: { concurrency: { limit: 1, whenFull: 'REFUSE' } },
      steps: [
        {
          id: 'looks',
          type: 'LOOP',
          until: 'steps.look.status == "COMPLETED"',
          maxIterations: tries,
          ...(alertUrl !== null && { onFailure: 'CONTINUE' as const }),
          steps: [
            { id: 'pause', type: 'WAIT', duration: '${{ index == 0 ? "0s" : context.pause }}' },
            {
              id: 'look',
              type: 'WEBHOOK',
              after: ['pause'],
              method: 'GET',
              url: '${{ context.url }}',
              // The loop looks again.
              retry: { maxAttempts: 1 },
              onFailure: 'CONTINUE',
            },
          ],
        },
        ...(alertUrl === null
          ? []
          : [
              {
                id: 'is_up',
                type: 'CONDITION',
                after: ['looks'],
                if: 'steps.looks.status == "COMPLETED"',
                else: ['alert'],
              } as const,
              alert,
            ]),
      ],
      result: alertUrl === null ? { isUp: true } : { isUp: '${{ steps.is_up.output }}' },
    }
  },
})

import { builder } from '../builder.ts'
import { loadTrigger } from './load-trigger.ts'
import { Trigger } from './trigger.ts'

/** The payload of a verb about one trigger. */
export function triggerPayload(name: string, description: string) {
  return builder.objectRef<{ readonly triggerId: string }>(name).implement({
    description,
    fields: (t) => ({
      trigger: t.field({
        type: Trigger,
        description: 'The trigger as it is now.',
        resolve: async ({ triggerId }, _args, context, info) => {
          const trigger = await loadTrigger(context, info, triggerId)
          if (trigger === null) throw new Error(`Trigger ${triggerId} is gone right after it was written`)
          return trigger
        },
      }),
    }),
  })
}

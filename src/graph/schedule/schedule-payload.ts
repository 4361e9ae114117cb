import { builder } from '../builder.ts'
import { loadSchedule } from './load-schedule.ts'
import { Schedule } from './schedule.ts'

/** The payload of a verb about one schedule. */
export function schedulePayload(name: string, description: string) {
  return builder.objectRef<{ readonly scheduleId: string }>(name).implement({
    description,
    fields: (t) => ({
      schedule: t.field({
        type: Schedule,
        description: 'The schedule as it is now.',
        resolve: async ({ scheduleId }, _args, context, info) => {
          const schedule = await loadSchedule(context, info, scheduleId)
          if (schedule === null) throw new Error(`Schedule ${scheduleId} is gone right after it was written`)
          return schedule
        },
      }),
    }),
  })
}

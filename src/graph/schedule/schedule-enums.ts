import { builder } from '../builder.ts'

export const ScheduleStatusEnum = builder.enumType('ScheduleStatus', {
  description: 'Where a schedule stands.',
  values: {
    ACTIVE: { description: 'Fires at its next due time.' },
    PAUSED: { description: 'Held back by hand, or because its timing cannot be read any more.' },
    ENDED: { description: 'No due time is left.' },
  } as const,
})

export const MissedPolicyEnum = builder.enumType('MissedPolicy', {
  description: 'What becomes of due times that passed while no scheduler ran, by more than a minute.',
  values: {
    SKIP: { description: 'None of them fires.' },
    ONCE: { description: 'The latest of them fires; the default.' },
    ALL: { description: 'All of them fire, the latest up to `missedCap`.' },
  } as const,
})

export const OverlapPolicyEnum = builder.enumType('OverlapPolicy', {
  description: 'What a fire does while a task of the schedule has not ended.',
  values: {
    ALLOW: { description: 'Starts another beside it.' },
    SKIP: { description: 'Starts none; the default.' },
    QUEUE: { description: 'Waits for it to end; one starts after another, at most 1,000 wait.' },
    CANCEL: { description: 'Cancels it with its parts, and takes its place.' },
  } as const,
})

export const FireCauseEnum = builder.enumType('FireCause', {
  description: 'Why a schedule fired.',
  values: {
    TIME: { description: 'It was due.' },
    HAND: { description: 'Somebody asked for it.' },
    BACKFILL: { description: 'A backfill asked for that due time.' },
  } as const,
})

export const FireStatusEnum = builder.enumType('FireStatus', {
  description: 'What a fire did.',
  values: {
    STARTED: { description: 'It started its task.' },
    QUEUED: { description: 'It waits for the task before it to end.' },
    SKIPPED: { description: 'It started nothing; `reason` says why.' },
    FAILED: { description: 'Its task was refused; `errorCode` and `errorMessage` say why.' },
  } as const,
})

export const BackfillStatusEnum = builder.enumType('BackfillStatus', {
  description: 'Where a backfill stands.',
  values: {
    RUNNING: { description: 'Starts tasks, or waits for them to end.' },
    COMPLETED: { description: 'All its due times are seen to, and their tasks have ended.' },
    CANCELLED: { description: 'Starts no other task.' },
  } as const,
})

export const WeekdayEnum = builder.enumType('Weekday', {
  description: 'A day of the week.',
  values: {
    SUNDAY: { description: 'The day after Saturday.' },
    MONDAY: { description: 'The day after Sunday.' },
    TUESDAY: { description: 'The day after Monday.' },
    WEDNESDAY: { description: 'The day after Tuesday.' },
    THURSDAY: { description: 'The day after Wednesday.' },
    FRIDAY: { description: 'The day after Thursday.' },
    SATURDAY: { description: 'The day after Friday.' },
  } as const,
})

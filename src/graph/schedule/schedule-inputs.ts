import { builder } from '../builder.ts'
import { detailFields, type InputFields } from '../task/create-task-input.ts'
import { WeekdayEnum } from './schedule-enums.ts'

const IntervalInput = builder.inputType('IntervalInput', {
  description: 'Fires again and again after the same elapsed time, whatever clocks do.',
  fields: (t) => ({
    every: t.field({ type: 'Duration', required: true, description: 'Time between two fires, PT1S or more.' }),
    anchor: t.field({
      type: 'DateTime',
      description: 'The first fire; all others are counted from it. Now when absent.',
    }),
  }),
})

const DateRangeInput = builder.inputType('DateRangeInput', {
  description: 'Days from one to another, both included.',
  fields: (t) => ({
    from: t.string({ required: true, description: 'The first day, like 2026-12-24.' }),
    until: t.string({ required: true, description: 'The last day, like 2027-01-01.' }),
  }),
})

const ExclusionsInput = builder.inputType('ExclusionsInput', {
  description: 'Days, by the clock of the time zone, on which nothing fires; at most 1,000 dates and ranges.',
  fields: (t) => ({
    dates: t.stringList({ description: 'Single days, like 2026-12-25.' }),
    ranges: t.field({ type: [DateRangeInput], description: 'Days in a row.' }),
    weekdays: t.field({ type: [WeekdayEnum], description: 'Days of every week.' }),
  }),
})

/** When a schedule fires. */
export const TimingInput = builder.inputType('TimingInput', {
  description: 'When a schedule fires: give one of `cron`, `interval` and `rrule`.',
  fields: (t) => ({
    cron: t.string({
      description:
        'Five fields (minute, hour, day of month, month, weekday), six with the second before them, or @yearly, @monthly, @weekly, @daily, @hourly.',
    }),
    interval: t.field({ type: IntervalInput, description: 'A fixed elapsed time.' }),
    rrule: t.string({
      description: 'Lines of RFC 5545: DTSTART, one RRULE, any EXDATE and RDATE. Local times are those of `timeZone`.',
    }),
    timeZone: t.string({
      description: 'IANA name of the zone whose clock counts, like Europe/Berlin; UTC when absent.',
    }),
    exclude: t.field({ type: ExclusionsInput, description: 'Days on which nothing fires.' }),
  }),
})

/** The task that each fire makes. */
export const ScheduledTaskInput = builder.inputType('ScheduledTaskInput', {
  description: 'The task that each fire makes.',
  fields: (t) => ({
    name: t.string({ required: true, description: 'What people call it, 1 to 500 characters.' }),
    type: t.string({ required: true, description: 'Name of its task type, in lower snake case.' }),
    ...detailsOf(t),
  }),
})

/** Changes to it. */
export const ScheduledTaskChangesInput = builder.inputType('ScheduledTaskChangesInput', {
  description: 'Changes to the task that each fire makes. What is absent stays.',
  fields: (t) => ({
    name: t.string({ description: 'What people call it, 1 to 500 characters.' }),
    type: t.string({ description: 'Name of its task type, in lower snake case.' }),
    ...detailsOf(t),
  }),
})

/** The run that each fire starts. */
export const ScheduledRunInput = builder.inputType('ScheduledRunInput', {
  description: 'The run of a workflow that each fire starts.',
  fields: (t) => ({
    name: t.string({ required: true, description: 'Name of the workflow.' }),
    ...runDetailsOf(t),
  }),
})

/** Changes to it. */
export const ScheduledRunChangesInput = builder.inputType('ScheduledRunChangesInput', {
  description: 'Changes to the run that each fire starts. What is absent stays.',
  fields: (t) => ({
    name: t.string({ description: 'Name of the workflow.' }),
    ...runDetailsOf(t),
  }),
})

function runDetailsOf(t: InputFields) {
  return {
    version: t.int({ description: 'Number of its version; null: the newest that is READY at each fire.' }),
    input: t.field({ type: 'JSON', description: 'The input of the run; an empty object when absent.' }),
    dueAtField: t.string({
      description: 'The field of the input that takes the due time, in RFC 3339; the input must be an object then.',
    }),
  }
}

function detailsOf(t: InputFields) {
  return {
    ...templateInputs(t),
    dueAtField: t.string({
      description: 'The field of the input that takes the due time, in RFC 3339; the input must be an object then.',
    }),
  }
}

/** What a task that the system makes again and again is asked for, whoever starts it. */
export function templateInputs(t: InputFields) {
  return {
    ...detailFields(t),
    queue: t.string({ description: 'The queue that it waits in, 1 to 100 characters; `default` when absent.' }),
    deadlineAfter: t.field({ type: 'Duration', description: 'Its deadline lies so long after it is made.' }),
    concurrencyKey: t.string({ description: 'Tasks with the same key share a limit.' }),
    rateKey: t.string({ description: 'Tasks with the same key share a rate.' }),
    fairnessKey: t.string({
      description: 'Whose share of the workers it counts against; that of what starts it when absent.',
    }),
  }
}

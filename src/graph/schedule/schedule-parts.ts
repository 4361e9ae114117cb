import type { Exclusions } from '../../schedule/exclusions.ts'
import type { RunTemplate, TaskTemplate } from '../../schedule/schedule-state.ts'
import type { Timing } from '../../schedule/timing.ts'
import type { JsonValue } from '../../task/json.ts'
import { DEFAULT_RETRY_POLICY } from '../../task/retry.ts'
import { builder } from '../builder.ts'
import { ResourcesType } from '../task/resources.ts'
import { TaskPriorityEnum } from '../task/task-enums.ts'
import { RetryPolicyType, TimeoutsType } from '../task/task-parts.ts'
import { WeekdayEnum } from './schedule-enums.ts'

const DateRange = builder.objectRef<{ from: string; until: string }>('DateRange').implement({
  description: 'Days from one to another, both included.',
  fields: (t) => ({
    from: t.exposeString('from', { description: 'The first day, like 2026-12-24.' }),
    until: t.exposeString('until', { description: 'The last day, like 2027-01-01.' }),
  }),
})

const ExclusionsType = builder.objectRef<Exclusions>('Exclusions').implement({
  description: 'Days, by the clock of the time zone, on which nothing fires.',
  fields: (t) => ({
    dates: t.stringList({ description: 'Single days.', resolve: ({ dates = [] }) => [...dates] }),
    ranges: t.field({ type: [DateRange], description: 'Days in a row.', resolve: ({ ranges = [] }) => [...ranges] }),
    weekdays: t.field({
      type: [WeekdayEnum],
      description: 'Days of every week.',
      resolve: ({ weekdays = [] }) => [...weekdays],
    }),
  }),
})

/** When a schedule fires. */
export const TimingType = builder.objectRef<Timing>('Timing').implement({
  description: 'When a schedule fires: by cron, by an interval, or by a recurrence rule.',
  fields: (t) => ({
    cron: t.string({
      nullable: true,
      description: 'The cron expression; null when it is another kind.',
      resolve: (timing) => (timing.kind === 'cron' ? timing.expression : null),
    }),
    every: t.field({
      type: 'Duration',
      nullable: true,
      description: 'The interval between two fires; null when it is another kind.',
      resolve: (timing) => (timing.kind === 'interval' ? timing.everyMs : null),
    }),
    anchor: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'The first fire of an interval; null when it is another kind.',
      resolve: (timing) => (timing.kind === 'interval' ? new Date(timing.anchor) : null),
    }),
    rrule: t.string({
      nullable: true,
      description: 'The lines of the recurrence rule; null when it is another kind.',
      resolve: (timing) => (timing.kind === 'rrule' ? timing.text : null),
    }),
    timeZone: t.exposeString('timeZone', { description: 'IANA name of the zone whose clock counts.' }),
    exclude: t.field({
      type: ExclusionsType,
      nullable: true,
      description: 'Days on which nothing fires; null when there is none.',
      resolve: ({ exclude }) => exclude ?? null,
    }),
  }),
})

/** The task that each fire makes. */
export const ScheduledTask = builder.objectRef<TaskTemplate>('ScheduledTask').implement({
  description: 'The task that each fire of a schedule makes, as it was asked for.',
  fields: (t) => ({
    input: t.field({
      type: 'JSON',
      nullable: true,
      description: 'What the handler works on, without the due time.',
      resolve: ({ input }) => input as JsonValue,
    }),
    dueAtField: t.string({
      nullable: true,
      description: 'The field of the input that takes the due time.',
      resolve: ({ dueAtField }) => dueAtField,
    }),
    ...templateFields(t),
  }),
})

/** What a task that the system makes again and again was asked for, whoever starts it. */
export function templateFields(
  t: PothosSchemaTypes.ObjectFieldBuilder<typeof builder.$inferSchemaTypes, TaskTemplate>,
) {
  return {
    name: t.exposeString('name', { description: 'What people call it.' }),
    type: t.exposeString('type', { description: 'Name of its task type.' }),
    description: t.string({
      nullable: true,
      description: 'What it is for.',
      resolve: ({ description }) => description,
    }),
    priority: t.field({
      type: TaskPriorityEnum,
      nullable: true,
      description: 'How urgent it is; null stands for that of its type.',
      resolve: ({ priority }) => priority,
    }),
    deadlineAfter: t.field({
      type: 'Duration',
      nullable: true,
      description: 'How long after it is made its deadline lies.',
      resolve: ({ deadlineAfterMs }) => deadlineAfterMs,
    }),
    estimatedDuration: t.field({
      type: 'Duration',
      nullable: true,
      description: 'How long it will run, as far as its creator knew.',
      resolve: ({ estimatedMs }) => estimatedMs,
    }),
    retry: t.field({
      type: RetryPolicyType,
      nullable: true,
      description: 'How failures are repeated; null stands for the policy of its type.',
      resolve: ({ retry }) => (retry === undefined ? null : { ...DEFAULT_RETRY_POLICY, ...retry }),
    }),
    timeouts: t.field({
      type: TimeoutsType,
      nullable: true,
      description: 'Limits on its time; null stands for those of its type.',
      resolve: ({ timeouts }) =>
        timeouts === undefined
          ? null
          : { queueMs: null, attemptMs: null, totalMs: null, heartbeatMs: null, ...timeouts },
    }),
    resources: t.field({
      type: ResourcesType,
      nullable: true,
      description: 'What it takes of its worker; null when it does not say.',
      resolve: ({ resources }) => resources,
    }),
    tags: t.stringList({ description: 'Words to find it by.', resolve: ({ tags = [] }) => [...tags] }),
    labels: t.field({
      type: 'JSON',
      description: 'Names and values to find it by, as one object of strings.',
      resolve: ({ labels = {} }) => ({ ...labels }),
    }),
    queue: t.string({ description: 'The queue that it waits in.', resolve: ({ queue = 'default' }) => queue }),
    concurrencyKey: t.string({
      nullable: true,
      description: 'Tasks with the same key share a limit.',
      resolve: ({ concurrencyKey }) => concurrencyKey,
    }),
    rateKey: t.string({
      nullable: true,
      description: 'Tasks with the same key share a rate.',
      resolve: ({ rateKey }) => rateKey,
    }),
    fairnessKey: t.string({
      nullable: true,
      description: 'Whose share of the workers it counts against.',
      resolve: ({ fairnessKey }) => fairnessKey,
    }),
  }
}

/** The run that each fire starts. */
export const ScheduledRun = builder.objectRef<RunTemplate>('ScheduledRun').implement({
  description: 'The run of a workflow that each fire of a schedule starts, as it was asked for.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Name of the workflow.' }),
    version: t.int({
      nullable: true,
      description: 'Number of its version; null stands for the newest that is READY at each fire.',
      resolve: ({ version }) => version,
    }),
    input: t.field({
      type: 'JSON',
      nullable: true,
      description: 'The input of the run, without the due time.',
      resolve: ({ input }) => input as JsonValue,
    }),
    dueAtField: t.string({
      nullable: true,
      description: 'The field of the input that takes the due time.',
      resolve: ({ dueAtField }) => dueAtField,
    }),
  }),
})

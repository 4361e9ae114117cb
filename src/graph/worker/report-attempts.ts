import { z } from 'zod'
import { appendLeasedLog } from '../../engine/append-leased-log.ts'
import type { AttemptEnd, AttemptEnded, EndAttempt } from '../../engine/attempt-end.ts'
import { endAttempts } from '../../engine/end-attempts.ts'
import { reportProgress } from '../../engine/report-progress.ts'
import type { Result } from '../../task/refusal.ts'
import { encodeTypeId, ID_PREFIXES } from '../../task/type-id.ts'
import { builder } from '../builder.ts'
import { InvalidInput, invalid } from '../invalid-input.ts'
import { actorOf } from '../task/task-payload.ts'
import { NotFound, failureOf as refusalOf, StaleLease } from '../user-failure.ts'
import {
  CompletionInput,
  completionOf,
  FailureInput,
  failureOf,
  ParkInput,
  parkOf,
  ReleaseInput,
  releaseOf,
} from './end-inputs.ts'
import { endedType } from './ended-type.ts'
import { leaseFields, leaseOf, REQUEST_ID, workerOf } from './lease-inputs.ts'
import { lineFields, lineOf, progressFields, progressMessageOf } from './report-inputs.ts'

const MOST_LINES = 5_000
const MOST_REPORTS = 1_000

const LeasedLineInput = builder.inputType('LeasedLineInput', {
  description: 'One line of the log of a task that the worker has, or had, under a lease.',
  fields: (t) => ({ ...leaseFields(t), ...lineFields(t) }),
})

const LeasedProgressInput = builder.inputType('LeasedProgressInput', {
  description: 'How far a task is.',
  fields: (t) => ({ ...leaseFields(t), ...progressFields(t) }),
})

const AttemptEndInput = builder.inputType('AttemptEndInput', {
  description: 'How an attempt ended: exactly one of `complete`, `fail`, `release` and `park`.',
  fields: (t) => ({
    ...leaseFields(t),
    complete: t.field({ type: CompletionInput, description: 'It succeeded.' }),
    fail: t.field({ type: FailureInput, description: 'It failed.' }),
    release: t.field({ type: ReleaseInput, description: 'The task goes back unfinished.' }),
    park: t.field({ type: ParkInput, description: 'The task waits.' }),
    cpuTime: t.field({
      type: 'Duration',
      description: 'Processor time that the attempt used, as far as it can be told.',
      validate: z.number().min(0, 'is negative'),
    }),
  }),
})

const ReportAttemptsInput = builder.inputType('ReportAttemptsInput', {
  description: 'What a worker has to say of its attempts: lines are written first, then progress, then ends.',
  fields: (t) => ({
    workerId: t.id({ required: true, description: 'TypeID of the worker.' }),
    requestId: t.string({
      required: true,
      description:
        'New for each request, and the same when it is sent again because its answer was lost: then lines are not written twice. 1 to 200 characters.',
      validate: REQUEST_ID,
    }),
    log: t.field({
      type: [LeasedLineInput],
      description: 'Lines in their order, at most 5,000.',
      validate: z.array(z.unknown()).max(MOST_LINES, 'holds more than 5,000 lines'),
    }),
    progress: t.field({
      type: [LeasedProgressInput],
      description: 'The latest progress of attempts, at most 1,000.',
      validate: z.array(z.unknown()).max(MOST_REPORTS, 'holds more than 1,000 reports'),
    }),
    ends: t.field({
      type: [AttemptEndInput],
      description: 'Attempts that have ended, at most 1,000.',
      validate: z.array(z.unknown()).max(MOST_REPORTS, 'holds more than 1,000 ends'),
    }),
  }),
})

interface Reported {
  /** uuids */
  readonly stale: readonly string[]
  readonly ends: readonly Result<AttemptEnded>[]
}

const AttemptEndSuccess = endedType('AttemptEndSuccess', 'The end was taken.')

const ReportAttemptsSuccess = builder.objectRef<Reported>('ReportAttemptsSuccess').implement({
  description: 'The reports were read; each was taken as far as its lease allowed.',
  fields: (t) => ({
    staleTaskIds: t.idList({
      description: 'TypeIDs of the tasks whose progress was refused because the lease is over: stop their handlers.',
      resolve: ({ stale }) => stale.map((id) => encodeTypeId(ID_PREFIXES.task, id)),
    }),
    ends: t.errorUnionListField({
      types: [AttemptEndSuccess, InvalidInput, NotFound, StaleLease],
      union: {
        name: 'AttemptEndResult',
        description: 'What came of one end: each is taken or refused by itself.',
        resolveType: () => 'AttemptEndSuccess',
      },
      description: 'One answer for each end, in order.',
      resolve: ({ ends }) =>
        ends.map((result, index) =>
          result.ok
            ? result.value
            : (refusalOf(result.refusal, (path) => ['input', 'ends', index, ...path]) as
                | InvalidInput
                | NotFound
                | StaleLease),
        ),
    }),
  }),
})

builder.mutationFields((t) => ({
  reportAttempts: t.errorUnionField({
    types: [ReportAttemptsSuccess, InvalidInput],
    union: {
      name: 'ReportAttemptsResult',
      description: 'What came of reports.',
      resolveType: () => 'ReportAttemptsSuccess',
    },
    description:
      'Takes log lines, progress and ends of many attempts in one request. Sent again after a lost answer it does nothing twice.',
    authScopes: { role: 'WORKER' },
    args: { input: t.arg({ type: ReportAttemptsInput, required: true, description: 'The reports.' }) },
    resolve: async (_root, { input }, context) => {
      const workerId = workerOf(input)
      const actor = actorOf(context)
      const lines = (input.log ?? []).map((line, index) => {
        const path = ['input', 'log', index]
        return lineOf(line, leaseOf(line, path), path)
      })
      const reports = (input.progress ?? []).map(({ fraction, message, ...lease }, index) => ({
        ...leaseOf(lease, ['input', 'progress', index]),
        workerId,
        fraction,
        message: progressMessageOf(message),
      }))
      const ends = (input.ends ?? []).map((end, index): EndAttempt => {
        const path = ['input', 'ends', index]
        const usage = end.cpuTime == null ? {} : { usage: { cpuMs: end.cpuTime } }
        return { ...leaseOf(end, path), workerId, end: endOf(end, path), ...usage }
      })
      await appendLeasedLog(context.engine, actor, { workerId, requestId: input.requestId, lines })
      const stale = await reportProgress(context.engine, actor, reports)
      const results = await endAttempts(context.engine, actor, ends)
      return { stale, ends: results }
    },
  }),
}))

function endOf(input: typeof AttemptEndInput.$inferInput, path: readonly (string | number)[]): AttemptEnd {
  const { complete, fail, release, park } = input
  const given = [complete, fail, release, park].filter((one) => one != null)
  if (given.length !== 1) {
    throw invalid(path, `holds ${given.length} of complete, fail, release and park: give exactly one`)
  }
  if (complete != null) return completionOf(complete, [...path, 'complete'])
  if (fail != null) return failureOf(fail)
  if (release != null) return releaseOf(release)
  return parkOf(park!, [...path, 'park'])
}

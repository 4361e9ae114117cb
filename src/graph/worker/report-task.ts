import { z } from 'zod'
import { appendLeasedLog } from '../../engine/append-leased-log.ts'
import { reportProgress } from '../../engine/report-progress.ts'
import { readTaskPlace } from '../../task/store/read-task-place.ts'
import { encodeTypeId, ID_PREFIXES } from '../../task/type-id.ts'
import { builder } from '../builder.ts'
import type { GraphContext } from '../context.ts'
import { InvalidInput } from '../invalid-input.ts'
import { actorOf } from '../task/task-payload.ts'
import { NotFound, StaleLease } from '../user-failure.ts'
import { leaseOf, ownLeaseFields, REQUEST_ID, workerOf } from './lease-inputs.ts'
import { lineFields, lineOf, progressFields, progressMessageOf } from './report-inputs.ts'

const REFUSALS = [InvalidInput, NotFound, StaleLease]

const ReportProgressInput = builder.inputType('ReportProgressInput', {
  description: 'How far a task is. It is also a sign of life for the heartbeat time-out of the task.',
  fields: (t) => ({ ...ownLeaseFields(t), ...progressFields(t) }),
})

const LogLineInput = builder.inputType('LogLineInput', { description: 'One line of a task’s log.', fields: lineFields })

const AppendLogInput = builder.inputType('AppendLogInput', {
  description: 'Lines for the log of a task that the worker has, or had, under a lease.',
  fields: (t) => ({
    ...ownLeaseFields(t),
    lines: t.field({
      type: [LogLineInput],
      required: true,
      description: 'The lines in their order, 1 to 1,000.',
      validate: z.array(z.unknown()).min(1, 'is empty').max(1_000, 'holds more than 1,000 lines'),
    }),
    requestId: t.string({
      description:
        'New for each request, and the same when it is sent again because its answer was lost: then the lines are not written twice. 1 to 200 characters.',
      validate: REQUEST_ID,
    }),
  }),
})

const ReportProgressSuccess = reportedType('ReportProgressSuccess', 'The progress is kept.')
const AppendLogSuccess = reportedType('AppendLogSuccess', 'The lines are kept.')

builder.mutationFields((t) => ({
  reportProgress: t.errorUnionField({
    types: [ReportProgressSuccess, ...REFUSALS],
    union: {
      name: 'ReportProgressResult',
      description: 'What came of a report of progress.',
      resolveType: () => 'ReportProgressSuccess',
    },
    description: 'Says how far a task is.',
    authScopes: { role: 'WORKER' },
    args: { input: t.arg({ type: ReportProgressInput, required: true, description: 'The report.' }) },
    resolve: async (_root, { input }, context) => {
      const lease = leaseOf(input, ['input'])
      const { fraction, message } = input
      const report = { ...lease, workerId: workerOf(input), fraction, message: progressMessageOf(message) }
      const stale = await reportProgress(context.engine, actorOf(context), [report])
      if (stale.length > 0) throw await refusalOf(context, lease)
      return lease
    },
  }),
  appendLog: t.errorUnionField({
    types: [AppendLogSuccess, ...REFUSALS],
    union: {
      name: 'AppendLogResult',
      description: 'What came of appending to a log.',
      resolveType: () => 'AppendLogSuccess',
    },
    description:
      'Appends lines to a task’s log. A log tells what was tried, so a lease that is over does not forbid it.',
    authScopes: { role: 'WORKER' },
    args: { input: t.arg({ type: AppendLogInput, required: true, description: 'The lines.' }) },
    resolve: async (_root, { input }, context) => {
      const lease = leaseOf(input, ['input'])
      const lines = input.lines.map((line, index) => lineOf(line, lease, ['input', 'lines', index]))
      const { requestId } = input
      const foreign = await appendLeasedLog(context.engine, actorOf(context), {
        workerId: workerOf(input),
        ...(requestId != null && { requestId }),
        lines,
      })
      if (foreign.length > 0) throw await refusalOf(context, lease)
      return lease
    },
  }),
}))

function reportedType(name: string, description: string) {
  return builder.objectRef<{ readonly taskId: string }>(name).implement({
    description,
    fields: (t) => ({
      taskId: t.id({
        description: 'TypeID of the task.',
        resolve: ({ taskId }) => encodeTypeId(ID_PREFIXES.task, taskId),
      }),
    }),
  })
}

/** Why a lease was not good for a report. */
async function refusalOf(
  { engine, tenant }: GraphContext,
  { taskId, epoch }: { readonly taskId: string; readonly epoch: number },
): Promise<Error> {
  const id = encodeTypeId(ID_PREFIXES.task, taskId)
  const place = await readTaskPlace(engine.db, tenant, taskId)
  if (place === null) return new NotFound('task', id, ['input', 'taskId'])
  return new StaleLease({ taskId: id, epoch, currentEpoch: place.epoch, status: place.status }, ['input', 'epoch'])
}

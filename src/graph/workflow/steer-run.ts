import { commandRun } from '../../engine/command-run.ts'
import { ID_PREFIXES } from '../../task/type-id.ts'
import type { RunCommand } from '../../workflow/run/command.ts'
import { builder } from '../builder.ts'
import type { GraphContext } from '../context.ts'
import { idInput } from '../id-input.ts'
import { InvalidInput } from '../invalid-input.ts'
import { uuidOfField } from '../node-id.ts'
import { actorOf, valueOrThrow } from '../task/task-payload.ts'
import { IllegalRunCommand, NotFound } from '../user-failure.ts'
import { runPayload } from './run-payload.ts'

const REFUSALS = [InvalidInput, NotFound, IllegalRunCommand]
const MOST_REASON_CHARACTERS = 10_000

const PauseWorkflowRunInput = idInput('PauseWorkflowRunInput', 'run', 'A run to hold back.')
const ResumeWorkflowRunInput = idInput('ResumeWorkflowRunInput', 'run', 'A run to let go on.')
const RetryWorkflowRunInput = idInput('RetryWorkflowRunInput', 'run', 'A run to take up again.')
const CancelWorkflowRunInput = builder.inputType('CancelWorkflowRunInput', {
  description: 'A run to cancel.',
  fields: (t) => ({
    id: t.id({ required: true, description: 'TypeID of the run.' }),
    reason: t.string({ description: `Why, for those who look at it later; at most 10,000 characters.` }),
  }),
})

const PauseWorkflowRunSuccess = runPayload('PauseWorkflowRunSuccess', 'The run is held back.')
const ResumeWorkflowRunSuccess = runPayload('ResumeWorkflowRunSuccess', 'The run goes on.')
const RetryWorkflowRunSuccess = runPayload('RetryWorkflowRunSuccess', 'The run goes on, from what had failed.')
const CancelWorkflowRunSuccess = runPayload(
  'CancelWorkflowRunSuccess',
  'The run was told to stop. It is CANCELLED once all that it has started has stopped.',
)

builder.mutationFields((t) => ({
  cancelWorkflowRun: t.errorUnionField({
    types: [CancelWorkflowRunSuccess, ...REFUSALS],
    union: {
      name: 'CancelWorkflowRunResult',
      description: 'What came of cancelling a run.',
      resolveType: () => 'CancelWorkflowRunSuccess',
    },
    description: 'Stops a run, with the tasks and the runs that its steps have started.',
    authScopes: { role: 'DEVELOPER' },
    args: { input: t.arg({ type: CancelWorkflowRunInput, required: true, description: 'The run to cancel.' }) },
    resolve: (_root, { input: { id, reason } }, context) => {
      if (reason != null && reason.length > MOST_REASON_CHARACTERS) {
        const message = `has ${reason.length} characters; ${MOST_REASON_CHARACTERS} at most`
        throw new InvalidInput([{ path: ['input', 'reason'], message }])
      }
      return steer(context, id, { kind: 'cancel', reason: reason ?? null })
    },
  }),
  pauseWorkflowRun: t.errorUnionField({
    types: [PauseWorkflowRunSuccess, ...REFUSALS],
    union: {
      name: 'PauseWorkflowRunResult',
      description: 'What came of pausing a run.',
      resolveType: () => 'PauseWorkflowRunSuccess',
    },
    description: 'Holds a run back: nothing new starts in it. What works goes on to its end.',
    authScopes: { role: 'OPERATOR' },
    args: { input: t.arg({ type: PauseWorkflowRunInput, required: true, description: 'The run to hold back.' }) },
    resolve: (_root, { input }, context) => steer(context, input.id, { kind: 'pause' }),
  }),
  resumeWorkflowRun: t.errorUnionField({
    types: [ResumeWorkflowRunSuccess, ...REFUSALS],
    union: {
      name: 'ResumeWorkflowRunResult',
      description: 'What came of resuming a run.',
      resolveType: () => 'ResumeWorkflowRunSuccess',
    },
    description: 'Lets a paused run go on.',
    authScopes: { role: 'OPERATOR' },
    args: { input: t.arg({ type: ResumeWorkflowRunInput, required: true, description: 'The run to let go on.' }) },
    resolve: (_root, { input }, context) => steer(context, input.id, { kind: 'resume' }),
  }),
  retryWorkflowRun: t.errorUnionField({
    types: [RetryWorkflowRunSuccess, ...REFUSALS],
    union: {
      name: 'RetryWorkflowRunResult',
      description: 'What came of retrying a run.',
      resolveType: () => 'RetryWorkflowRunSuccess',
    },
    description:
      'Takes up a run that failed or was cancelled: from the steps that failed, were cancelled, or were skipped because of them. What was completed is kept.',
    authScopes: { role: 'DEVELOPER' },
    args: { input: t.arg({ type: RetryWorkflowRunInput, required: true, description: 'The run to take up again.' }) },
    resolve: (_root, { input }, context) => steer(context, input.id, { kind: 'retry' }),
  }),
}))

async function steer(context: GraphContext, id: string, command: RunCommand) {
  const runId = uuidOfField(ID_PREFIXES.run, id, ['input', 'id'])
  return valueOrThrow(await commandRun(context.engine, actorOf(context), { runId, command }), (path) => [
    'input',
    ...path,
  ])
}

import type { StepError } from '../../workflow/run/run-state.ts'
import { builder } from '../builder.ts'
import { ExpressionPlace } from './definition-problem.ts'

/** Why a step or a run failed. */
export const StepErrorType = builder.objectRef<StepError>('StepError').implement({
  description: 'Why a step, or a run by a step of it, failed.',
  fields: (t) => ({
    code: t.exposeString('code', {
      description: 'Stable, UPPER_SNAKE_CASE: the code of its task, or such as STEP_TIMEOUT, EXPRESSION or LOOP_LIMIT.',
    }),
    message: t.exposeString('message', { description: 'What happened, for people.' }),
    expression: t.field({
      type: ExpressionPlace,
      nullable: true,
      description: 'The expression that failed; null when it was something else.',
      resolve: ({ expression }) => expression ?? null,
    }),
  }),
})

/** A column that holds one. */
export function stepErrorOf(error: unknown): StepError | null {
  return error as StepError | null
}

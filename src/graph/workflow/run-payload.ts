import { builder } from '../builder.ts'
import { loadRun } from './load-run.ts'
import { WorkflowRun } from './workflow-run.ts'

/** The payload of a verb about one run. */
export function runPayload(name: string, description: string) {
  return builder.objectRef<{ readonly runId: string }>(name).implement({
    description,
    fields: (t) => ({
      run: t.field({
        type: WorkflowRun,
        description: 'The run as it is now.',
        resolve: async ({ runId }, _args, context, info) => {
          const run = await loadRun(context, info, runId)
          if (run === null) throw new Error(`Run ${runId} is gone right after it was written`)
          return run
        },
      }),
    }),
  })
}

import { defineTaskType } from '../../src/worker/define-task-type.ts'

/** What the steps of test/support/every-step.ts call. */
export const work = defineTaskType<{ n?: number }>({
  name: 'work',
  handler: async ({ input: { n = 0 } }) => {
    if (n < 0) throw Object.assign(new Error('n is negative'), { code: 'BROKEN', retryable: false })
    return n * 10
  },
})

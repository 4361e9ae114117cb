import { z } from 'zod'
import { createWorker } from '../src/remote-worker/worker.ts'

// npx node examples/worker.ts      with TASK_MGMT_URL and TASK_MGMT_API_KEY (role WORKER) for a server that is not at 127.0.0.1:4000
// In a project of your own the import is: import { createWorker } from 'task-mgmt/worker'

const base = process.env.TASK_MGMT_URL ?? 'http://127.0.0.1:4000'
const apiKey = process.env.TASK_MGMT_API_KEY

const worker = createWorker({ url: new URL('/graphql', base).href, ...(apiKey && { apiKey }), slots: 5 })

worker.handle(
  'word_count',
  {
    description: 'Counts the words of a text.',
    input: z.object({ text: z.string() }),
    output: z.object({ words: z.number() }),
  },
  ({ input }, { log }) => {
    const words = input.text.split(/\s+/).filter(Boolean).length
    log('info', 'counted', { words })
    return { words }
  },
)

// Runs in a thread of its own, which is ended when the handler does not heed its signal.
worker.handle('sum_of_roots', {
  description: 'Adds up the square roots of the numbers up to `below`.',
  input: z.object({ below: z.int().min(1) }),
  file: new URL('./sum-of-roots.ts', import.meta.url),
})

await worker.start()
await worker.ended

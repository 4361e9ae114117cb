import { createClient, unwrap } from '../src/sdk/sdk.ts'

// npx node examples/watch.ts [type] [input]      with TASK_MGMT_URL for a server that is not at 127.0.0.1:4000
// In a project of your own the import is: import { createClient, unwrap } from 'task-mgmt/sdk'

const [type = 'code_analysis', input = '{"path":"src"}'] = process.argv.slice(2)
const base = process.env.TASK_MGMT_URL ?? 'http://127.0.0.1:4000'
const apiKey = process.env.TASK_MGMT_API_KEY
const client = createClient({ url: new URL('/graphql', base).href, ...(apiKey && { apiKey }) })

const { task } = unwrap(await client.createTask({ input: { name: `Try ${type}`, type, input: JSON.parse(input) } }))

for await (const { event, task: now } of client.watchTask(task.id)) {
  const share = now.progress ? `${Math.round(now.progress.fraction * 100)}% ${now.progress.message ?? ''}` : ''
  console.log(`${event?.__typename ?? 'Now'}: ${now.status} ${share}`.trim())
}

client.close()

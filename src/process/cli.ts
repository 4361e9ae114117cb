import { main } from '../cli/main.ts'

// `task-mgmt` with any command but `serve`: the command line speaks through the SDK; what needs the database is loaded when it is asked for.

await main(async (key) => {
  const { createLocalKey } = await import('./create-local-key.ts')
  return createLocalKey(key)
})

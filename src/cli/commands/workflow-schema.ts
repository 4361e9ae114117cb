import type { Command } from 'commander'
import type { RunCall } from '../call.ts'

const EDITORS = `
In an editor with the YAML language server, the first line of a definition names the schema, here by a file of it:
  task-mgmt workflow schema > workflow.schema.json
  # yaml-language-server: $schema=./workflow.schema.json
or by the server: $schema=http://127.0.0.1:4000/schemas/workflow.schema.json`

/** `workflow schema` */
export function addWorkflowSchema(workflow: Command, run: RunCall): void {
  workflow
    .command('schema')
    .description('Print the JSON Schema of definitions, for editors')
    .addHelpText('after', EDITORS)
    .action(() =>
      run(async (call) => {
        call.json(await call.client.getWorkflowSchema({}, { signal: call.terminal.interrupted }))
        return undefined
      }),
    )
}

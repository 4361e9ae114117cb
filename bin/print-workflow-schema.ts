import { writeFile } from 'node:fs/promises'
import { DEFINITION_SCHEMA } from '../src/workflow/definition/schema/definition-schema.ts'

await writeFile(new URL('../workflow.schema.json', import.meta.url), `${JSON.stringify(DEFINITION_SCHEMA, null, 2)}\n`)

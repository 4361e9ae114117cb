import type { JsonSchema, JsonValue } from '../../task/json.ts'
import type { Checked } from '../../workflow/definition/check-workflow.ts'
import type { WorkflowDefinition } from '../../workflow/definition/definition.ts'
import { type Known, namesOf } from '../../workflow/definition/validate/check-known.ts'
import { readKnownWorkflows } from '../../workflow/store/workflows.ts'
import type { GraphContext } from '../context.ts'

/**
 * Reads and judges a definition as clients send it: an object, or a text in YAML or JSON.
 *
 * Names that nothing has here yet are warnings: their workers and workflows may come later.
 */
export async function checkDefinition(context: GraphContext, definition: JsonValue): Promise<Checked> {
  const { definitions } = context
  const check = (known?: Known): Checked =>
    typeof definition === 'string' ? definitions.text(definition, known) : definitions.value(definition, known)
  const alone = check()
  // What is wrong with it by itself comes first: only a whole definition says what names it speaks of.
  return alone.ok ? check(await readKnown(context, alone.definition)) : alone
}

async function readKnown({ db, tenant }: GraphContext, definition: WorkflowDefinition): Promise<Known> {
  const names = namesOf(definition)
  const carried = [...names.taskTypes, ...names.handlers]
  const [{ rows }, workflows] = await Promise.all([
    carried.length === 0
      ? { rows: [] }
      : db.query<{ name: string; input: JsonSchema | null }>(KNOWN_TYPES, [tenant, carried]),
    readKnownWorkflows(db, tenant, names.workflows),
  ])
  const types = new Map(rows.map(({ name, input }) => [name, { input }]))
  return { taskTypes: types, handlers: types, workflows, unknown: 'warning' }
}

// In: $1 tenant, $2 names. What is named, and some others to guess from when one is misspelt. Index: task_type_pkey.
const KNOWN_TYPES = `
  SELECT "name", "input_schema" AS "input" FROM "task_type" WHERE "tenant" = $1 AND "name" = ANY ($2::text[])
  UNION ALL
  (SELECT "name", NULL FROM "task_type" WHERE "tenant" = $1 AND "name" <> ALL ($2::text[]) ORDER BY "name" LIMIT 100)`

import { Ajv2020 } from 'ajv/dist/2020.js'
import { MAX_DEFINITION_BYTES, MAX_JSON_DEPTH, MAX_NESTING, MAX_PROBLEMS, MAX_STEPS } from './bounds.ts'
import type { WorkflowDefinition } from './definition.ts'
import { measure } from './measure.ts'
import { type DefinitionProblem, inDocumentOrder } from './problem.ts'
import { DEFINITION_SCHEMA } from './schema/definition-schema.ts'
import { shapeProblem } from './shape-problem.ts'

export type Parsed =
  | { readonly ok: true; readonly definition: WorkflowDefinition }
  | { readonly ok: false; readonly problems: readonly DefinitionProblem[] }

/** Reads values as definitions. Making one compiles the schema, which takes about as long as thousands of readings. */
export interface DefinitionParser {
  /**
   * A value as a definition of the right shape; whether it makes sense is for `validateDefinition`.
   *
   * @param value what was sent: anything at all
   * @returns the definition, which shares its parts with the value, or every problem of its shape in the order of the document
   */
  parse(value: unknown): Parsed
}

/** Complaints of the checker that are looked at; a hostile value can have one for each of its parts. */
const MAX_ERRORS = 5_000

export function createDefinitionParser(): DefinitionParser {
  const ajv = new Ajv2020({
    strict: false,
    allErrors: true,
    verbose: true,
    discriminator: true,
    inlineRefs: false,
    validateSchema: false,
    logger: false,
  })
  const fits = ajv.compile(DEFINITION_SCHEMA)

  return {
    parse(value) {
      const tooMuch = sizeProblem(value)
      if (tooMuch !== null) return { ok: false, problems: [tooMuch] }
      if (fits(value)) return { ok: true, definition: value as unknown as WorkflowDefinition }
      const problems = (fits.errors ?? [])
        .slice(0, MAX_ERRORS)
        .map((error) => shapeProblem(value, error))
        .filter((problem) => problem !== null)
      return { ok: false, problems: inDocumentOrder(value, onePerPlace(problems)).slice(0, MAX_PROBLEMS) }
    },
  }
}

/** Branches of the schema can say the same of one place. */
function onePerPlace(problems: readonly DefinitionProblem[]): DefinitionProblem[] {
  const first = new Map<string, DefinitionProblem>()
  for (const problem of problems) {
    const place = JSON.stringify([problem.code, ...problem.path])
    if (!first.has(place)) first.set(place, problem)
  }
  return [...first.values()]
}

function sizeProblem(value: unknown): DefinitionProblem | null {
  const tooLarge = (message: string): DefinitionProblem => ({
    severity: 'error',
    code: 'DEFINITION_TOO_LARGE',
    path: [],
    message,
  })
  const unfit = measure(value, { bytes: MAX_DEFINITION_BYTES, depth: MAX_JSON_DEPTH })
  switch (unfit?.kind) {
    case 'bytes':
      return tooLarge(
        `takes more than ${unfit.limit.toLocaleString('en-US')} bytes: split it into workflows that start each other (SUBWORKFLOW), and pass large content as input`,
      )
    case 'depth':
      return tooLarge(`nests more than ${unfit.limit} deep`)
    case 'not_json':
      return {
        severity: 'error',
        code: 'WRONG_TYPE',
        path: unfit.path,
        message: `is ${unfit.what}, which JSON cannot hold`,
      }
  }
  const { count, levels } = countSteps(value)
  if (count > MAX_STEPS)
    return tooLarge(`has ${count.toLocaleString('en-US')} steps; ${MAX_STEPS.toLocaleString('en-US')} at most`)
  if (levels > MAX_NESTING) return tooLarge(`nests steps ${levels} deep; ${MAX_NESTING} at most`)
  return null
}

/** Steps and compensations of whatever looks like a definition. */
function countSteps(root: unknown): { count: number; levels: number } {
  let count = 0
  let levels = 0
  const open: { holder: unknown; level: number }[] = [{ holder: root, level: 0 }]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { steps, compensate } = (next.holder ?? {}) as { steps?: unknown; compensate?: unknown }
    if (typeof compensate === 'object' && compensate !== null) count += 1
    if (!Array.isArray(steps)) continue
    count += steps.length
    levels = Math.max(levels, next.level + 1)
    for (const step of steps) open.push({ holder: step, level: next.level + 1 })
  }
  return { count, levels }
}

/** Bytes of a definition as JSON, and characters of its text. */
export const MAX_DEFINITION_BYTES = 1_048_576
/** Steps of a definition in all, those within others and compensations counted. */
export const MAX_STEPS = 5_000
/** Levels of steps: 1 are those of the run, 2 those within them. */
export const MAX_NESTING = 20
/** Levels of lists and objects in the JSON of a definition. */
export const MAX_JSON_DEPTH = 200
/** Problems that are listed; more would not help. */
export const MAX_PROBLEMS = 200

export const MAX_ID_LENGTH = 64
export const MAX_NAME_LENGTH = 100
/** Characters of what is shown as one line. */
export const MAX_TITLE_LENGTH = 500
export const MAX_DESCRIPTION_LENGTH = 10_000
/** Iterations of a LOOP, and elements of a MAP. */
export const MAX_ITERATIONS = 100_000
export const MAX_ATTEMPTS = 1_000
/** Steps that work at a time, and runs of a workflow. */
export const MAX_PARALLEL = 10_000

/** A letter, then letters, digits and `_`: what stands after `steps.` in an expression. */
export const STEP_ID = `^[A-Za-z][A-Za-z0-9_]{0,${MAX_ID_LENGTH - 1}}$`
export const WORKFLOW_NAME = `^[A-Za-z0-9][A-Za-z0-9_.-]{0,${MAX_NAME_LENGTH - 1}}$`
/** Words of CEL that cannot follow `steps.`. */
export const RESERVED_IDS: readonly string[] = ['in', 'true', 'false', 'null']

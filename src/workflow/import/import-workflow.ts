import { createTimer, isOutOfTime } from '../../expression/timer.ts'
import { MAX_JSON_DEPTH, MAX_PROBLEMS } from '../definition/bounds.ts'
import { measure } from '../definition/measure.ts'
import type { ProblemPath } from '../definition/problem.ts'
import { type Place, readAnyText } from '../definition/read-text.ts'
import type { Imported, ImportProblem } from './imported.ts'
import { importStatesLanguage, type StatesLanguageOptions } from './states-language/import-states.ts'
import { importWfFormat, type WfFormatOptions } from './wf-format.ts'

/** Formats of others that are read. */
export const WORKFLOW_FORMATS = ['STATES_LANGUAGE', 'WF_FORMAT'] as const
export type WorkflowFormat = (typeof WORKFLOW_FORMATS)[number]

/** Bytes of a document as JSON, and characters of its text. */
export const MAX_SOURCE_BYTES = 4 * 1_048_576

/** Longest conversion of a document; one of 5,000 steps takes a tenth of it. */
const MAX_CONVERT_MS = 2_000

export interface ImportRequest {
  readonly format: WorkflowFormat
  /** The document: a value, or a text of it in JSON or YAML. */
  readonly source: unknown
  /** What the workflow is to be called. Default: what the document says; a state machine has no name. */
  readonly name?: string
  readonly statesLanguage?: Omit<StatesLanguageOptions, 'name'>
  readonly wfFormat?: WfFormatOptions
}

/**
 * A workflow from a document of another format, as it was sent: hostile ones cost no more than a bounded time.
 *
 * @returns the definition and what does not map, or what is wrong with the document, at most 200 problems, with lines where it is a text
 */
export function importWorkflow({ source, ...request }: ImportRequest): Imported {
  if (typeof source !== 'string') return importValue(source, request)
  if (source.length > MAX_SOURCE_BYTES) return refused(tooLarge())
  const read = readAnyText(source)
  if (!read.ok) return { ok: false, problems: read.problems }
  const imported = importValue(read.value, request)
  return imported.ok ? imported : { ok: false, problems: imported.problems.map((one) => placed(one, read.placeOf)) }
}

function importValue(value: unknown, request: Omit<ImportRequest, 'source'>): Imported {
  const unfit = measure(value, { bytes: MAX_SOURCE_BYTES, depth: MAX_JSON_DEPTH })
  switch (unfit?.kind) {
    case 'bytes':
      return refused(tooLarge())
    case 'depth':
      return refused(`nests deeper than ${MAX_JSON_DEPTH} levels`)
    case 'not_json':
      return refused(`holds ${unfit.what}`, unfit.path)
  }
  try {
    const imported = createTimer()(MAX_CONVERT_MS, () => convert(value, request))
    if (!imported.ok) return { ok: false, problems: imported.problems.slice(0, MAX_PROBLEMS) }
    const { name } = request
    return name === undefined ? imported : { ...imported, definition: { ...imported.definition, name } }
  } catch (error) {
    if (!isOutOfTime(error)) throw error
    return refused(`takes longer than ${MAX_CONVERT_MS.toLocaleString('en-US')} ms to convert: import parts of it`)
  }
}

function convert(value: unknown, { format, name = '', statesLanguage, wfFormat }: Omit<ImportRequest, 'source'>) {
  switch (format) {
    case 'STATES_LANGUAGE':
      return importStatesLanguage(value, { ...statesLanguage, name })
    case 'WF_FORMAT':
      return importWfFormat(value, wfFormat)
  }
}

function refused(message: string, path: ProblemPath = []): Imported {
  return { ok: false, problems: [{ path, message }] }
}

function tooLarge(): string {
  return `has more than ${MAX_SOURCE_BYTES.toLocaleString('en-US')} bytes, the most that is read`
}

function placed(problem: ImportProblem, placeOf: (path: ProblemPath) => Place | null): ImportProblem {
  return { ...problem, ...placeOf(problem.path) }
}

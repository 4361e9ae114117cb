import {
  type Document,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  visit,
} from 'yaml'
import { createTimer, isOutOfTime } from '../../expression/timer.ts'
import { MAX_DEFINITION_BYTES, MAX_PROBLEMS } from './bounds.ts'
import type { DefinitionProblem, ProblemPath } from './problem.ts'

/** Where something stands in a text, from 1. */
export interface Place {
  readonly line: number
  readonly column: number
}

export type TextRead =
  | { readonly ok: true; readonly value: unknown; placeOf(path: ProblemPath): Place | null }
  | { readonly ok: false; readonly problems: readonly DefinitionProblem[] }

/** Longest reading of a text; one of 5,000 steps takes 0.4 s. Some nonsense of a megabyte would take minutes. */
const MAX_READ_MS = 2_000
/** How often anchors may be repeated by aliases, those within others multiplied. */
const MAX_ALIASES = 1_000

const OPTIONS = {
  // In steps that grow with the square of a map's size; told apart here.
  uniqueKeys: false,
  merge: true,
  stringKeys: true,
  prettyErrors: false,
  resolveKnownTags: false,
  logLevel: 'error',
} as const

/**
 * The value that a text in YAML 1.2 or JSON stands for.
 *
 * Aliases are followed within a bound, `<<` merges maps; tags, several documents and keys that stand twice are problems.
 */
export function readDefinitionText(text: string): TextRead {
  if (text.length > MAX_DEFINITION_BYTES) {
    const message = `has ${text.length.toLocaleString('en-US')} characters; ${MAX_DEFINITION_BYTES.toLocaleString('en-US')} at most: split it into workflows that start each other (SUBWORKFLOW)`
    return { ok: false, problems: [{ severity: 'error', code: 'DEFINITION_TOO_LARGE', path: [], message }] }
  }
  return readAnyText(text)
}

/** As {@link readDefinitionText}, of texts of other formats: how long they may be is the caller's to say. */
export function readAnyText(text: string): TextRead {
  const json = readJson(text)
  if (json === undefined) return readYaml(text)
  let places: ((path: ProblemPath) => Place | null) | undefined
  return {
    ok: true,
    value: json,
    placeOf(path) {
      if (places === undefined) {
        const read = readYaml(text)
        places = read.ok ? read.placeOf : () => null
      }
      return places(path)
    },
  }
}

/** Problems with their places in the text. */
export function placed(problems: readonly DefinitionProblem[], read: TextRead & { ok: true }): DefinitionProblem[] {
  return problems.map((problem) => ({ ...problem, ...read.placeOf(problem.path) }))
}

/** Undefined when it is none: YAML may make something of it, and says better what is wrong. */
function readJson(text: string): unknown {
  if (!/^\s*\{/.test(text)) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function readYaml(text: string): TextRead {
  const lines = new LineCounter()
  const unreadable = (message: string, offset?: number): DefinitionProblem => ({
    severity: 'error',
    code: 'NOT_A_DEFINITION',
    path: [],
    message,
    ...(offset !== undefined && offset >= 0 && placeAt(lines, offset)),
  })
  try {
    return createTimer()(MAX_READ_MS, () => {
      const document = parseDocument(text, { ...OPTIONS, lineCounter: lines })
      const problems = [...document.errors, ...document.warnings]
        .slice(0, MAX_PROBLEMS)
        .map(({ message, pos }) => unreadable(`is no YAML: ${message}`, pos[0]))
      if (problems.length === 0) problems.push(...duplicateKeys(document, lines))
      if (problems.length > 0) return { ok: false, problems }
      const value: unknown = document.toJS({ maxAliasCount: MAX_ALIASES })
      return { ok: true, value, placeOf: (path) => placeOf(document, lines, path) }
    })
  } catch (error) {
    const message = isOutOfTime(error)
      ? `takes longer than ${MAX_READ_MS.toLocaleString('en-US')} ms to read`
      : `is no YAML: ${error instanceof RangeError ? 'it nests too deep' : (error as Error).message}`
    return { ok: false, problems: [unreadable(message)] }
  }
}

function duplicateKeys(document: Document.Parsed, lines: LineCounter): DefinitionProblem[] {
  const problems: DefinitionProblem[] = []
  visit(document, {
    Map(_key, map, ancestors) {
      const seen = new Set<string>()
      for (const { key } of map.items as Pair<Node>[]) {
        const name = nameOf(key)
        if (name !== '<<' && seen.has(name)) {
          problems.push({
            severity: 'error',
            code: 'DUPLICATE_FIELD',
            path: [...pathOf([...ancestors, map]), name],
            message: 'stands twice; take one away',
            ...placeOfNode(lines, key),
          })
        }
        if (problems.length === MAX_PROBLEMS) return visit.BREAK
        seen.add(name)
      }
      return undefined
    },
  })
  return problems
}

/** The path to the last of some nodes, each within the one before. */
function pathOf(nodes: readonly unknown[]): (string | number)[] {
  return nodes.flatMap((node, at): (string | number)[] => {
    if (isPair(node)) return [nameOf(node.key)]
    if (isSeq(node) && at < nodes.length - 1) return [node.items.indexOf(nodes[at + 1])]
    return []
  })
}

/** Of what stands at the path, or of what holds it where it is missing: the key of a field, the beginning of an element. */
function placeOf(document: Document.Parsed, lines: LineCounter, path: ProblemPath): Place | null {
  let node: unknown = document.contents
  let place = placeOfNode(lines, document.contents)
  for (const part of path) {
    if (isAlias(node)) node = node.resolve(document)
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => nameOf(key) === part)
      if (pair === undefined) return place
      place = placeOfNode(lines, pair.key) ?? place
      node = pair.value
    } else if (isSeq(node)) {
      node = node.items[part as number]
      place = placeOfNode(lines, node) ?? place
    } else return place
  }
  return place
}

function nameOf(key: unknown): string {
  return String(isScalar(key) ? key.value : key)
}

function placeOfNode(lines: LineCounter, node: unknown): Place | null {
  const range = (node as Node | null)?.range
  return range == null ? null : placeAt(lines, range[0])
}

function placeAt(lines: LineCounter, offset: number): Place {
  const { line, col } = lines.linePos(offset)
  return { line, column: col }
}

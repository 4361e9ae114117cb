import type { AnalysisReport, ReportedFile, ReportedFunction, TruncatedPart } from './analysis-report.ts'

/** Something that can be left out of a report, and the bytes of JSON that saves at least. */
export interface Expendable {
  readonly thing: object
  readonly bytes: number
  /** The more, the longer it stays. */
  readonly importance: number
}

/** A report taken apart by what can be left out. */
export interface ReportSize {
  readonly bytes: number
  readonly expendables: Readonly<Record<TruncatedPart, Expendable[]>>
}

/**
 * Measures a report as JSON in UTF-8.
 *
 * @param pause awaited after every 50 files, so that a large report does not hold up the event loop
 */
export async function measureReport(report: AnalysisReport, pause: () => Promise<void>): Promise<ReportSize> {
  const { files, skipped, failures } = report
  const expendables: Record<TruncatedPart, Expendable[]> = {
    parameterLists: [],
    importLists: [],
    functions: [],
    typeLists: [],
    classLists: [],
    files: [],
    skipped: skipped.map(fromTheEnd),
    failures: failures.map(fromTheEnd),
  }
  let bytes = jsonBytes({ ...report, files: [] })
  for (const [index, file] of files.entries()) {
    bytes += jsonBytes(file) + COMMA
    measureFile(file, expendables)
    if (index % FILES_BETWEEN_PAUSES === FILES_BETWEEN_PAUSES - 1) await pause()
  }
  return { bytes, expendables }
}

/** Bytes of a value as JSON in UTF-8. */
export function jsonBytes(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value))
}

/** A function as it is reported when its parameters are left out. */
export function withoutParameters({ parameters: _, ...found }: ReportedFunction): ReportedFunction {
  return found
}

const FILES_BETWEEN_PAUSES = 50
const COMMA = 1
const EMPTY_LIST = 2

function measureFile(file: ReportedFile, into: Record<TruncatedPart, Expendable[]>): void {
  const { functions, classes, imports, types, lines } = file
  for (const [index, found] of functions.entries()) {
    const whole = jsonBytes(found)
    const bytes = jsonBytes(withoutParameters(found))
    into.parameterLists.push({ thing: found, bytes: whole - bytes, importance: found.complexity })
    into.functions.push({ thing: found, bytes: bytes + commaOf(index), importance: found.complexity })
  }
  addList(into.importLists, file, imports)
  addList(into.typeLists, file, types)
  addList(into.classLists, file, classes)
  const bare = { ...file, functions: [], classes: [], imports: [], types: [] }
  into.files.push({ thing: file, bytes: jsonBytes(bare) + commaOf(into.files.length), importance: lines })
}

function addList(into: Expendable[], file: ReportedFile, list: readonly unknown[]): void {
  if (list.length > 0) into.push({ thing: file, bytes: jsonBytes(list) - EMPTY_LIST, importance: file.lines })
}

function fromTheEnd(thing: object, index: number): Expendable {
  return { thing, bytes: jsonBytes(thing) + commaOf(index), importance: -index }
}

/** A list has one comma less than members: the first counts none, so that what is left out never saves less than said. */
function commaOf(index: number): number {
  return index === 0 ? 0 : COMMA
}

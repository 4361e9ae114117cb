import {
  type AnalysisReport,
  type ReportedFile,
  TRUNCATED_PARTS,
  type TruncatedPart,
  type Truncation,
} from './analysis-report.ts'
import { jsonBytes, measureReport, withoutParameters } from './measure-report.ts'

/**
 * Leaves out detail until the report, as JSON in UTF-8, has at most `budgetBytes`.
 *
 * Part by part in the order of `TRUNCATED_PARTS`: parameters and functions of the least complex first, lists and files
 * of the shortest files first, skipped files and failures from the end. Totals, languages and hotspots stay whole
 * (below 20 kB, unless paths are long), and `truncated` says how many of each part are gone. The same report always
 * gives the same answer.
 *
 * @param pause awaited now and then, so that a large report does not hold up the event loop
 * @returns the report itself when it fits
 */
export async function fitReport(
  report: AnalysisReport,
  budgetBytes: number,
  pause: () => Promise<void>,
): Promise<AnalysisReport> {
  const { bytes, expendables } = await measureReport(report, pause)
  if (bytes <= budgetBytes) return report
  // The counts take the place of `"truncated":null`.
  let excess = bytes + jsonBytes(countOmitted(() => Number.MAX_SAFE_INTEGER)) - budgetBytes
  const omitted = new Map<TruncatedPart, Set<object>>()
  for (const part of TRUNCATED_PARTS) {
    if (excess <= 0) break
    await pause()
    const gone = new Set<object>()
    omitted.set(part, gone)
    // The sort is stable: equals stay in the order of their paths.
    for (const expendable of expendables[part].sort((a, b) => a.importance - b.importance)) {
      if (excess <= 0) break
      gone.add(expendable.thing)
      excess -= expendable.bytes
    }
  }
  return withoutOmitted(report, omitted)
}

type Omitted = ReadonlyMap<TruncatedPart, ReadonlySet<object>>

function withoutOmitted(report: AnalysisReport, omitted: Omitted): AnalysisReport {
  return {
    ...report,
    files: kept(report.files, omitted.get('files')).map((file) => trimFile(file, omitted)),
    skipped: kept(report.skipped, omitted.get('skipped')),
    failures: kept(report.failures, omitted.get('failures')),
    truncated: countOmitted((part) => omitted.get(part)?.size ?? 0),
  }
}

function trimFile(file: ReportedFile, omitted: Omitted): ReportedFile {
  const parameterLists = omitted.get('parameterLists')
  return {
    ...file,
    functions: kept(file.functions, omitted.get('functions')).map((found) =>
      parameterLists?.has(found) ? withoutParameters(found) : found,
    ),
    classes: omitted.get('classLists')?.has(file) ? [] : file.classes,
    imports: omitted.get('importLists')?.has(file) ? [] : file.imports,
    types: omitted.get('typeLists')?.has(file) ? [] : file.types,
  }
}

function kept<T extends object>(things: readonly T[], gone: ReadonlySet<object> | undefined): readonly T[] {
  return gone === undefined ? things : things.filter((thing) => !gone.has(thing))
}

function countOmitted(count: (part: TruncatedPart) => number): Truncation {
  return Object.fromEntries(TRUNCATED_PARTS.map((part) => [part, count(part)])) as Truncation
}

import type { DefinitionProblem, ProblemCode, ProblemPath } from '../problem.ts'

type More = Partial<Pick<DefinitionProblem, 'severity' | 'expression'>>

/** Notes a problem; an error unless it says otherwise. */
export type Report = (code: ProblemCode, path: ProblemPath, message: string, more?: More) => void

export function createReport(problems: DefinitionProblem[]): Report {
  return (code, path, message, more) => problems.push({ severity: 'error', code, path, message, ...more })
}

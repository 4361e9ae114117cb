import { MAX_EXPRESSION_LENGTH, problemText } from '../expression/expression-language.ts'
import { checkOneOf, checkText, checkUuid, type Path, type Report } from './check-fields.ts'
import type { UnmetRule } from './command.ts'
import { problemOfCondition } from './dependency.ts'
import { DEPENDENCY_KINDS, type DependencyKind, type NewDependency, type NewTask } from './new-task.ts'

const MAX_DEPENDENCIES = 10_000
const UNMET_RULES: readonly UnmetRule[] = ['SKIP', 'FAIL', 'CANCEL']

/** What a task waits for, each by itself and all together. */
export function checkDependencies(task: NewTask, path: Path, report: Report): void {
  const dependencies = task.dependsOn ?? []
  if (dependencies.length > MAX_DEPENDENCIES)
    report(path, `holds ${dependencies.length} dependencies; ${MAX_DEPENDENCIES} at most`)
  const seen = new Set<string>()
  const fields = new Set<string>()
  for (const [index, dependency] of dependencies.entries()) {
    checkDependency(task, dependency, [...path, index], report)
    const { inputField } = dependency
    if (inputField !== undefined && fields.has(inputField)) {
      report([...path, index, 'inputField'], `"${inputField}" takes the output of another dependency already`)
    }
    if (inputField !== undefined) fields.add(inputField)
    const target = dependency.taskId ?? `key ${dependency.key}`
    if (seen.has(target)) report([...path, index], 'depends on the same task twice')
    seen.add(target)
  }
}

function checkDependency(task: NewTask, dependency: NewDependency, path: Path, report: Report): void {
  if ((dependency.taskId === undefined) === (dependency.key === undefined)) {
    report(path, 'needs either the id of a task that exists or the key of one in this call')
  }
  if (dependency.taskId !== undefined) checkUuid(dependency.taskId, [...path, 'taskId'], report)
  const kind = dependency.kind ?? 'COMPLETION'
  checkOneOf(kind, DEPENDENCY_KINDS, [...path, 'kind'], report)
  checkOneOf(dependency.onUnmet, UNMET_RULES, [...path, 'onUnmet'], report)
  if (kind !== 'DATA' && dependency.inputField !== undefined) {
    report([...path, 'inputField'], `goes with kind DATA only, not with ${kind}`)
  }
  checkCondition(kind, dependency.condition, [...path, 'condition'], report)
  if (kind !== 'DATA') return
  if (dependency.inputField === undefined)
    report([...path, 'inputField'], 'is missing: name the input field that takes the output')
  else checkText(dependency.inputField, 1, 200, [...path, 'inputField'], report)
  const { input } = task
  if (input !== undefined && (typeof input !== 'object' || input === null || Array.isArray(input))) {
    report([...path, 'kind'], 'DATA merges into the input, so the input must be an object')
  }
}

function checkCondition(kind: DependencyKind, condition: string | undefined, path: Path, report: Report): void {
  if (kind !== 'CONDITIONAL') {
    if (condition !== undefined) report(path, `goes with kind CONDITIONAL only, not with ${kind}`)
    return
  }
  if (condition === undefined) {
    report(path, 'is missing: give a CEL expression, like status == "COMPLETED" && output.count > 0')
    return
  }
  checkText(condition, 1, MAX_EXPRESSION_LENGTH, path, report)
  const problem = problemOfCondition(condition)
  if (problem !== null && problem.kind !== 'TOO_LONG') report(path, `is no expression: ${problemText(problem)}`)
}

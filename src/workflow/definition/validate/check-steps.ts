import { checkResources } from '../../../task/resources.ts'
import type { SchemaCheck } from '../../../task/schema-check.ts'
import { parseSelector } from '../../../task/selector.ts'
import { parseDateTime } from '../../../text/date-time.ts'
import { parseAnyDuration } from '../../../text/duration.ts'
import type {
  ApprovalStep,
  Compensation,
  LoopStep,
  MapStep,
  ParallelStep,
  Step,
  StepRetry,
  TaskOptions,
  WaitStep,
  WebhookStep,
  WorkflowDefinition,
} from '../definition.ts'
import type { ProblemPath } from '../problem.ts'
import { OPEN, textParts } from '../text-parts.ts'
import { constantTruth } from './edges.ts'
import type { Layout } from './layout.ts'
import { compensationOf } from './layout.ts'
import type { Report } from './report.ts'

/** What the fields of a definition must be beside their shape, and which of them go together. */
export function checkFields({ definition, all }: Layout, schemas: SchemaCheck, report: Report): void {
  checkTop(definition, schemas, report)
  for (const placed of all) {
    checkStep(placed.step, placed.path, schemas, report)
    const undo = compensationOf(placed)
    if (undo !== null) checkWork(undo.step, undo.path, report)
  }
}

function checkTop({ input, output, limits }: WorkflowDefinition, schemas: SchemaCheck, report: Report): void {
  checkSchema(input, ['input'], schemas, report)
  checkSchema(output, ['output'], schemas, report)
  checkDuration(limits?.timeout, ['limits', 'timeout'], report)
}

function checkStep(step: Step, path: ProblemPath, schemas: SchemaCheck, report: Report): void {
  if (constantTruth(step.when) === false)
    report('UNREACHABLE', [...path, 'when'], 'never holds, so the step never runs')
  switch (step.type) {
    case 'TASK':
    case 'WEBHOOK':
    case 'SUBWORKFLOW':
    case 'CUSTOM':
      checkWork(step, path, report)
      break
    case 'PARALLEL':
      checkBase(step, path, report)
      checkParallel(step, path, report)
      break
    case 'LOOP':
      checkBase(step, path, report)
      checkLoop(step, path, report)
      break
    case 'MAP':
      checkBase(step, path, report)
      checkMap(step, path, report)
      break
    case 'WAIT':
      checkBase(step, path, report)
      checkWait(step, path, report)
      break
    case 'APPROVAL':
      checkBase(step, path, report)
      checkApproval(step, path, schemas, report)
      break
    case 'CONDITION':
    case 'SEQUENTIAL':
      checkBase(step, path, report)
      break
    default:
      step satisfies never
  }
}

/** What a step and a compensation have in common. */
function checkWork(
  step: Extract<Step, { type: Compensation['type'] }> | Compensation,
  path: ProblemPath,
  report: Report,
): void {
  checkBase(step, path, report)
  if (step.type === 'TASK' && step.options !== undefined) checkOptions(step.options, [...path, 'options'], report)
  if (step.type === 'WEBHOOK') checkWebhook(step, path, report)
}

function checkBase(
  { timeout, retry }: { timeout?: string; retry?: StepRetry },
  path: ProblemPath,
  report: Report,
): void {
  checkDuration(timeout, [...path, 'timeout'], report)
  checkDuration(retry?.initial, [...path, 'retry', 'initial'], report)
  checkDuration(retry?.max, [...path, 'retry', 'max'], report)
}

function checkOptions(options: TaskOptions, path: ProblemPath, report: Report): void {
  for (const name of ['queue', 'attempt', 'heartbeat'] as const)
    checkDuration(options.timeouts?.[name], [...path, 'timeouts', name], report)
  checkDuration(options.estimated, [...path, 'estimated'], report)
  for (const issue of checkResources(options.resources ?? {}, [...path, 'resources']))
    report('OUT_OF_RANGE', issue.path, issue.message)
  const selector = options.workerSelector === undefined ? null : parseSelector(options.workerSelector)
  if (selector?.ok === false)
    report(
      'WRONG_FORMAT',
      [...path, 'workerSelector'],
      `cannot be read at character ${selector.position + 1}: ${selector.message}; write it like gpu,region in (eu,us)`,
    )
}

function checkParallel({ join, steps }: ParallelStep, path: ProblemPath, report: Report): void {
  if (typeof join !== 'object' || join.atLeast <= steps.length) return
  const message = `asks for ${join.atLeast} of ${steps.length} steps; give ${steps.length} or less`
  report('OUT_OF_RANGE', [...path, 'join', 'atLeast'], message)
}

function checkLoop({ while: before, until, times, maxIterations }: LoopStep, path: ProblemPath, report: Report): void {
  const isAsked = before !== undefined || until !== undefined
  if (times === undefined && !isAsked)
    report('LOOP_WITHOUT_BOUND', path, 'says nothing of when it ends: give times, or while or until with maxIterations')
  if (times !== undefined && isAsked)
    report('WRONG_TOGETHER', [...path, 'times'], 'goes without while and until: bound those by maxIterations')
  if (times === undefined && isAsked && maxIterations === undefined)
    report('LOOP_WITHOUT_BOUND', path, 'may never end: give maxIterations, after which it fails')
  if (times === 0) report('UNREACHABLE', [...path, 'times'], 'is 0, so its steps never run')
  if (constantTruth(before) === false) report('UNREACHABLE', [...path, 'while'], 'never holds, so its steps never run')
}

function checkMap({ items }: MapStep, path: ProblemPath, report: Report): void {
  if (Array.isArray(items) && items.length === 0)
    report('UNREACHABLE', [...path, 'items'], 'is empty, so its steps never run')
}

function checkWait(step: WaitStep, path: ProblemPath, report: Report): void {
  const given = (['duration', 'until', 'event'] as const).filter((field) => step[field] !== undefined)
  if (given.length === 0) report('WRONG_TOGETHER', path, 'waits for nothing: give one of duration, until and event')
  if (given.length > 1) report('WRONG_TOGETHER', path, `waits for ${given.join(' and ')}: give one of them`)
  if (step.onTimeout !== undefined && (step.event === undefined || step.timeout === undefined))
    report('WRONG_TOGETHER', [...path, 'onTimeout'], 'goes with event and timeout only')
  const { duration, until } = step
  if (duration !== undefined && !duration.includes(OPEN)) checkDuration(duration, [...path, 'duration'], report)
  if (until !== undefined && !until.includes(OPEN) && parseDateTime(until) === null)
    report('WRONG_FORMAT', [...path, 'until'], `"${until}" is no time: write it like 2030-01-31T08:00:00Z`)
}

function checkApproval(step: ApprovalStep, path: ProblemPath, schemas: SchemaCheck, report: Report): void {
  const { approvers, need = 1, onTimeout, timeout, form } = step
  const { principals, role } = approvers
  if (principals === undefined && role === undefined)
    report('NOBODY_DECIDES', [...path, 'approvers'], 'names nobody: give principals, a role, or both')
  const names = new Set(principals)
  const isFixed = role === undefined && principals?.every((name) => !name.includes(OPEN))
  if (isFixed && need > names.size)
    report('NOBODY_DECIDES', [...path, 'need'], `is ${need}, and ${names.size} may decide: name more, or a role`)
  if (onTimeout !== undefined && timeout === undefined)
    report('WRONG_TOGETHER', [...path, 'onTimeout'], 'goes with timeout only')
  if (onTimeout?.form !== undefined && form === undefined)
    report('WRONG_TOGETHER', [...path, 'onTimeout', 'form'], 'fills in a form that is not asked for: give form')
  checkSchema(form, [...path, 'form'], schemas, report)
}

const HEADER_NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/

function checkWebhook(step: Omit<WebhookStep, 'after'>, path: ProblemPath, report: Report): void {
  const { url, method = 'POST', body, headers = {} } = step
  const [start] = textParts(url)
  const isUrl = url.includes(OPEN) ? typeof start !== 'string' || /^https?:\/\//.test(start) : isHttp(url)
  if (!isUrl) report('WRONG_FORMAT', [...path, 'url'], `${JSON.stringify(url)} is no URL of http or https`)
  if (method === 'GET' && body !== undefined)
    report('WRONG_TOGETHER', [...path, 'body'], 'does not go with GET: take POST, or put it into the url')
  for (const name of Object.keys(headers))
    if (!HEADER_NAME.test(name)) report('WRONG_FORMAT', [...path, 'headers', name], 'is no name of a header')
}

function isHttp(text: string): boolean {
  return URL.canParse(text) && ['http:', 'https:'].includes(new URL(text).protocol)
}

function checkDuration(text: string | undefined, path: ProblemPath, report: Report): void {
  if (text === undefined || parseAnyDuration(text) !== null) return
  const message = `${JSON.stringify(text)} is no duration of up to a hundred years: write it like 30s, 5m, 1h30m, 2d or PT1M30S`
  report('WRONG_FORMAT', path, message)
}

function checkSchema(schema: unknown, path: ProblemPath, schemas: SchemaCheck, report: Report): void {
  if (schema === undefined || typeof schema === 'boolean') return
  const why = schemas.problemOfSchema(JSON.stringify(schema))
  if (why !== null) report('BAD_SCHEMA', path, `is no JSON Schema: ${why}`)
}

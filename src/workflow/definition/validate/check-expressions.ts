import { type Reach, readReaches } from '../../../expression/reaches.ts'
import { closest } from '../../../text/closest.ts'
import { FIELD_PATH } from '../condition-text.ts'
import type { Condition } from '../definition.ts'
import type { ProblemCode } from '../problem.ts'
import { OPEN } from '../text-parts.ts'
import { VARIABLES, type VariableName, type WorkflowLanguage } from '../workflow-language.ts'
import type { Known } from './check-known.ts'
import type { Certain, Knowledge } from './knowledge.ts'
import { compensationOf, holdersOf, type Layout, type Placed, type PlacedScope } from './layout.ts'
import { missingField, shapeOfOutput } from './output-shape.ts'
import type { Report } from './report.ts'
import { guardOf, leavesOf, ofCondition, ofTemplate, type Text, textsOf } from './texts-of.ts'

/** Where an expression stands. */
interface Place {
  readonly variables: ReadonlySet<VariableName>
  /** The steps beside it, and around; null: none at all. */
  readonly scope: PlacedScope | null
  readonly known: Knowledge
  /** The step that says it. */
  readonly step: Placed | null
}

interface Checking {
  readonly layout: Layout
  readonly known: Known
  readonly certain: Certain
  readonly language: WorkflowLanguage
  readonly report: Report
}

const EVERYWHERE: readonly VariableName[] = ['input', 'steps', 'context', 'run']
const RUN_FIELDS = ['id', 'startedAt', 'attempt', 'workflow', 'version']
const STEP_FIELDS = ['status', 'output', 'error']
/** Where the variables are that are not everywhere. */
const ONLY_IN: Readonly<Partial<Record<VariableName, string>>> = {
  item: 'is there in the steps of a MAP only',
  previous: 'is there in a LOOP only',
  index: 'is there in a LOOP or MAP only',
  event: 'is there in the where of an event only',
  callback: 'is there in the body of a WEBHOOK with callback: true only',
}

/** That every expression can be read, and speaks only of what there is when it is evaluated. */
export function checkExpressions(checking: Checking): void {
  const { layout, certain } = checking
  for (const placed of layout.all) {
    const variables = variablesIn(placed.scope)
    const at = (known: Knowledge): Place => ({ variables, known, scope: placed.scope, step: placed })
    const starting = at(certain.atStartOf(placed))
    checkConditionParts(placed.step.when, [...placed.path, 'when'], checking)
    for (const text of guardOf(placed.step, placed.path)) checkText(text, at(certain.before(placed)), checking)
    for (const text of textsOf(placed.step, placed.path)) checkText(text, starting, checking)
    checkOwnConditions(placed, starting, checking)
    const undo = compensationOf(placed)
    if (undo === null) continue
    for (const text of textsOf(undo.step, undo.path)) checkText(text, at(certain.toUndo(placed)), checking)
  }
  checkTop(checking)
}

function checkTop(checking: Checking): void {
  const { layout, certain } = checking
  const { result, limits } = layout.definition
  const everywhere = new Set(EVERYWHERE)
  const atEnd = { variables: everywhere, scope: layout.root, known: certain.atEndOf(layout.root), step: null }
  for (const text of ofTemplate(result, ['result'])) checkText(text, atEnd, checking)
  const before = {
    variables: new Set<VariableName>(['input', 'context']),
    scope: null,
    known: certain.atStart,
    step: null,
  }
  for (const text of ofTemplate(limits?.concurrency?.key, ['limits', 'concurrency', 'key']))
    checkText(text, before, checking)
}

/** Those of a CONDITION, a LOOP and an event. */
function checkOwnConditions(placed: Placed, starting: Place, checking: Checking): void {
  const { step, path, inner } = placed
  if (step.type === 'CONDITION') checkConditionParts(step.if, [...path, 'if'], checking)
  if (step.type === 'WAIT') checkConditionParts(step.event?.where, [...path, 'event', 'where'], checking)
  if (step.type !== 'LOOP') return
  const variables = variablesIn(inner!)
  checkConditionParts(step.while, [...path, 'while'], checking)
  checkConditionParts(step.until, [...path, 'until'], checking)
  for (const text of ofCondition(step.while, [...path, 'while'])) checkText(text, { ...starting, variables }, checking)
  const known = checking.certain.atEndOf(inner!)
  for (const text of ofCondition(step.until, [...path, 'until']))
    checkText(text, { variables, scope: inner, known, step: placed }, checking)
}

function variablesIn(scope: PlacedScope): ReadonlySet<VariableName> {
  const holders = [...holdersOf(scope)].map(({ step }) => step.type)
  const isIn = (type: 'LOOP' | 'MAP') => holders.includes(type)
  return new Set([
    ...EVERYWHERE,
    ...(isIn('MAP') ? (['item', 'index'] as const) : []),
    ...(isIn('LOOP') ? (['previous', 'index'] as const) : []),
  ])
}

/** Parts of a condition in object form that are wrong by themselves, each at its place. */
function checkConditionParts(condition: Condition | undefined, path: Text['path'], { report }: Checking): void {
  if (condition === undefined || typeof condition === 'string') return
  for (const leaf of leavesOf(condition, path)) {
    const read = readReaches(leaf.text)
    if (leaf.isField && !FIELD_PATH.test(leaf.text))
      report('BAD_EXPRESSION', leaf.path, 'is no path such as steps.build.output.count or input["odd name"]')
    else if (!read.ok) reportExpression(report, 'BAD_EXPRESSION', leaf, read.problem.message, read.problem.position)
  }
}

function checkText(text: Text, place: Place, checking: Checking): void {
  const { language, report, certain } = checking
  const unreadable = whyUnreadable(text)
  if (unreadable !== null) {
    report('BAD_EXPRESSION', text.path, unreadable)
    return
  }
  const read = readReaches(text.text)
  if (!read.ok) {
    if (!text.hasBadParts) reportExpression(report, 'BAD_EXPRESSION', text, read.problem.message, read.problem.position)
    return
  }
  const variables = text.extra === undefined ? place.variables : new Set([...place.variables, text.extra])
  const unknown = read.reaches.filter(({ root }) => !(variables as ReadonlySet<string>).has(root))
  for (const reach of unknown)
    reportExpression(report, 'UNKNOWN_VARIABLE', text, unknownVariable(reach.root, variables), reach.position)
  if (unknown.length === 0) {
    const problem = text.isCondition ? language.check(text.text) : language.checkValue(text.text)
    if (problem !== null) reportExpression(report, 'BAD_EXPRESSION', text, problem.message, problem.position)
  }
  for (const reach of read.reaches) {
    const complaint = complaintOf(reach, { ...place, known: certain.given(place.known, reach.given) }, checking)
    if (complaint !== null) reportExpression(report, complaint.code, text, complaint.message, reach.position)
  }
}

function whyUnreadable({ text, isOpen }: Text): string | null {
  if (isOpen) return `opens \${{ and does not close it with }}`
  if (text.trim() === '') return 'holds an empty expression: ${{ }}'
  return text.trim().startsWith(OPEN) ? 'is an expression already: write it without ${{ and }}' : null
}

interface Complaint {
  readonly code: ProblemCode
  readonly message: string
}

function complaintOf(reach: Reach, place: Place, { layout, known }: Checking): Complaint | null {
  const [first, ...rest] = reach.path
  switch (reach.root) {
    case 'steps':
      return place.scope === null ? null : ofStep(reach, place, layout, known)
    case 'run':
      return missing('run', first, RUN_FIELDS)
    case 'callback':
      return missing('callback', first, ['url'])
    case 'context':
      return reach.isAsked && rest.length === 0
        ? null
        : missing('context', first, Object.keys(layout.definition.context ?? {}))
    case 'input':
      return ofShape(layout.definition.input, 'input', reach.path, reach.isAsked)
    default:
      return null
  }
}

function missing(variable: string, field: string | number | undefined, known: readonly string[]): Complaint | null {
  if (field === undefined || known.includes(String(field))) return null
  const near = closest(String(field), known)
  const hint =
    near !== undefined
      ? `; did you mean ${near}?`
      : known.length > 0
        ? `; there are ${known.slice(0, 20).join(', ')}`
        : ''
  return { code: 'UNKNOWN_VARIABLE', message: `${variable} has no ${field}${hint}` }
}

/** What a schema that allows no other fields does not name; that it is asked for is no mistake. */
function ofShape(schema: unknown, variable: string, path: Reach['path'], isAsked: boolean): Complaint | null {
  const found = missingField(schema, path)
  if (found === null || (isAsked && found.holder.length === path.length - 1)) return null
  return missing([variable, ...found.holder].join('.'), found.field, found.known)
}

function ofStep({ path, isAsked }: Reach, place: Place, layout: Layout, known: Known): Complaint | null {
  const [id, field, ...deeper] = path
  if (typeof id !== 'string')
    return { code: 'UNKNOWN_STEP', message: 'speaks of steps without saying which; write steps.<id>, or steps["<id>"]' }
  const placed = layout.byId.get(id)
  if (placed === undefined) {
    const near = closest(id, [...layout.byId.keys()])
    return {
      code: 'UNKNOWN_STEP',
      message: `there is no step "${id}"${near === undefined ? '' : `; did you mean "${near}"?`}`,
    }
  }
  if (!place.known.ended.has(placed.number)) return { code: 'STEP_NOT_BEFORE', message: whyNotBefore(placed, place) }
  if (field === undefined) return null
  if (!STEP_FIELDS.includes(String(field))) {
    const of = missing(`steps.${id}`, field, STEP_FIELDS)!
    return { ...of, message: `${of.message}; what it gave is in steps.${id}.output` }
  }
  if (isAsked && path.length === 2) return null
  if (field === 'output' && !place.known.completed.has(placed.number))
    return { code: 'MAY_NOT_HAVE_RUN', message: whyNoOutput(placed) }
  if (field === 'error' && !place.known.failed.has(placed.number)) {
    const message = `steps.${id}.error is there only if "${id}" failed; ask first: has(steps.${id}.error) && …`
    return { code: 'MAY_NOT_HAVE_RUN', message }
  }
  return field === 'output' ? ofShape(shapeOfOutput(placed, known), `steps.${id}.output`, deeper, isAsked) : null
}

function whyNotBefore({ step: { id }, scope }: Placed, { step, scope: here }: Place): string {
  if (step?.step.id === id) return `"${id}" is this step itself, which has no result yet`
  const around = here === null ? [] : [...holdersOf(here)]
  if (around.some((holder) => holder.step.id === id)) return `"${id}" holds this step, and ends after it`
  const isBeside = here === scope || around.some((holder) => holder.scope === scope)
  if (!isBeside) {
    if (scope.holder === step)
      return `"${id}" runs in the iteration that is asked for; use previous, the output of the one before`
    const outermost = [...holdersOf(scope)].findLast(
      (holder) => holder.scope === here || around.some((one) => one.scope === holder.scope),
    )
    const holder = outermost?.step.id ?? scope.holder?.step.id
    return `"${id}" is within "${holder}", and cannot be seen from outside; use steps.${holder}.output`
  }
  if (scope.holder?.step.type === 'PARALLEL')
    return `"${id}" runs at the same time, in the PARALLEL "${scope.holder.step.id}"`
  if (scope.holder?.step.type === 'SEQUENTIAL') return `"${id}" comes later in the SEQUENTIAL "${scope.holder.step.id}"`
  const one = here === scope ? step : around.find((holder) => holder.scope === scope)
  return `"${id}" need not have ended by then; let ${one === undefined || one === null ? 'this' : `"${one.step.id}"`} come after it: after: [${id}]`
}

function whyNoOutput({ step }: Placed): string {
  const { id } = step
  const why = step.onFailure === 'CONTINUE' ? 'may have failed (onFailure: CONTINUE)' : 'may have been skipped'
  return `"${id}" ${why}, and has no output then; ask first: has(steps.${id}.output) ? steps.${id}.output : null, or in when`
}

function unknownVariable(name: string, known: ReadonlySet<string>): string {
  const only = (ONLY_IN as Readonly<Record<string, string>>)[name]
  if (only !== undefined) return `${name} ${only}`
  if (name in VARIABLES) return `${name} cannot be used here; there are ${[...known].join(', ')}`
  const near = closest(name, [...known])
  return `there is no ${name}; ${near === undefined ? `there are ${[...known].join(', ')}` : `did you mean ${near}?`}`
}

function reportExpression(
  report: Report,
  code: ProblemCode,
  { text, path }: Pick<Text, 'text' | 'path'>,
  message: string,
  position: { readonly line: number; readonly column: number } | null,
): void {
  report(code, path, message, { expression: { text, ...position } })
}

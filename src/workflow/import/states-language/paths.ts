import type { JsonValue } from '../../../task/json.ts'
import { celData, constantData, type Data, NoCounterpart, toCel, within } from './data.ts'

/** What paths of a state speak of. */
export interface Scope {
  /** `$` */
  readonly data: Data
  /** Whether `$$.Map.Item` is there. */
  readonly isInMap: boolean
}

const REFERENCE = /^\$(?:\.[A-Za-z_][\w-]*|\['[^']*'\]|\["[^"]*"\]|\[\d+\])*$/
const PART = /\.([A-Za-z_][\w-]*)|\['([^']*)'\]|\["([^"]*)"\]|\[(\d+)\]/g

/** The parts of a JSONPath that leads to one place: `$.a['b'][0]`. */
export function partsOf(path: string): (string | number)[] {
  if (!REFERENCE.test(path))
    throw new NoCounterpart(`the path ${path}: only fields and places are read, no filters, ranges or wildcards`)
  return [...path.matchAll(PART)].map(([, name, single, double, place]) =>
    place === undefined ? (name ?? single ?? double)! : Number(place),
  )
}

/** What a path, a path into the context object, or an intrinsic function gives. */
export function valueOfPath(text: string, scope: Scope): Data {
  if (text.startsWith('$$')) return ofContext(text, scope)
  if (text.startsWith('States.')) return ofFunction(text, scope)
  return within(scope.data, partsOf(text))
}

const CONTEXT: Readonly<Record<string, string>> = {
  '$$.Execution.Id': 'run.id',
  '$$.Execution.Name': 'run.id',
  '$$.Execution.StartTime': 'run.startedAt',
  '$$.StateMachine.Name': 'run.workflow',
}

function ofContext(text: string, { isInMap }: Scope): Data {
  const found = CONTEXT[text]
  if (found !== undefined) return celData(found)
  const [, variable, rest = ''] = /^\$\$\.(Execution\.Input|Map\.Item\.Value|Map\.Item\.Index)(.*)$/.exec(text) ?? []
  const names: Readonly<Record<string, string>> = {
    'Execution.Input': 'input',
    'Map.Item.Value': 'item',
    'Map.Item.Index': 'index',
  }
  if (variable === undefined || (variable.startsWith('Map') && !isInMap))
    throw new NoCounterpart(`${text} of the context object`)
  return within(celData(names[variable]!), partsOf(`$${rest}`))
}

function ofFunction(text: string, scope: Scope): Data {
  const [, name, inner] = /^States\.(\w+)\((.*)\)$/s.exec(text) ?? []
  const given = inner === undefined ? [] : splitArguments(inner).map((part) => ofArgument(part, scope))
  const argument = (at: number): string => {
    const data = given[at]
    if (data === undefined) throw new NoCounterpart(`the function States.${name} without its argument ${at + 1}`)
    return toCel(data)
  }
  switch (name) {
    case 'Array':
      return celData(`[${given.map(toCel).join(', ')}]`)
    case 'ArrayLength':
      return celData(`size(${argument(0)})`)
    case 'ArrayGetItem':
      return celData(`${argument(0)}[${argument(1)}]`)
    case 'ArrayContains':
      return celData(`${argument(1)} in ${argument(0)}`)
    case 'Format':
      return formatted(given)
    default:
      throw new NoCounterpart(`the function States.${name ?? text}`)
  }
}

function formatted([template, ...values]: readonly Data[]): Data {
  if (template?.kind !== 'constant' || typeof template.value !== 'string')
    throw new NoCounterpart('States.Format without a text that is written down')
  const pieces = template.value.split('{}')
  const parts = pieces.flatMap((piece, at) => [
    ...(piece === '' ? [] : [JSON.stringify(piece)]),
    ...(at < pieces.length - 1 ? [`string(${toCel(values[at] ?? constantData(''))})`] : []),
  ])
  return celData(parts.length === 0 ? '""' : parts.join(' + '))
}

function ofArgument(text: string, scope: Scope): Data {
  const trimmed = text.trim()
  if (trimmed.startsWith("'")) return constantData(trimmed.slice(1, -1).replaceAll(/\\(.)/g, '$1'))
  if (/^(-?(?:0|[1-9]\d*)(?:\.\d+)?|true|false|null)$/.test(trimmed))
    return constantData(JSON.parse(trimmed) as JsonValue)
  return valueOfPath(trimmed, scope)
}

/** At the commas that stand in neither quotes nor brackets. */
function splitArguments(text: string): string[] {
  const parts = ['']
  let depth = 0
  let isQuoted = false
  for (let at = 0; at < text.length; at++) {
    const letter = text[at]!
    if (letter === '\\') {
      parts[parts.length - 1] += letter + (text[++at] ?? '')
      continue
    }
    if (letter === "'") isQuoted = !isQuoted
    if (!isQuoted && '(['.includes(letter)) depth += 1
    if (!isQuoted && ')]'.includes(letter)) depth -= 1
    if (letter === ',' && depth === 0 && !isQuoted) parts.push('')
    else parts[parts.length - 1] += letter
  }
  return text.trim() === '' ? [] : parts
}

/** A payload template: fields whose names end in `.$` hold paths. */
export function valueOfPayload(payload: JsonValue, scope: Scope): Data {
  if (Array.isArray(payload)) {
    const parts = payload.map((part) => valueOfPayload(part, scope))
    return parts.every((part) => part.kind === 'constant')
      ? constantData(payload)
      : celData(`[${parts.map(toCel).join(', ')}]`)
  }
  if (typeof payload !== 'object' || payload === null) return constantData(payload)
  const fields = Object.entries(payload).map(([name, value]): [string, Data] => {
    if (!name.endsWith('.$')) return [name, valueOfPayload(value, scope)]
    if (typeof value !== 'string') throw new NoCounterpart(`the field ${name}, which is no path`)
    return [name.slice(0, -2), valueOfPath(value, scope)]
  })
  return { kind: 'fields', rest: null, fields: Object.fromEntries(fields) }
}

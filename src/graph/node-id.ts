import { decodeTypeId, encodeTypeId, ID_PREFIXES, type IdPrefix, uuidOf } from '../task/type-id.ts'
import { invalid } from './invalid-input.ts'
import { requestError } from './request-error.ts'

const PREFIX_OF_TYPE: Readonly<Record<string, IdPrefix>> = {
  Task: ID_PREFIXES.task,
  Worker: ID_PREFIXES.worker,
  ApiKey: ID_PREFIXES.apiKey,
  Schedule: ID_PREFIXES.schedule,
  ScheduleFire: ID_PREFIXES.scheduleFire,
  Backfill: ID_PREFIXES.backfill,
  ReceivedEvent: ID_PREFIXES.receivedEvent,
  Workflow: ID_PREFIXES.workflow,
  WorkflowRun: ID_PREFIXES.run,
  StepRun: ID_PREFIXES.stepRun,
  Approval: ID_PREFIXES.approval,
  Trigger: ID_PREFIXES.trigger,
  TriggerFiring: ID_PREFIXES.firing,
}

const TYPE_OF_PREFIX = new Map<string, string>(Object.entries(PREFIX_OF_TYPE).map(([type, prefix]) => [prefix, type]))

/**
 * A step run is named by its run's uuid and its path: its id is the run's with another prefix, and the path behind a full stop.
 *
 * @param id the uuid, as Postgres prints it, and of a step run `uuid.path`
 */
export function encodeNodeId(typename: string, id: string | number | bigint): string {
  const prefix = PREFIX_OF_TYPE[typename]
  if (prefix === undefined) throw new Error(`${typename} has no id prefix: add one to PREFIX_OF_TYPE`)
  const [uuid, path] = cut(String(id))
  return `${encodeTypeId(prefix, uuid)}${path}`
}

/** @throws GraphQLError BAD_ID when the text is no TypeID of a known type */
export function decodeNodeId(id: string): { typename: string; id: string } {
  const [typeId, path] = cut(id)
  const decoded = decodeTypeId(typeId)
  const typename = decoded === null ? undefined : TYPE_OF_PREFIX.get(decoded.prefix)
  if (decoded === null || typename === undefined || (typename === 'StepRun') !== path.length > 1) {
    throw requestError('BAD_ID', `"${shorten(id)}" is not an id: expected ${expected([...TYPE_OF_PREFIX.keys()])}.`, {
      id,
    })
  }
  return { typename, id: `${decoded.uuid}${path}` }
}

/** What stands before the first full stop, and the rest with it. */
function cut(id: string): [head: string, rest: string] {
  const at = id.indexOf('.')
  return at === -1 ? [id, ''] : [id.slice(0, at), id.slice(at)]
}

/** @throws GraphQLError BAD_ID when the argument is not an id of this kind */
export function uuidOfArgument(prefix: IdPrefix, id: string): string {
  const uuid = uuidOf(prefix, id)
  if (uuid === null) throw requestError('BAD_ID', notAnId(prefix, id), { id })
  return uuid
}

/** @throws InvalidInput when the field of an input is not an id of this kind */
export function uuidOfField(prefix: IdPrefix, id: string, path: readonly (string | number)[]): string {
  const uuid = uuidOf(prefix, id)
  if (uuid === null) throw invalid(path, notAnId(prefix, id))
  return uuid
}

function notAnId(prefix: IdPrefix, id: string): string {
  return `"${shorten(id)}" is not a ${prefix} id: expected ${expected([prefix])}.`
}

function expected(prefixes: readonly string[]): string {
  return `${prefixes.map((prefix) => `${prefix}_`).join(', ')} followed by 26 characters`
}

function shorten(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}

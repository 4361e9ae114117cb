import type { JsonValue } from '../../../task/json.ts'
import { after, isDue } from '../../../task/timing.ts'
import type { Draft, OpenStep } from '../draft.ts'
import { completeStep, completeWith, failFinally, failStep } from '../end-step.ts'
import { asValue, type Evaluated, errorOf, fill, fillDuration, fillText, holds } from '../evaluate.ts'
import { stepTimeout } from '../step-timeout.ts'
import { withdraw } from '../stop.ts'
import { placeOf } from '../values.ts'
import type { StepOf, StepRule } from './step-rule.ts'

/** As of the events that are sent. */
const MOST_KEY_CHARACTERS = 500

/** A WAIT holds neither a worker nor a timer: its row says until when, or for which event. */
export const waitRule: StepRule<'WAIT'> = {
  start(draft, row, step) {
    if (step.event !== undefined) return waitForEvent(draft, row, step.event.key)
    const until = untilOf(draft, row, step)
    if (until.kind === 'ERROR') return failStep(draft, row, until.error)
    if (until.kind === 'MISSING') return
    if (isDue(until.value, draft.now)) return completeStep(draft, row, null)
    row.waitUntil = until.value
    draft.move(row, 'WAITING')
    draft.say({ kind: 'WaitStarted', ...draft.about(row), until: until.value.toISOString(), eventKey: null })
  },

  timedOut(draft, row, { onTimeout }) {
    if (onTimeout === undefined) {
      withdraw(draft, row)
      return failFinally(draft, row, stepTimeout(draft, row))
    }
    const output = fill(draft, placeOf(draft, row), onTimeout.output)
    if (output.kind === 'MISSING') return
    withdraw(draft, row)
    completeWith(draft, row, output)
  },
}

/** An event with the key has come: it is the one, or the wait goes on. */
export function eventCame(draft: Draft, row: OpenStep, { event }: StepOf<'WAIT'>, payload: JsonValue): void {
  const isIt =
    event?.where === undefined ? asValue(true) : holds(draft, placeOf(draft, row), event.where, { event: payload })
  if (isIt.kind === 'MISSING' || (isIt.kind === 'VALUE' && !isIt.value)) return
  withdraw(draft, row)
  if (isIt.kind === 'ERROR') failStep(draft, row, isIt.error)
  else completeStep(draft, row, payload)
}

function waitForEvent(draft: Draft, row: OpenStep, template: string): void {
  const key = fillText(draft, placeOf(draft, row), template)
  if (key.kind === 'ERROR') {
    failStep(draft, row, key.error)
    return
  }
  if (key.kind === 'MISSING') return
  const { length } = key.value
  if (length === 0 || length > MOST_KEY_CHARACTERS) {
    const message = `The event's key has ${length} characters; 1 to ${MOST_KEY_CHARACTERS} are taken.`
    failStep(draft, row, { code: 'INVALID_KEY', message })
    return
  }
  row.awaitedId = draft.context.newId()
  row.waitKey = key.value
  draft.effects.push({ kind: 'openWait', path: row.path, id: row.awaitedId, key: key.value })
  draft.move(row, 'WAITING')
  draft.say({ kind: 'WaitStarted', ...draft.about(row), until: null, eventKey: key.value })
}

function untilOf(draft: Draft, row: OpenStep, { duration, until }: StepOf<'WAIT'>): Evaluated<Date> {
  if (duration !== undefined) {
    const ms = fillDuration(draft, placeOf(draft, row), duration)
    return ms.kind === 'VALUE' ? asValue(after(draft.now, ms.value)!) : ms
  }
  const time = fill(draft, placeOf(draft, row), until ?? null)
  if (time.kind !== 'VALUE') return time
  const date = new Date(typeof time.value === 'string' ? time.value : Number.NaN)
  if (!Number.isNaN(date.getTime())) return asValue(date)
  return errorOf('INVALID_TIME', `${JSON.stringify(time.value)} is not a time such as "2030-01-31T09:00:00Z".`)
}

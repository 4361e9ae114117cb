import type { WorkflowDefinition } from '../../../src/workflow/definition/definition.ts'
import type { RunCommand } from '../../../src/workflow/run/command.ts'
import { hasEnded, type StepRun } from '../../../src/workflow/run/run-state.ts'
import { Driver, type DriverOptions, type Outside } from './driver.ts'
import type { Action } from './random-workflow.ts'

const INPUT = { list: ['x', 'y'] }

/** Runs a definition while the world acts as drawn, and then to its end, answering all it asks; `look` is called after each commit. */
export function walkThrough(
  definition: WorkflowDefinition,
  actions: readonly Action[],
  { look, ...options }: DriverOptions & { readonly look: (driver: Driver, commands: readonly RunCommand[]) => void },
): Driver {
  const driver = new Driver(definition, { input: INPUT, ...options })
  const sent: RunCommand[] = []
  const send = (commands: readonly RunCommand[], isLost = false) => {
    if (isLost) driver.lose(...commands)
    driver.send(...commands)
    sent.push(...commands)
    look(driver, commands)
  }
  const act = (action: Action) => {
    if (action.kind === 'time') driver.now = new Date(driver.now.getTime() + (action.which % 10) * 1_000)
    send(commandsOf(driver, action, sent), action.isLost)
  }
  send([{ kind: 'start' }])
  const half = actions.length / 2
  actions.slice(0, half).forEach(act)
  finish(driver, send)
  send([{ kind: 'retry' }])
  actions.slice(half).forEach(act)
  finish(driver, send)
  return driver
}

/** Starts a run, and answers all it asks. */
export function runThrough(driver: Driver, look: (driver: Driver) => void): void {
  const send = (commands: readonly RunCommand[]) => {
    driver.send(...commands)
    look(driver)
  }
  send([{ kind: 'start' }])
  finish(driver, send)
}

/** Answers all that is open; a run that then neither ends nor waits for a time is stuck. */
function finish(driver: Driver, send: (commands: readonly RunCommand[]) => void): void {
  send([{ kind: 'resume' }])
  for (let round = 0; round < 2_000 && !hasEnded(driver.run); round++) {
    const open = [...driver.outside.values()]
    if (open.length > 0) send([answer(driver, open[round % open.length]!, true)])
    else if (driver.run.wakeAt !== null) {
      if (driver.run.wakeAt > driver.now) driver.now = driver.run.wakeAt
      send([])
    } else throw new Error(`The run is stuck: ${JSON.stringify(driver.statuses)}`)
  }
  if (!hasEnded(driver.run)) throw new Error(`The run does not end: ${JSON.stringify(driver.statuses)}`)
  if (driver.outside.size > 0) throw new Error(`It has ended, and left open ${JSON.stringify(driver.working)}`)
  if (driver.openRows.size > 0) throw new Error(`It has ended, and not ${[...driver.openRows.keys()]}`)
}

function commandsOf(driver: Driver, { kind, which, batch }: Action, sent: readonly RunCommand[]): RunCommand[] {
  const open = [...driver.outside.values()]
  switch (kind) {
    case 'complete':
    case 'fail':
      return rotated(open, which)
        .slice(0, batch)
        .map((outside, place) => answer(driver, outside, kind === 'complete' || place % 2 === 1))
    case 'stop':
      return rotated(open.filter(isWork), which)
        .slice(0, 1)
        .map(({ effect: { path, id } }) => ({ kind: 'end', path, id, end: { status: 'CANCELLED' } }))
    case 'repeat':
      return rotated(
        sent.filter((command) => 'id' in command),
        which,
      ).slice(0, batch)
    case 'late':
      return rotated(open, which)
        .slice(0, batch)
        .flatMap((outside) => [answer(driver, outside, true), answer(driver, outside, false)])
    case 'pause':
    case 'resume':
    case 'retry':
      return [{ kind }]
    case 'cancel':
      return which > 10 ? [] : [{ kind: 'cancel', reason: 'enough' }]
    case 'time':
      return []
  }
}

function isWork({ effect }: Outside): boolean {
  return effect.kind === 'createTask' || effect.kind === 'startChild'
}

/** A good or bad answer to what is open. What was to be stopped stops, unless it was good already. */
function answer({ rows }: Driver, { effect, isCancelled }: Outside, isGood: boolean): RunCommand {
  const { path, id } = effect
  const { status, decisions, isCalledBack } = rows.get(path)!
  switch (effect.kind) {
    case 'createTask':
    case 'startChild':
      if (isCancelled && isGood && !id.endsWith('3')) return { kind: 'end', path, id, end: { status: 'CANCELLED' } }
      if (
        effect.kind === 'createTask' &&
        effect.hasCallback &&
        (status === 'WAITING' || (id.endsWith('7') && !isCalledBack))
      ) {
        return { kind: 'callback', path, id, body: 'called' }
      }
      if (isGood) return { kind: 'end', path, id, end: { status: 'COMPLETED', output: `out of ${path}` } }
      return { kind: 'end', path, id, end: { status: 'FAILED', error: { code: 'TASK_FAILED', message: 'It broke.' } } }
    case 'openWait':
      return { kind: 'event', path, id, event: { ok: isGood } }
    case 'askApproval':
      return {
        kind: 'decide',
        path,
        id,
        decision: { by: nextOf(decisions), approved: isGood, comment: null, form: null },
      }
  }
}

function nextOf(decisions: StepRun['decisions']): string {
  return ['ann', 'bob', 'cid'].find((name) => decisions.every(({ by }) => by !== name)) ?? 'dan'
}

function rotated<T>(list: readonly T[], by: number): T[] {
  if (list.length === 0) return []
  const from = by % list.length
  return [...list.slice(from), ...list.slice(0, from)]
}

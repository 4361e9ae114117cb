import { MAX_ID_LENGTH, MAX_STEPS, RESERVED_IDS } from '../definition/bounds.ts'

/** Thrown before more steps are made than a definition may have. */
export class TooManySteps extends Error {
  override readonly name = 'TooManySteps'

  constructor() {
    super(`would have more than ${MAX_STEPS.toLocaleString('en-US')} steps, the most that a workflow may have`)
  }
}

/** Ids for steps from names of any kind, each once; equal names are different steps. @throws TooManySteps */
export function createStepIds(): (name: string) => string {
  const taken = new Set<string>(RESERVED_IDS)
  /** Where to go on for a name, so that thousands of equal ones are not counted through each time. */
  const next = new Map<string, number>()
  return (name) => {
    if (taken.size - RESERVED_IDS.length === MAX_STEPS) throw new TooManySteps()
    const plain = name.replaceAll(/\W+/g, '_').replace(/^_+|_+$/g, '')
    const base = (/^[A-Za-z]/.test(plain) ? plain : `step_${plain}`).slice(0, MAX_ID_LENGTH)
    let id = base
    let number = next.get(base) ?? 2
    for (; taken.has(id); number++) {
      const end = `_${number}`
      id = `${base.slice(0, MAX_ID_LENGTH - end.length)}${end}`
    }
    next.set(base, number)
    taken.add(id)
    return id
  }
}

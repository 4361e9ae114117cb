import { MAX_ID_LENGTH, RESERVED_IDS } from '../definition/bounds.ts'

/** Ids for steps from names of any kind, each once; equal names are different steps. */
export function createStepIds(): (name: string) => string {
  const taken = new Set<string>(RESERVED_IDS)
  return (name) => {
    const plain = name.replaceAll(/\W+/g, '_').replace(/^_+|_+$/g, '')
    const base = (/^[A-Za-z]/.test(plain) ? plain : `step_${plain}`).slice(0, MAX_ID_LENGTH)
    let id = base
    for (let number = 2; taken.has(id); number++) {
      const end = `_${number}`
      id = `${base.slice(0, MAX_ID_LENGTH - end.length)}${end}`
    }
    taken.add(id)
    return id
  }
}

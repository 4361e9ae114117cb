import type { Data } from './data.ts'

/** Characters of data that a state may hand on. What each state doubles would else fill the memory after thirty of them. */
export const MAX_DATA_SIZE = 20_000

/** The data, or in their place that they are too large to be read. */
export function bounded(data: Data): Data {
  return sizeOf(data) > MAX_DATA_SIZE ? TOO_LARGE : data
}

export const TOO_LARGE: Data = {
  kind: 'lost',
  why: `reads data put together from too much, over ${MAX_DATA_SIZE.toLocaleString('en-US')} characters: hand on less by Parameters, ResultSelector or OutputPath`,
}

/** Data share their parts: written out, they may be exponentially larger than what is held. */
const sizes = new WeakMap<Data, number>()

/** About how many characters the data have when they are written out. */
export function sizeOf(data: Data): number {
  const known = sizes.get(data)
  if (known !== undefined) return known
  const size = measured(data)
  sizes.set(data, size)
  return size
}

function measured(data: Data): number {
  switch (data.kind) {
    case 'cel':
      return data.text.length
    case 'constant':
      return JSON.stringify(data.value).length
    case 'fields':
      return Object.entries(data.fields).reduce(
        (size, [name, field]) => size + name.length + sizeOf(field),
        data.rest === null ? 2 : sizeOf(data.rest),
      )
    case 'choice':
      return data.test.length + sizeOf(data.then) + sizeOf(data.else)
    case 'lost':
      return 1
  }
}

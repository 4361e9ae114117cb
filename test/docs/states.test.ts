import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { edges, statesDocument } from '../../bin/states-document.ts'
import { statesPicture } from '../../bin/states-picture.ts'

const committed = (name: string): Promise<string> => readFile(new URL(`../../docs/${name}`, import.meta.url), 'utf8')

test.each([
  ['states.md', statesDocument],
  ['states.svg', statesPicture],
])('docs/%s is what the table of moves says; run `npm run states` when it is not', async (name, print) => {
  expect(await committed(name)).toBe(print())
})

test('the diagram has an arrow for every move that changes the status', () => {
  const text = statesDocument()
  for (const { from, to, commands } of edges()) expect(text).toContain(`${from} --> ${to}: ${commands.join(', ')}`)
})

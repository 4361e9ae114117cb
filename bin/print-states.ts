import { writeFile } from 'node:fs/promises'
import { statesDocument } from './states-document.ts'
import { statesPicture } from './states-picture.ts'

await writeFile(new URL('../docs/states.md', import.meta.url), statesDocument())
await writeFile(new URL('../docs/states.svg', import.meta.url), statesPicture())

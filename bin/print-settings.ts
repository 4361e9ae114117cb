import { writeFile } from 'node:fs/promises'
import { settingsDocument } from '../src/infra/config/describe-settings.ts'

await writeFile(new URL('../docs/settings.md', import.meta.url), settingsDocument())

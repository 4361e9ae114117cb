import { globSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { generate, loadContext } from '@graphql-codegen/cli'
import { expect, test } from 'vitest'

const root = new URL('../../', import.meta.url)

test('the generated operations are up to date (else: npm run generate)', async () => {
  const context = await loadContext(new URL('codegen.yml', root).pathname)
  const files = await generate({ ...context.getConfig(), cwd: root.pathname, silent: true }, false)
  expect(files.length).toBeGreaterThan(0)
  for (const { filename, content } of files) expect(await readFile(new URL(filename, root), 'utf8')).toBe(content)
})

test('the SDK imports nothing but itself, so that it runs in browsers', async () => {
  const files = globSync('src/sdk/**/*.ts', { cwd: root.pathname })
  expect(files.length).toBeGreaterThan(10)
  for (const file of files) {
    const url = new URL(file, root)
    for (const [, whole, wrapped] of (await readFile(url, 'utf8')).matchAll(
      /^(?:im|ex)port .*from '([^']+)'|^\} from '([^']+)'/gm,
    )) {
      const from = (whole ?? wrapped)!
      expect(new URL(from, url).href, `${file} imports ${from}`).toContain(new URL('src/sdk/', root).href)
      expect(from).toMatch(/^\.{1,2}\//)
    }
  }
})

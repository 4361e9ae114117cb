import { existsSync, readFileSync } from 'node:fs'
import { glob } from 'node:fs/promises'
import { dirname, join, normalize } from 'node:path'
import { expect, test } from 'vitest'

const LINK = /\[[^\]]*\]\(([^)\s]+)\)/g
const CODE = /^```[\s\S]*?^```$|`[^`\n]*`/gm

/** Linked before it is there: remove the entry when it is. */
const NOT_YET = ['deploy/']

interface Link {
  readonly page: string
  readonly target: string
}

async function linksOfPages(): Promise<Link[]> {
  const links: Link[] = []
  for await (const page of glob(['*.md', 'docs/**/*.md', 'examples/**/*.md', 'deploy/**/*.md'])) {
    const text = readFileSync(page, 'utf8').replaceAll(CODE, '')
    for (const [, target] of text.matchAll(LINK)) {
      if (!/^[a-z]+:/.test(target!)) links.push({ page, target: target! })
    }
  }
  return links
}

/** As GitHub makes them: lower case, without punctuation, hyphens for spaces. */
function anchorsOf(path: string): string[] {
  const text = readFileSync(path, 'utf8').replaceAll(/^```[\s\S]*?^```$/gm, '')
  return [...text.matchAll(/^#+ +(.+)$/gm)].map(([, title]) =>
    title!
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replaceAll(' ', '-'),
  )
}

function isDead({ page, target }: Link): boolean {
  const [file, anchor] = target.split('#') as [string, string | undefined]
  const path = file === '' ? page : normalize(join(dirname(page), file))
  if (!existsSync(path)) return !NOT_YET.includes(target)
  return anchor !== undefined && !anchorsOf(path).includes(anchor)
}

test('every relative link leads to a file, and to a heading in it', async () => {
  const links = await linksOfPages()
  expect(links.length).toBeGreaterThan(20)
  expect(links.filter(isDead)).toEqual([])
})

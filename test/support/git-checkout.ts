import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { onTestFinished } from 'vitest'

/** Contents by their paths; null deletes the file. */
export type Files = Readonly<Record<string, string | Buffer | null>>

/** A git repository with its checkout, in a temporary folder. */
export interface GitCheckout {
  /** Without symbolic links. */
  readonly folder: string
  /** Calls git in the checkout. @returns what it writes, without white space at the ends */
  git(...args: string[]): Promise<string>
  /** Writes files, and commits all that is there. @returns the commit */
  commit(files: Files): Promise<string>
}

const run = promisify(execFile)

/** An empty repository on the branch main; it goes when the test is over. */
export async function gitCheckout(): Promise<GitCheckout> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'git-checkout-')))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const env = { PATH: process.env.PATH, HOME: folder, GIT_CONFIG_NOSYSTEM: '1', GIT_CONFIG_GLOBAL: '/dev/null' }
  const who = ['-c', 'user.name=ada', '-c', 'user.email=ada@example.com', '-c', 'commit.gpgSign=false']
  const git = async (...args: string[]): Promise<string> =>
    (await run('git', [...who, ...args], { cwd: folder, env })).stdout.trim()
  await git('init', '--quiet', '--initial-branch=main')
  return {
    folder,
    git,
    async commit(files) {
      for (const [path, content] of Object.entries(files)) {
        if (content === null) await rm(join(folder, path))
        else {
          await mkdir(dirname(join(folder, path)), { recursive: true })
          await writeFile(join(folder, path), content)
        }
      }
      await git('add', '--all')
      await git('commit', '--quiet', '--allow-empty', '--message', 'a change')
      return git('rev-parse', 'HEAD')
    },
  }
}

/** A repository with `base` on main, and `head` on top of it on the branch `feature`, which is checked out. */
export async function branchedCheckout(base: Files, head: Files): Promise<GitCheckout> {
  const checkout = await gitCheckout()
  await checkout.commit(base)
  await checkout.git('checkout', '--quiet', '-b', 'feature')
  await checkout.commit(head)
  return checkout
}

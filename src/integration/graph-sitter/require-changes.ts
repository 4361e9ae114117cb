import { stat } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { TaskFailure } from '../../worker/handler.ts'
import { type Changes, type ChangesProblem, readChanges } from '../git/read-changes.ts'
import { GitFailed } from '../git/run-git.ts'
import type { AllowedPath } from './resolve-allowed-path.ts'

/** What is asked of a task about changes. */
export interface ChangesWanted {
  /** As it was given. */
  readonly path: string
  readonly since: string
  readonly signal: AbortSignal
}

/**
 * What has changed below a path since a commit; of a single file only that.
 *
 * @throws TaskFailure when that cannot be said, with what to do about it
 */
export async function requireChanges(
  { path: place, roots }: AllowedPath,
  { path, since, signal }: ChangesWanted,
): Promise<Changes> {
  const isFolder = (await stat(place)).isDirectory()
  const folder = isFolder ? place : dirname(place)
  const found = await readChanges({ folder, roots, since, signal }).catch((error: unknown) => {
    throw error instanceof GitFailed ? gitFailure(error, path) : error
  })
  if ('kind' in found) throw problemFailure(found, path)
  if (isFolder) return found
  return { ...found, files: found.files.filter((file) => file.path === basename(place)) }
}

function problemFailure(problem: ChangesProblem, path: string): TaskFailure {
  switch (problem.kind) {
    case 'no-checkout':
      return failed(
        'NOT_A_CHECKOUT',
        `"${path}" is in no git checkout. Check one out there, or leave out changedSince.`,
      )
    case 'outside':
      return failed(
        'PATH_OUTSIDE_ROOTS',
        `The git repository of "${path}" lies outside the allowed roots. To allow it, add the folder of the checkout, and for a linked worktree that of its repository, to TASK_MGMT_ALLOWED_ROOTS or start with --allow-root <folder>.`,
      )
    case 'unknown-revision':
      return failed(
        'REVISION_NOT_FOUND',
        `The checkout at "${path}" has no commit that "${problem.revision}" names, nor at origin. Fetch it, or correct changedSince.`,
      )
    case 'no-common-commit':
      return failed(
        'NO_COMMON_COMMIT',
        `What is checked out at "${path}" and changedSince have no commit in common. A shallow clone may lack it: git fetch --unshallow.`,
      )
  }
}

function gitFailure({ exitCode, complaint }: GitFailed, path: string): TaskFailure {
  if (exitCode === null) {
    return failed(
      'GIT_FAILED',
      `git cannot be used where the worker runs: ${complaint}. Install git there, or leave out changedSince.`,
    )
  }
  return failed('GIT_FAILED', `git refused to compare commits at "${path}" (${exitCode}): ${complaint}`)
}

function failed(code: string, message: string): TaskFailure {
  return new TaskFailure(code, message, { retryable: false })
}

/** A step that changes a stage's files. */
export type BuildStep =
  | {
      readonly kind: 'copy'
      readonly from: string | null
      readonly sources: readonly string[]
      readonly target: string
    }
  | { readonly kind: 'run'; readonly command: string }
  | { readonly kind: 'workdir'; readonly folder: string }

export interface Stage {
  readonly base: string
  readonly name: string | null
  readonly steps: readonly BuildStep[]
  readonly env: Readonly<Record<string, string>>
  /** `uid:gid`, `/data`, `4000`, `SIGTERM`, …, by instruction. */
  readonly settings: Readonly<Partial<Record<Setting, string>>>
  readonly healthcheck: readonly string[]
  readonly entrypoint: readonly string[]
  readonly cmd: readonly string[]
}

const SETTINGS = ['USER', 'VOLUME', 'EXPOSE', 'STOPSIGNAL'] as const
type Setting = (typeof SETTINGS)[number]

/**
 * Reads the instructions that our Dockerfile uses.
 *
 * @throws SyntaxError at any other, so that what is tested is the whole file
 */
export function parseDockerfile(text: string): Stage[] {
  const stages: Mutable[] = []
  for (const line of instructions(text)) {
    const [, word, rest] = /^([A-Z]+)\s+(.*)$/.exec(line) ?? []
    if (word === 'FROM') {
      const [, base, name] = /^(\S+)(?:\s+AS\s+(\S+))?$/.exec(rest!) ?? []
      stages.push({
        base: base!,
        name: name ?? null,
        steps: [],
        env: {},
        settings: {},
        healthcheck: [],
        entrypoint: [],
        cmd: [],
      })
      continue
    }
    const stage = stages.at(-1)
    if (stage === undefined || word === undefined || rest === undefined)
      throw new SyntaxError(`Not understood: ${line}`)
    add(stage, word, rest)
  }
  return stages
}

type Mutable = {
  -readonly [Name in keyof Stage]: Name extends 'steps'
    ? BuildStep[]
    : Name extends 'env'
      ? Record<string, string>
      : Stage[Name]
}

function add(stage: Mutable, word: string, rest: string): void {
  switch (word) {
    case 'COPY':
      stage.steps.push(copyStep(rest))
      return
    case 'RUN':
      if (rest.startsWith('-') || rest.startsWith('[')) throw new SyntaxError(`Not understood: RUN ${rest}`)
      stage.steps.push({ kind: 'run', command: rest })
      return
    case 'WORKDIR':
      stage.steps.push({ kind: 'workdir', folder: rest })
      return
    case 'ENV':
      for (const pair of rest.split(/\s+/))
        stage.env[pair.slice(0, pair.indexOf('='))] = pair.slice(pair.indexOf('=') + 1)
      return
    case 'ENTRYPOINT':
      stage.entrypoint = JSON.parse(rest) as string[]
      return
    case 'CMD':
      stage.cmd = JSON.parse(rest) as string[]
      return
    case 'HEALTHCHECK':
      stage.healthcheck = JSON.parse(rest.replace(/^(--\S+\s+)*CMD\s+/, '')) as string[]
      return
    default: {
      const setting = SETTINGS.find((name) => name === word)
      if (setting === undefined) throw new SyntaxError(`Not understood: ${word} ${rest}`)
      stage.settings = { ...stage.settings, [setting]: rest }
    }
  }
}

function copyStep(rest: string): BuildStep {
  const [, from, paths] = /^(?:--from=(\S+)\s+)?([^-].*)$/.exec(rest) ?? []
  const words = paths?.split(/\s+/) ?? []
  if (words.length < 2) throw new SyntaxError(`Not understood: COPY ${rest}`)
  return { kind: 'copy', from: from ?? null, sources: words.slice(0, -1), target: words.at(-1)! }
}

/** Lines without comments, joined where they go on. */
function instructions(text: string): string[] {
  const lines = text.split('\n').filter((line) => !line.startsWith('#'))
  return lines
    .join('\n')
    .replace(/\\\n\s*/g, '')
    .split('\n')
    .filter((line) => line.trim() !== '')
}

import { expect, test } from 'vitest'
import { cli } from '../support/cli.ts'

const HEAD = `# Command line

\`npx task-mgmt\` in the checkout. It speaks to the server at \`--url\`, else \`TASK_MGMT_URL\`, else http://127.0.0.1:4000, and shows the key of \`--api-key\`,
else \`TASK_MGMT_API_KEY\`. With \`--json\` every command prints JSON for programs; a watched task prints one document a line. \`task-mgmt serve\` takes
[settings](settings.md) instead; what the exit codes mean in full is in [errors.md](errors.md#command-line).

This page is the help of the commands, kept equal by a test.
`

interface Section {
  readonly command: readonly string[]
  readonly help: string
}

async function sectionsBelow(command: readonly string[]): Promise<Section[]> {
  const { out } = await cli([...command, '--help'])
  const names = [...(out.split('\nCommands:\n')[1]?.split('\n\n')[0] ?? '').matchAll(/^ {2}(\w[\w-]*)/gm)]
  const children = names.map(([, name]) => name!).filter((name) => name !== 'help' && name !== 'serve')
  const below: Section[] = []
  for (const name of children) below.push(...(await sectionsBelow([...command, name])))
  const isGroup = children.length > 0 && command.length > 0
  return isGroup ? below : [{ command, help: out }, ...below]
}

function printed({ command, help }: Section): string {
  const own = command.length === 0 ? help : help.replace(/\nGlobal Options:\n(?: .*\n)+/, '')
  const text = own.replace(/^ +-h, --help.*\n/gm, '').replace(/\nOptions:\n(?=\n|$)/, '')
  const title = command.length === 0 ? 'Everywhere' : command.join(' ')
  return `## ${title}\n\n\`\`\`text\n${text.trim()}\n\`\`\`\n`
}

test('docs/cli.md holds the help of every command (npx vitest run test/docs -u writes it)', async () => {
  const sections = await sectionsBelow([])
  expect(sections.length).toBeGreaterThan(12)
  await expect([HEAD, ...sections.map(printed)].join('\n')).toMatchFileSnapshot('../../docs/cli.md')
})

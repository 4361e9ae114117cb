import { clean } from './text.ts'

/**
 * A definition as a file in YAML that editors check, to be changed and given to `workflow create`.
 *
 * @param options.url where the graph of the server is, beside which the schema is
 * @param options.notes stand above it as comments
 */
export async function definitionYaml(
  definition: unknown,
  { url, notes = [] }: { readonly url: string; readonly notes?: readonly string[] },
): Promise<string> {
  const { stringify } = await import('yaml')
  const schema = new URL('schemas/workflow.schema.json', url).href
  const head = [`yaml-language-server: $schema=${schema}`, ...notes.map(clean)]
  return `${head.map((line) => `# ${line}\n`).join('')}${stringify(definition, { lineWidth: 0 })}`
}

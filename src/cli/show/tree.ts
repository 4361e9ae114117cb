interface Node {
  readonly id: string
  /** Id of what holds it; null: nothing. */
  readonly inside: string | null
}

/** Nodes as a tree, one a line, in their order. */
export function tree<Shown extends Node>(nodes: readonly Shown[], show: (node: Shown) => string): string[] {
  const within = Map.groupBy(nodes, ({ inside }) => inside)
  const lines: string[] = []
  const draw = (holder: string | null, lead: string): void => {
    const children = within.get(holder) ?? []
    for (const [index, node] of children.entries()) {
      const isLast = index === children.length - 1
      lines.push(`${lead}${isLast ? '└─' : '├─'} ${show(node)}`)
      draw(node.id, `${lead}${isLast ? '   ' : '│  '}`)
    }
  }
  draw(null, '')
  return lines
}

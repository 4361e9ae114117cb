import type { ASTNode } from '@marcbachmann/cel-js'

/** Functions that look at each of their arguments once. Not among them: the loops, and `matches`, whose patterns can backtrack. */
const LINEAR: readonly string[] = ['has', 'size', 'contains', 'startsWith', 'endsWith']
const CONVERSIONS: readonly string[] = [
  'string',
  'int',
  'uint',
  'double',
  'bool',
  'dyn',
  'type',
  'timestamp',
  'duration',
]

/** Whether an expression runs through its text once, so that the bound of its length is bound enough. */
export function isLinear(node: ASTNode): boolean {
  switch (node.op) {
    case 'value':
    case 'id':
      return true
    case '.':
    case '.?':
      return isLinear(node.args[0])
    case '!_':
    case '-_':
      return isLinear(node.args)
    case 'map':
      return node.args.flat().every(isLinear)
    case 'call':
      return isLinearCall(node.args[0]) && node.args[1].every(isLinear)
    case 'rcall':
      return isLinearCall(node.args[0]) && [node.args[1], ...node.args[2]].every(isLinear)
    default:
      return (node.args as readonly ASTNode[]).every(isLinear)
  }
}

function isLinearCall(name: string): boolean {
  return LINEAR.includes(name) || CONVERSIONS.includes(name)
}

import { builder } from './builder.ts'

/** The input of a mutation that needs to know nothing but what it is about, like "run". */
export function idInput(name: string, noun: string, description: string) {
  return builder.inputType(name, {
    description,
    fields: (t) => ({ id: t.id({ required: true, description: `TypeID of the ${noun}.` }) }),
  })
}

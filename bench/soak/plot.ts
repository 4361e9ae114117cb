import { COLUMNS, type Column, type Sample } from './sample.ts'

const WIDTH = 360
const HEIGHT = 150
const GAP = 46
const LEFT = 54

/** The samples as small pictures, one for each column, two in a row. */
export function plot(samples: readonly Sample[], columns: readonly Column[]): string {
  const rows = Math.ceil(columns.length / 2)
  const size = `${2 * (WIDTH + GAP) + LEFT} ${rows * (HEIGHT + GAP) + GAP}`
  const panels = columns.map((column, index) => panel(samples, column, index))
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size}" font-family="system-ui, sans-serif" font-size="12" role="img" aria-label="Memory, sizes and claim times over the run">
<style>rect { fill: #fff } text { fill: #333 } .axis { stroke: #999; fill: none } .line { stroke: #2563eb; stroke-width: 1.5; fill: none }</style>
<rect width="100%" height="100%"/>
${panels.join('\n')}
</svg>
`
}

function panel(samples: readonly Sample[], column: Column, index: number): string {
  const x = LEFT + (index % 2) * (WIDTH + GAP)
  const y = GAP / 2 + Math.floor(index / 2) * (HEIGHT + GAP)
  const end = samples.at(-1)!.at
  const top = roundedUp(Math.max(...samples.map((sample) => sample[column])))
  const points = samples.map(
    (sample) => `${((sample.at / end) * WIDTH).toFixed(1)},${(HEIGHT - (sample[column] / top) * HEIGHT).toFixed(1)}`,
  )
  return `<g transform="translate(${x} ${y})">
<text y="-6">${COLUMNS[column]}</text>
<path class="axis" d="M0 0V${HEIGHT}H${WIDTH}"/>
<text x="-6" y="10" text-anchor="end">${top}</text><text x="-6" y="${HEIGHT}" text-anchor="end">0</text>
<text x="${WIDTH}" y="${HEIGHT + 14}" text-anchor="end">${(end / 60).toFixed(0)} min</text>
<polyline class="line" points="${points.join(' ')}"/>
</g>`
}

/** The next 1, 2 or 5 times a power of ten. */
function roundedUp(value: number): number {
  if (value <= 0) return 1
  const power = 10 ** Math.floor(Math.log10(value))
  const step = [1, 2, 5, 10].find((factor) => factor * power >= value)!
  return Number((step * power).toPrecision(1))
}

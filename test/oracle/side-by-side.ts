/** Columns that must at least be there, for two texts that can be read. */
const LEAST_WIDTH = 60
const LEAD = 16
const MOST_LINES = 8

/**
 * Two texts beside each other, from a little before the first place where they differ, with a mark under it.
 *
 * @param width columns of the terminal.
 */
export function sideBySide(recorded: string, found: string, width: number): readonly string[] {
  const column = Math.floor((Math.max(width, LEAST_WIDTH) - INDENT.length - BAR.length) / 2)
  const place = firstDifference(recorded, found)
  const start = Math.max(0, place - LEAD)
  const left = cellsOf(recorded, start, column)
  const right = cellsOf(found, start, column)
  const mark = place - start + (start > 0 ? 1 : 0)
  const lines: (readonly [string, string])[] = [['recorded', 'found']]
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    lines.push([left[i] ?? '', right[i] ?? ''])
    if (i === 0) lines.push([`${' '.repeat(mark)}^`, `${' '.repeat(mark)}^`])
  }
  return lines.map(([a, b]) => `${INDENT}${a.padEnd(column)}${BAR}${b}`.trimEnd())
}

const INDENT = '      '
const BAR = ' | '

function firstDifference(a: string, b: string): number {
  let place = 0
  while (place < a.length && a[place] === b[place]) place++
  return place
}

/** The rest of a text in lines of a cell's width, without characters that would move the cursor. */
function cellsOf(text: string, start: number, width: number): readonly string[] {
  const rest = (start > 0 ? '…' : '') + text.slice(start).replace(/[\p{Cc}\p{Cf}]/gu, visible)
  const lines = rest.match(new RegExp(`[\\s\\S]{1,${width}}`, 'g')) ?? ['(empty)']
  return lines.length > MOST_LINES
    ? [...lines.slice(0, MOST_LINES - 1), `… ${rest.length} characters`]
    : lines
}

/** One character for one, so that both columns stay aligned. */
function visible(character: string): string {
  return character === '\n' ? '⏎' : character === '\t' ? '⇥' : '·'
}

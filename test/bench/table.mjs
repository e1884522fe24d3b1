// @ts-check
import { middle } from './rounds.mjs'

/**
 * One line of the result.
 * @typedef {object} Row
 * @property {string} workload
 * @property {string} what
 * @property {readonly number[]} values One per round.
 * @property {'x' | 'ms' | 'MB' | ''} unit `x`: times the floor. Nothing: a bare share.
 * @property {readonly number[]} [wall] Wall time over the floor's wall time, one per round.
 * @property {{ readonly most: number } | { readonly least: number }} [goal] None: told for comparison.
 * @property {string} floor What it is compared with, with its size.
 */

const HEAD = ['', 'what', 'measured', 'middle half', 'wall', 'goal', '', 'floor']

/**
 * The table as Markdown, so that it can be kept as it is.
 * @param {readonly Row[]} rows
 * @param {{ judges: boolean }} options Whether the sizes are the real ones, so that a verdict means something.
 */
export function renderTable(rows, { judges }) {
  const lines = [HEAD, ...rows.map((row) => cells(row, judges))]
  const widths = HEAD.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0), 3))
  const render = (/** @type {readonly string[]} */ line) =>
    `| ${line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`
  const [head = HEAD, ...body] = lines
  return `${[render(head), `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`, ...body.map(render)].join('\n')}\n`
}

/**
 * @param {Row} row
 * @param {boolean} judges
 */
function cells({ workload, what, values, unit, wall, goal, floor }, judges) {
  const { median, from, to } = middle(values)
  const show = (/** @type {number} */ value) => `${format(value)}${unit === '' ? '' : ` ${unit}`}`
  return [
    workload,
    what,
    show(median),
    values.length > 1 ? `${format(from)} – ${format(to)}` : '',
    wall ? `${format(middle(wall).median)} x` : '',
    goal ? `${'most' in goal ? `≤ ${goal.most}` : `≥ ${goal.least}`}` : '',
    goal && judges ? (reaches(median, goal) ? 'reached' : 'missed') : '',
    floor,
  ]
}

/**
 * @param {number} value
 * @param {NonNullable<Row['goal']>} goal
 */
function reaches(value, goal) {
  return 'most' in goal ? value <= goal.most : value >= goal.least
}

/** @param {number} value */
function format(value) {
  return Math.abs(value) >= 100
    ? value.toFixed(0)
    : Math.abs(value) >= 10
      ? value.toFixed(1)
      : value.toFixed(2)
}

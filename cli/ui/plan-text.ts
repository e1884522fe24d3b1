import type { DescribedServer } from '../../runner/mcp/check.ts'
import type { Plan, PlannedAssistant, PlannedEffect, PlannedState, PlannedTool } from '../../runner/plan.ts'
import type { PlannedText } from '../../runner/plan-text.ts'
import { ceilingRows } from '../../runner/report/ceiling-words.ts'
import type { GraphEdge } from '../../schema/index.ts'
import { renderProblem } from '../report-error.ts'
import type { Palette } from './palette.ts'
import { count, oneLine, padEnd, shorten, stripControls, wrap } from './plain-text.ts'

/** Lines of a prompt that the plan shows; `--json` has all of it. */
const PROMPT_LINES = 12
const SYSTEM_LINES = 3

/** A plan for people. `drawing`: the graph as lines. Ends with a line feed. */
export function renderPlan(
  plan: Plan,
  {
    palette,
    columns,
    drawing,
  }: { readonly palette: Palette; readonly columns: number; readonly drawing: string },
): string {
  const { bold, dim, symbols } = palette
  const { workflow } = plan
  const sections = [
    [
      `${bold(oneLine(workflow.name))} ${dim(`${symbols.dot} ${workflow.file} ${symbols.dot} ${workflow.lifecycle}`)}`,
      ...(workflow.description === '' ? [] : [oneLine(workflow.description)]),
    ],
    [bold('Inputs'), ...inputLines(plan, palette, columns)],
    [
      bold('Graph'),
      ...stripControls(drawing)
        .trimEnd()
        .split('\n')
        .map((line) => `  ${line}`.trimEnd()),
    ],
    ...plan.states.map((state, index) => [
      ...(index === 0 ? [bold('Steps, in order')] : []),
      ...stateLines(state, `${index + 1}`, palette),
    ]),
    [bold('Writes to the outside'), ...effectLines(plan, palette)],
    [bold('Secrets'), ...secretLines(plan, palette)],
    [bold('Limits'), `  ${limitsOf(plan)}`],
    [bold('At most'), ...ceilingLines(plan, columns)],
    endLines(plan, palette),
  ]
  return `${sections.map((lines) => lines.join('\n')).join('\n\n')}\n`
}

function inputLines(plan: Plan, { dim }: Palette, columns: number): string[] {
  if (plan.inputs.length === 0) {
    const isMissing = plan.problems.some(({ code }) => code === 'input-missing')
    const none = isMissing ? 'a text (required)' : 'none'
    return [`  ${plan.input === '' ? none : shorten(oneLine(plan.input), columns - 4)}`]
  }
  const width = Math.max(...plan.inputs.map(({ name }) => name.length))
  return plan.inputs.map((input) => {
    const value =
      input.from === 'nowhere'
        ? input.required
          ? 'missing'
          : 'not given'
        : oneLine(JSON.stringify(input.value))
    const note = input.from === 'default' ? ' (default)' : ''
    const about = input.description === '' ? '' : `  ${oneLine(input.description)}`
    return `  ${padEnd(input.name, width)}  ${shorten(value, 60)}${dim(note + about)}`
  })
}

/** `number`: `3`, and `3.1` for the first state of the block that the third one is, or of the workflow that it calls. */
function stateLines(state: PlannedState, number: string, palette: Palette): string[] {
  const { bold, cyan, dim, yellow } = palette
  const notes = [
    ...(state.forEach === undefined ? [] : [`for each ${oneLine(state.forEach)}`]),
    ...(state.isRepeated ? ['may repeat: it stands on a loop'] : []),
    ...(state.waitsForOthers ? ['waits for all that leads here'] : []),
  ]
  const rows: [string, string[]][] = []
  if (state.pauses) rows.push(['holds', [yellow(HOLDS[state.pauses])]])
  if (state.assistant) {
    const { systemPrompt } = state.assistant
    rows.push(...usedRows(state.assistant, palette))
    if (systemPrompt) rows.push(['system', textLines(systemPrompt, SYSTEM_LINES, palette).map(dim)])
  }
  if (state.sees) rows.push(['told', [SEES[state.sees]]])
  if (state.tool?.server) rows.push(['server', [describeServer(state.tool.server, palette)]])
  if (state.prompt) rows.push(...promptRows('prompt', state.prompt, palette))
  for (const [name, value] of Object.entries({ ...state.tool?.args, ...state.calls?.inputs }))
    rows.push(...promptRows(name, value, palette))
  if (state.notifies.length > 0)
    rows.push(['tells', [state.notifies.map((tool) => describeTool(tool, palette)).join(', ')]])
  if (state.next.length > 0) rows.push(['then', state.next.map((edge) => describeEdge(edge, palette))])
  const width = Math.max(0, ...rows.map(([name]) => name.length))
  return [
    `  ${dim(`${number.padStart(2)}.`)} ${bold(oneLine(state.id))}  ${cyan(describeWork(state, palette))}${notes.length > 0 ? dim(` (${notes.join('; ')})`) : ''}`,
    ...rows.flatMap(([name, lines]) =>
      lines.map((line, index) => `      ${dim(padEnd(index === 0 ? name : '', width))}  ${line}`.trimEnd()),
    ),
    ...(state.calls?.states ?? state.block?.states ?? []).flatMap((inner, index) =>
      stateLines(inner, `${number}.${index + 1}`, palette).map((line) => `    ${line}`),
    ),
  ]
}

const SEES: Readonly<Record<NonNullable<PlannedState['sees']>, string>> = {
  last: 'the text before it, and the last answer of the session',
  all: 'the text before it, and all of the session',
  summary: 'the text before it, and the answers of the session up to 2,000 characters',
  session: 'the session, then the text before it',
}

const HOLDS: Readonly<Record<NonNullable<PlannedState['pauses']>, string>> = {
  'interrupt-before': 'until a person goes on: codemie-ci resume',
  approval: 'until a person says yes: codemie-ci approve',
}

/** What an assistant may use; those it can ask with what each of them may use below. */
function usedRows(assistant: PlannedAssistant, palette: Palette): [string, string[]][] {
  const { tools, mcpServers, datasources, skills, asks } = assistant
  const inOneLine = (name: string, all: readonly string[]): [string, string[]][] =>
    all.length > 0 ? [[name, [all.join(', ')]]] : []
  return [
    ...inOneLine(
      'tools',
      tools.map((tool) => describeTool(tool, palette)),
    ),
    ...(mcpServers.length > 0
      ? [['servers', mcpServers.map((server) => describeServer(server, palette))] as [string, string[]]]
      : []),
    ...inOneLine('sources', datasources.map(oneLine)),
    ...inOneLine('skills', skills.map(oneLine)),
    ...asks.map((one): [string, string[]] => [
      'asks',
      [
        describeAssistant(one, palette),
        ...usedRows(one, palette).flatMap(([name, lines]) => lines.map((line) => `  ${name} ${line}`)),
      ],
    ]),
  ]
}

function describeAssistant({ id, ref, model, command }: PlannedAssistant, { symbols }: Palette): string {
  const who = ref === undefined || ref === id ? id : `${id} (${ref})`
  const program = command === undefined ? [] : [`agent ${command}`]
  return `${oneLine(who)} ${symbols.dot} ${oneLine([...program, ...(model === undefined ? [] : [model])].join(', or else '))}`
}

function describeWork(state: PlannedState, palette: Palette): string {
  const { assistant, tool } = state
  const kind = state.sees === 'session' ? 'role' : KINDS[state.kind]
  if (assistant) return `${kind} ${describeAssistant(assistant, palette)}`
  if (tool) return `tool ${describeTool(tool, palette)}`
  if (state.calls) return `workflow ${oneLine(state.calls.name)}`
  if (state.block) return `block ${palette.symbols.dot} ${oneLine(state.block.does)}`
  return state.command === undefined ? KINDS[state.kind] : `command ${oneLine(state.command)}`
}

const KINDS: Readonly<Record<PlannedState['kind'], string>> = {
  agent: 'assistant',
  tool: 'tool',
  transform: 'transform',
  'state-processor': 'state processor',
  'documents-tree': 'documents tree',
  'bedrock-flow': 'Bedrock flow',
  summary: 'summary',
  call: 'another workflow',
  prompt: 'role',
  layer: 'layer',
  script: 'command',
  block: 'block',
}

/** What would be started or reached, and which variables it would get; nothing is. */
function describeServer({ name, command, url, variables }: DescribedServer, { dim }: Palette): string {
  const reached = command === undefined ? `reached at ${url ?? ''}` : `starts ${command}`
  const given = variables.length > 0 ? `, gets ${variables.join(', ')}` : ''
  return `${oneLine(name)} ${dim(oneLine(`${reached}${given}`))}`
}

function describeTool({ name, tool, reach, server }: PlannedTool, { red, yellow }: Palette): string {
  if (server) return `${oneLine(name)} of MCP server ${oneLine(server.name)}`
  if (tool === undefined) return red(`${oneLine(name)} (unknown)`)
  const spelled = tool === name ? oneLine(name) : `${oneLine(name)} = ${tool}`
  return reach === 'write' || reach === 'outside' ? yellow(`${spelled} (${REACHES[reach]})`) : spelled
}

const REACHES: Readonly<Record<PlannedEffect['reach'], string>> = {
  read: 'reads the repository',
  network: 'reads from the network',
  write: 'writes files',
  outside: 'acts on the outside',
  propose: 'proposes a write to GitHub',
  unknown: 'does what it wants',
}

function promptRows(name: string, { text, unknown }: PlannedText, palette: Palette): [string, string[]][] {
  const marked = textLines(text, PROMPT_LINES, palette).map((line) =>
    line.replace(/\{\{.*?\}\}|\{%.*?%\}/g, (piece) => (unknown.length > 0 ? palette.yellow(piece) : piece)),
  )
  const rows: [string, string[]][] = [[oneLine(name), marked]]
  if (unknown.length > 0) {
    const names = unknown.map((one) =>
      one.from.length > 0 ? `${one.name} from ${one.from.join(' or ')}` : one.name,
    )
    rows.push(['', [palette.dim(`known later: ${names.join(', ')}`)]])
  }
  return rows
}

function textLines(text: string, most: number, { dim }: Palette): string[] {
  const lines = stripControls(text).trimEnd().split('\n')
  const rest = lines.length - most
  return rest > 0 ? [...lines.slice(0, most), dim(`and ${count(rest, 'more line', 'more lines')}`)] : lines
}

function describeEdge({ to, kind, label }: GraphEdge, { dim }: Palette): string {
  const target = oneLine(to)
  switch (kind) {
    case 'goto':
    case 'fan-out':
      return target
    case 'when':
      return `${target} ${dim(`when ${oneLine(label ?? '')}`)}`
    case 'otherwise':
      return `${target} ${dim('otherwise')}`
    case 'map':
      return `${target} ${dim(oneLine(label ?? ''))}`
    case 'on-error':
      return `${target} ${dim(oneLine(label ?? ''))}`
  }
}

function effectLines({ effects, declared }: Plan, { yellow }: Palette): string[] {
  if (effects.length + declared.length === 0) return ['  nothing']
  return [
    ...effects.map(
      ({ state, by, certainty, reach }) =>
        `  ${yellow(oneLine(state))}  ${certainty === 'may' ? 'may use' : 'uses'} ${oneLine(by)}, which ${REACHES[reach]}`,
    ),
    ...(declared.length > 0 ? ['  After the run a step of the action may'] : []),
    ...declared.map(({ kind, limit, words }) => `    ${yellow(kind)}  ${words} (${oneLine(limit)})`),
  ]
}

function secretLines(plan: Plan, { green, red, dim, symbols }: Palette): string[] {
  if (plan.secrets.length === 0) return ['  none needed']
  const width = Math.max(...plan.secrets.map(({ variable }) => variable.length))
  return plan.secrets.map(
    ({ variable, isSet, for: what }) =>
      `  ${isSet ? green(symbols.done) : red(symbols.failed)} ${padEnd(variable, width)}  ${isSet ? 'set    ' : 'not set'}  ${dim(`for ${what.join(', ')}`)}`,
  )
}

function limitsOf({ limits }: Plan): string {
  const { usd, tokens, steps } = limits.budget
  const budget = [
    ...(usd === undefined ? [] : [`$${usd}`]),
    ...(tokens === undefined ? [] : [count(tokens, 'token')]),
    ...(steps === undefined ? [] : [count(steps, 'step')]),
  ]
  return `${count(limits.supersteps, 'superstep')}, ${count(limits.stepsAtOnce, 'step')} at once, ${budget.length > 0 ? `budget ${budget.join(', ')}` : 'no budget'}`
}

function ceilingLines({ ceiling }: Plan, columns: number): string[] {
  const rows = ceilingRows(ceiling)
  const width = Math.max(...rows.map(([name]) => name.length))
  return rows.flatMap(([name, words]) =>
    wrap(oneLine(words), Math.max(20, columns - width - 4)).map(
      (line, index) => `  ${padEnd(index === 0 ? name : '', width)}  ${line}`,
    ),
  )
}

function endLines(plan: Plan, palette: Palette): string[] {
  const { green, red, yellow, symbols } = palette
  const problems = plan.problems.map((problem) => renderProblem(problem, palette).trimEnd())
  const unset = plan.secrets.filter(({ isSet }) => !isSet).map(({ variable }) => variable)
  if (problems.length > 0) {
    return [...problems, `${red(symbols.failed)} Not ready to run: ${count(problems.length, 'problem')}`]
  }
  if (unset.length > 0)
    return [
      `${yellow(symbols.warning)} Ready to run once ${unset.join(' and ')} ${unset.length === 1 ? 'is' : 'are'} set`,
    ]
  return [`${green(symbols.done)} Ready to run`]
}

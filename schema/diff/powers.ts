import { assistantIn, withInner } from '../blocks.ts'
import { withSubAssistants } from '../needs.ts'
import type { Assistant, State, Workflow } from '../workflow.ts'
import { secretsOf } from './secrets.ts'

/** Names that a sentence holds of one kind; more are counted. */
const MOST_NAMES = 6

/** What states, and those inside of them, may use besides a model: `tools git_log, shell; MCP server files; secret TOKEN`. `''`: nothing. */
export function powersOf(outer: readonly State[]): string {
  const states = withInner(outer)
  const of = (pick: (state: State) => readonly (string | undefined)[]) =>
    [...new Set(states.flatMap(pick).filter((name) => name !== undefined))].sort()
  return [
    list('tool', of(toolsOf)),
    list('MCP server', of(serversOf)),
    list(
      'datasource',
      of((state) => assistantsOf(state).flatMap(({ datasourceIds }) => datasourceIds)),
    ),
    list(
      'skill',
      of((state) => assistantsOf(state).flatMap(({ skillIds }) => skillIds)),
    ),
    list(
      'stored assistant',
      of((state) => assistantsOf(state).map(({ ref }) => ref)),
    ),
    list(
      'program',
      of((state) => [
        ...assistantsOf(state).map(({ command }) => command?.join(' ')),
        ...(state.work.kind === 'script' ? [state.work.command.value] : []),
      ]),
    ),
    list(
      'workflow',
      of(({ work }) => [work.kind === 'call' ? work.workflow.value : undefined]),
    ),
    list('secret', of(secretsOf)),
  ]
    .filter((part) => part !== '')
    .join('; ')
}

/** `3 states, with tools git_log and shell`: how large a workflow is and what it may use. */
export function sizeOf({ states }: Pick<Workflow, 'states'>): string {
  const powers = powersOf(states)
  const all = withInner(states).length
  const many = `${all} ${all === 1 ? 'state' : 'states'}`
  return powers === '' ? many : `${many}, with ${powers}`
}

/** Those that may answer in a state. */
function assistantsOf({ work }: State): readonly Assistant[] {
  const assistant = assistantIn(work)
  return assistant ? withSubAssistants(assistant) : []
}

function toolsOf(state: State): readonly (string | undefined)[] {
  const { work, onError } = state
  return [
    ...(work.kind === 'tool' ? [work.tool] : []),
    ...assistantsOf(state).flatMap(({ tools }) => tools.map(({ name }) => name)),
    ...onError.map(({ notify }) => notify?.tool),
  ]
}

function serversOf(state: State): readonly (string | undefined)[] {
  if (state.work.kind === 'tool') return [state.work.mcpServer?.name]
  return assistantsOf(state).flatMap(({ mcpServers }) =>
    mcpServers.filter(({ enabled }) => enabled).map(({ name }) => name),
  )
}

function list(name: string, found: readonly string[]): string {
  if (found.length === 0) return ''
  const more = found.length - MOST_NAMES
  const names = `${found.slice(0, MOST_NAMES).join(', ')}${more > 0 ? ` and ${more} more` : ''}`
  return `${name}${found.length === 1 ? '' : 's'} ${names}`
}

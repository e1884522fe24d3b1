import { withSubAssistants } from '../needs.ts'
import type { Assistant, State, Workflow } from '../workflow.ts'
import { secretsOf } from './secrets.ts'

/** Names that a sentence holds of one kind; more are counted. */
const MOST_NAMES = 6

/** What a state may use besides a model: `tools git_log, shell; MCP server files; secret TOKEN`. `''`: nothing. */
export function powersOf(states: readonly State[]): string {
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
      of((state) => assistantsOf(state).map(({ command }) => command?.join(' '))),
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
  const many = `${states.length} ${states.length === 1 ? 'state' : 'states'}`
  return powers === '' ? many : `${many}, with ${powers}`
}

/** Those that may answer in a state. */
function assistantsOf({ work }: State): readonly Assistant[] {
  return work.kind === 'agent' ? withSubAssistants(work.assistant) : []
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
